#include "base/base.h"
#include "model/transformer/softmax.h"
#include "tests/unit/numbers.h"

static void test_against_libm(void **state)
{
    uint64_t rng = 2;
    for (size_t n = 1; n < 90; n++) {
        _cleanup_(xfreep) float *x = draw_many(&rng, n, 30.0);
        _cleanup_(xfreep) float *row = xmemdup(x, n * sizeof(*x));
        double highest = x[0], sum = 0, plain = 0;
        for (size_t i = 0; i < n; i++) { highest = fmax(highest, x[i]); }
        for (size_t i = 0; i < n; i++) {
            sum += exp(x[i] - highest);
            plain += exp((double)(x[i] - 1.0f)); /* the difference is rounded to float */
        }
        assert_true(softmax_highest(x, n) == (float)highest);
        near_to(softmax_exponentials(row, n, 1.0f) / plain, 1.0, 1e-6, "sum", n);
        for (size_t i = 0; i < n; i++) {
            near_to(row[i] / exp((double)(x[i] - 1.0f)), 1, 2.5e-7, "e", i);
        }
        memcpy(row, x, n * sizeof(*x));
        softmax_row(row, n);
        for (size_t i = 0; i < n; i++) {
            near_to(row[i], exp(x[i] - highest) / sum, 1e-6, "softmax", i);
        }
    }
}

/* Far out, the exponential stays at its ends. */
static void test_ends(void **state)
{
    float row[] = {-1e30f, -87.0f, -88.0f, 0.0f, 87.9f, -INFINITY};
    (void)softmax_exponentials(row, ARRAY_COUNT(row), 0.0f);
    for (size_t i = 0; i < ARRAY_COUNT(row); i++) { assert_true(isfinite(row[i]) && row[i] > 0); }
    assert_true(row[0] < 2e-38f && row[2] < 2e-38f && row[5] < 2e-38f && row[3] == 1.0f);
    float far[] = {1e30f, -1e30f, 1e30f};
    softmax_row(far, 3);
    near_to(far[0], 0.5, 1e-6, "half", 0);
    near_to(far[1], 0.0, 1e-6, "none", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_libm),
        cmocka_unit_test(test_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
