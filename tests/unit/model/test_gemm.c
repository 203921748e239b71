#include "base/base.h"
#include "model/gemm.h"
#include "tests/unit/numbers.h"

/* All three products of all small shapes against the definition, with gaps between the rows that
 * must stay as they were. */
static void check(size_t m, size_t n, size_t k, int form, float beta)
{
    uint64_t rng = 31 * m + 7 * n + k + (uint64_t)form;
    const size_t lda = MAX_OF(m, k) + 2, ldb = MAX_OF(n, k) + 3, ldc = n + 1;
    _cleanup_(xfreep) float *a = draw_many(&rng, lda * lda, 1.0);
    _cleanup_(xfreep) float *b = draw_many(&rng, ldb * ldb, 1.0);
    _cleanup_(xfreep) float *c = draw_many(&rng, m * ldc, 1.0);
    _cleanup_(xfreep) float *before = xmemdup(c, m * ldc * sizeof(*c));
    const struct gemm_shape shape = {m, n, k};
    void (*const forms[])(struct gemm_shape, float, struct matrix, struct matrix, float, float *,
                          size_t) = {gemm_nn, gemm_nt, gemm_tn};
    forms[form](shape, 0.5f, matrix_of(a, lda), matrix_of(b, ldb), beta, c, ldc);
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < n; j++) {
            double want = beta * (double)before[i * ldc + j];
            for (size_t l = 0; l < k; l++) {
                double left = form == 2 ? a[l * lda + i] : a[i * lda + l];
                double right = form == 1 ? b[j * ldb + l] : b[l * ldb + j];
                want += 0.5 * left * right;
            }
            near_to(c[i * ldc + j], want, 1e-5, "product", i * n + j);
        }
        assert_true(c[i * ldc + n] == before[i * ldc + n]);
    }
}

static void test_products(void **state)
{
    for (int form = 0; form < 3; form++) {
        for (size_t m = 0; m < 20; m += 3) {
            for (size_t n = 1; n < 20; n += 5) { check(m, n, 17, form, form == 1 ? 0.0f : 1.0f); }
        }
        check(70, 65, 64, form, 0.0f);
        check(3, 0, 5, form, 0.0f);
    }
}

/* What C held isn't read when beta is 0: fresh scratch memory may hold anything. */
static void test_overwrites(void **state)
{
    float c[4] = {NAN, NAN, NAN, NAN};
    const float a[] = {1, 2, 3, 4}, b[] = {1, 0, 0, 1};
    gemm_nn((struct gemm_shape){2, 2, 2}, 1.0f, matrix_of(a, 2), matrix_of(b, 2), 0.0f, c, 2);
    for (size_t i = 0; i < 4; i++) { assert_true(c[i] == a[i]); }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_products),
        cmocka_unit_test(test_overwrites),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
