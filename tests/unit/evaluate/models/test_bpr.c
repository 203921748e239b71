#include "base/base.h"
#include "evaluate/models/bpr.h"

#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/golden_scores.h"

enum { K = 8, NUMBERS = 3 * K + 2 };

static void test_golden(void **state)
{
    const struct bpr_settings settings = {
        .factors = K, .rate = .1, .regularisation = .02, .replays = 5};
    golden_scores(&bpr_recommender, &settings, /* rates= */ false);
}

/* The header's loss of p, q_i, q_j, b_i, b_j in a row. */
static double loss(const double *w)
{
    double x = w[3 * K] - w[3 * K + 1], squares = 0;
    for (int d = 0; d < K; d++) { x += w[d] * (w[K + d] - w[2 * K + d]); }
    for (int at = 0; at < NUMBERS; at++) { squares += w[at] * w[at]; }
    return log(1 + exp(-x)) + .3 / 2 * squares;
}

static void test_finite_differences(void **state)
{
    float w[NUMBERS];
    double whole[NUMBERS];
    uint64_t rng = 3;
    for (int at = 0; at < NUMBERS; at++) { w[at] = (float)rng_normal(&rng); }
    for (int at = 0; at < NUMBERS; at++) { whole[at] = (double)w[at]; }
    const struct bpr_triple triple = {
        .p = w, .q_i = w + K, .q_j = w + 2 * K, .b_i = w + 3 * K, .b_j = w + 3 * K + 1, .k = K};
    const float rate = .01F;
    (void)bpr_step(&triple, rate, .3F);
    for (int at = 0; at < NUMBERS; at++) {
        const double was = whole[at], by = 1e-5;
        whole[at] = was + by;
        double slope = loss(whole);
        whole[at] = was - by;
        slope = (slope - loss(whole)) / (2 * by);
        whole[at] = was;
        assert_near(((double)w[at] - was) / (double)rate, -slope, 1e-4);
    }
}

/* Two tastes: what was had by those like the user comes before what was not. */
static void test_tastes(void **state)
{
    struct model_context context = {.users_max = 40, .items_max = 20, .seed = 4};
    void *model = bpr_recommender.make(&context, bpr_recommender.presets[0].settings);
    uint64_t rng = 8;
    for (int turn = 0; turn < 2000; turn++) {
        int32_t user = (int32_t)rng_below(&rng, 40);
        int32_t item = (int32_t)rng_below(&rng, 10) * 2 + user % 2;
        bpr_recommender.learn(model, &(struct training_example){.user = user, .item = item});
    }
    float scores[20];
    for (int32_t user = 0; user < 40; user++) {
        bpr_recommender.score(model, &(struct query){.user = user, .items = 20}, scores);
        double own = 0, other = 0;
        for (int32_t i = 0; i < 20; i++) { *(i % 2 == user % 2 ? &own : &other) += scores[i]; }
        assert_true(own > other);
    }
    bpr_recommender.free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_finite_differences),
        cmocka_unit_test(test_tastes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
