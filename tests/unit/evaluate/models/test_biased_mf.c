#include "base/base.h"
#include "evaluate/models/biased_mf.h"

#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/golden_scores.h"

enum { K = 8, NUMBERS = 2 * K + 2 };

static void test_golden(void **state)
{
    const struct biased_mf_settings settings = {
        .factors = K, .epochs = 3, .rate = .05, .regularisation = .02};
    golden_scores(&biased_mf_recommender, &settings, /* rates= */ true);
}

/* The header's loss of one rating, of p, q, b_u, b_i in a row. */
static double loss(const double *w)
{
    double error = 1.3 - w[2 * K] - w[2 * K + 1], squares = 0;
    for (int d = 0; d < K; d++) { error -= w[d] * w[K + d]; }
    for (int at = 0; at < NUMBERS; at++) { squares += w[at] * w[at]; }
    return error * error / 2 + .3 / 2 * squares;
}

static void test_finite_differences(void **state)
{
    float w[NUMBERS];
    double whole[NUMBERS];
    uint64_t rng = 3;
    for (int at = 0; at < NUMBERS; at++) { w[at] = (float)rng_normal(&rng); }
    for (int at = 0; at < NUMBERS; at++) { whole[at] = (double)w[at]; }
    const struct biased_mf_pair pair = {
        .p = w, .q = w + K, .b_u = w + 2 * K, .b_i = w + 2 * K + 1, .k = K};
    const float rate = .01F;
    (void)biased_mf_step(&pair, 1.3F, rate, .3F);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_finite_differences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
