#include "base/base.h"
#include "evaluate/models/cholesky.h"
#include "tests/unit/tiny_world.h"

#include <setjmp.h>
#include <cmocka.h>

enum { N = 9 };

/* A random matrix times its transpose, plus the identity. */
static void positive(float *matrix, uint64_t *rng)
{
    double root[N][N];
    for (int i = 0; i < N * N; i++) { root[i / N][i % N] = rng_normal(rng); }
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            double sum = i == j;
            for (int k = 0; k < N; k++) { sum += root[i][k] * root[j][k]; }
            matrix[i * N + j] = (float)sum;
        }
    }
}

static void test_inverse_and_solution(void **state)
{
    uint64_t rng = 3;
    float matrix[N * N], inverse[N * N], again[N * N], x[N], b[N];
    positive(matrix, &rng);
    memcpy(inverse, matrix, sizeof(matrix));
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < i; j++) { inverse[i * N + j] = 77; } /* not read */
    }
    assert_int_equal(cholesky_invert(inverse, N), 0);
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            double sum = 0;
            for (int k = 0; k < N; k++) {
                sum += (double)matrix[i * N + k] * (double)inverse[k * N + j];
            }
            assert_near(sum, i == j, 1e-4);
        }
    }
    for (int i = 0; i < N; i++) { x[i] = b[i] = (float)rng_normal(&rng); }
    memcpy(again, matrix, sizeof(matrix));
    assert_int_equal(cholesky_solve(again, N, x), 0);
    for (int i = 0; i < N; i++) {
        double sum = 0;
        for (int k = 0; k < N; k++) { sum += (double)matrix[i * N + k] * (double)x[k]; }
        assert_near(sum, b[i], 1e-4);
    }
}

static void test_not_positive(void **state)
{
    float matrix[] = {1, 2, 2, 1}, again[] = {1, 2, 2, 1}, b[] = {1, 1};
    assert_int_equal(cholesky_invert(matrix, 2), -EDOM);
    assert_int_equal(cholesky_solve(again, 2, b), -EDOM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inverse_and_solution),
        cmocka_unit_test(test_not_positive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
