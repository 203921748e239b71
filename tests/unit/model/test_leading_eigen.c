/* Against Jacobi rotations, which find all eigenvalues. */
#include "base/base.h"
#include "base/xalloc.h"
#include "model/leading_eigen.h"
#include "model/rng.h"
#include "model/symmetric_eigen.h"

#include <setjmp.h>
#include <cmocka.h>

enum { MOST = 60 };

static void make(double *a, size_t n, uint64_t seed)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j <= i; j++) { a[i * n + j] = a[j * n + i] = rng_normal(&seed); }
    }
}

static void check(size_t n, size_t count)
{
    double a[MOST * MOST], kept[MOST * MOST], all[MOST], columns[MOST * MOST];
    double values[MOST], rows[MOST * MOST];
    make(a, n, n);
    memcpy(kept, a, sizeof(kept));
    assert_true(leading_eigen(a, n, count, values, rows));
    memcpy(a, kept, sizeof(kept));
    symmetric_eigen(a, n, all, columns);
    for (size_t k = 0; k < count; k++) {
        double product = 0.0;
        assert_true(fabs(values[k] - all[k]) < 1e-10);
        for (size_t i = 0; i < n; i++) { product += rows[k * n + i] * columns[i * n + k]; }
        assert_true(fabs(fabs(product) - 1.0) < 1e-8);
    }
}

static void test_random_matrices(void **state)
{
    check(1, 1);
    check(2, 2);
    check(7, 3);
    check(40, 11);
    check(MOST, 1);
    check(MOST, MOST);
}

static void test_not_finite(void **state)
{
    double a[] = {2.0, 1.0, 1.0, (double)NAN}, values[2], rows[4];
    assert_false(leading_eigen(a, 2, 1, values, rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_matrices),
        cmocka_unit_test(test_not_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
