#include "base/base.h"
#include "evaluate/models/sgns.h"

#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/golden_scores.h"

enum { K = 8, OUTS = 4 };

static void test_golden(void **state)
{
    const struct sgns_settings settings = {.factors = K,
                                           .window = 3,
                                           .negatives = 4,
                                           .repeats = 2,
                                           .rate = .1,
                                           .recency_decay = .7,
                                           .table = 16};
    golden_scores(&sgns_recommender, &settings, /* rates= */ false);
}

/* The header's loss: in, then the out vectors, the first of what came. */
static double loss(double w[1 + OUTS][K])
{
    double sum = 0;
    for (int n = 1; n <= OUTS; n++) {
        double x = 0;
        for (int d = 0; d < K; d++) { x += w[0][d] * w[n][d]; }
        sum += log(1 + exp(n == 1 ? -x : x));
    }
    return sum;
}

static void test_finite_differences(void **state)
{
    float w[1 + OUTS][K], *outs[OUTS];
    double whole[1 + OUTS][K];
    uint64_t rng = 3;
    for (int at = 0; at < (1 + OUTS) * K; at++) {
        w[at / K][at % K] = (float)rng_normal(&rng);
        whole[at / K][at % K] = (double)w[at / K][at % K];
    }
    for (int n = 0; n < OUTS; n++) { outs[n] = w[1 + n]; }
    const struct sgns_step step = {.in = w[0], .outs = outs, .count = OUTS, .k = K};
    const float rate = .01F;
    assert_near(sgns_step(&step, rate), loss(whole), 1e-5);
    for (int at = 0; at < (1 + OUTS) * K; at++) {
        double *number = &whole[at / K][at % K];
        const double was = *number, by = 1e-5;
        *number = was + by;
        double slope = loss(whole);
        *number = was - by;
        slope = (slope - loss(whole)) / (2 * by);
        *number = was;
        assert_near(((double)w[at / K][at % K] - was) / (double)rate, -slope, 1e-4);
    }
}

/* What comes after an item leads its list. */
static void test_neighbours(void **state)
{
    enum { ITEMS = 30 };
    struct model_context context = {.users_max = 1, .items_max = ITEMS, .seed = 4};
    void *model = sgns_recommender.make(&context, sgns_recommender.presets[0].settings);
    uint64_t rng = 8;
    for (int turn = 0; turn < 3000; turn++) {
        int32_t pair[2] = {(int32_t)rng_below(&rng, ITEMS)};
        pair[1] = (pair[0] + 1) % ITEMS;
        for (size_t at = 0; at < 2; at++) {
            const struct training_example example = {
                .item = pair[at], .before = pair, .before_count = at};
            sgns_recommender.learn(model, &example);
        }
    }
    float scores[ITEMS];
    for (int32_t item = 0; item < ITEMS; item++) {
        sgns_recommender.score(
            model, &(struct query){.history = &item, .count = 1, .items = ITEMS}, scores);
        for (int32_t i = 0; i < ITEMS; i++) {
            assert_true(scores[i] <= scores[(item + 1) % ITEMS]);
        }
    }
    struct sgns_settings now;
    memcpy(&now, sgns_recommender.presets[0].settings, sizeof(now));
    now.recency_decay = .1;
    assert_true(sgns_recommender.retune(model, &now));
    now.rate = .5;
    assert_false(sgns_recommender.retune(model, &now));
    sgns_recommender.free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_finite_differences),
        cmocka_unit_test(test_neighbours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
