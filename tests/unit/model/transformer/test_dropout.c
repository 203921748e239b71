#include "base/base.h"
#include "model/transformer/dropout.h"
#include "tests/unit/numbers.h"

static void test_keeps_or_drops(void **state)
{
    uint64_t rng = 5;
    for (size_t n = 0; n < 200; n++) {
        _cleanup_(xfreep) float *x = draw_many(&rng, n + 1, 1.0);
        _cleanup_(xfreep) float *y = xmemdup(x, (n + 1) * sizeof(*x));
        dropout_copy(y, x, n, 0.25f, n);
        for (size_t i = 0; i < n; i++) {
            assert_true(y[i] == 0.0f || y[i] == x[i] * dropout_scale(0.25f));
        }
        assert_true(y[n] == x[n]);
        dropout(x, n, 0.25f, n);
        assert_memory_equal(x, y, n * sizeof(*x));
    }
}

/* The shares that are dropped, at every place of a group and by every key: within five standard
 * deviations of the rate. */
static void test_rate(void **state)
{
    enum { N = 1000, KEYS = 2000 };
    const float rate = 0.25f;
    _cleanup_(xfreep) float *x = zeros(N);
    _cleanup_(xfreep) float *y = zeros(N);
    _cleanup_(xfreep) double *kept_at = xcalloc(N, sizeof(double));
    double kept_both = 0;
    for (size_t i = 0; i < N; i++) { x[i] = 1.0f; }
    for (uint64_t k = 0; k < KEYS; k++) {
        double kept = 0;
        dropout_copy(y, x, N, rate, dropout_key(9, k));
        for (size_t i = 0; i < N; i++) {
            kept += y[i] > 0;
            kept_at[i] += y[i] > 0;
            kept_both += i > 0 && y[i] > 0 && y[i - 1] > 0;
        }
        near_to(kept / N, 0.75, 5 * sqrt(0.1875 / N), "kept by key", k);
    }
    for (size_t i = 0; i < N; i++) {
        near_to(kept_at[i] / KEYS, 0.75, 5 * sqrt(0.1875 / KEYS), "kept at", i);
    }
    near_to(kept_both / ((N - 1.0) * KEYS), 0.5625, 0.002, "neighbours kept", 0);
}

static void test_nothing(void **state)
{
    float x[] = {1, 2, 3};
    dropout(x, 3, 0.0f, 1);
    assert_true(x[0] == 1 && x[1] == 2 && x[2] == 3 && dropout_scale(0.0f) == 1.0f);
    assert_true(dropout_key(1, 2) != dropout_key(2, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keeps_or_drops),
        cmocka_unit_test(test_rate),
        cmocka_unit_test(test_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
