/* A v = w v, orthonormal vectors in the order of their values, and the trace. */
#include "base/base.h"
#include "base/xalloc.h"
#include "model/rng.h"
#include "model/symmetric_eigen.h"

#include <setjmp.h>
#include <cmocka.h>

enum { MOST = 40 };

static void make(double *a, size_t n, uint64_t seed)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j <= i; j++) { a[i * n + j] = a[j * n + i] = rng_normal(&seed); }
    }
}

static double product(const double *vectors, size_t n, size_t k, size_t l)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) { sum += vectors[i * n + k] * vectors[i * n + l]; }
    return sum;
}

static void check(size_t n)
{
    double a[MOST * MOST], kept[MOST * MOST], values[MOST], vectors[MOST * MOST], trace = 0.0;
    make(a, n, n);
    memcpy(kept, a, sizeof(kept));
    symmetric_eigen(a, n, values, vectors);
    for (size_t k = 0; k < n; k++) {
        assert_true(!k || values[k - 1] >= values[k]);
        for (size_t l = 0; l <= k; l++) {
            assert_true(fabs(product(vectors, n, k, l) - (k == l)) < 1e-12);
        }
        for (size_t i = 0; i < n; i++) {
            double sum = 0.0;
            for (size_t j = 0; j < n; j++) { sum += kept[i * n + j] * vectors[j * n + k]; }
            assert_true(fabs(sum - values[k] * vectors[i * n + k]) < 1e-11);
        }
        trace += values[k] - kept[k * n + k];
    }
    assert_true(fabs(trace) < 1e-11);
}

static void test_random_matrices(void **state)
{
    for (size_t n = 1; n <= MOST; n += n < 5 ? 1 : 7) { check(n); }
}

static void test_known_values(void **state)
{
    double a[] = {2.0, 1.0, 1.0, 2.0}, zero[4] = {0}, values[2], vectors[4];
    symmetric_eigen(a, 2, values, vectors);
    assert_true(fabs(values[0] - 3.0) < 1e-14 && fabs(values[1] - 1.0) < 1e-14);
    assert_true(fabs(fabs(vectors[0]) - sqrt(0.5)) < 1e-14);
    symmetric_eigen(zero, 2, values, vectors);
    assert_true(values[0] == 0.0 && values[1] == 0.0 && vectors[0] == 1.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_matrices),
        cmocka_unit_test(test_known_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
