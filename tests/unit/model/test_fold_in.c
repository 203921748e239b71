/* Fold-in against its formula, for widths that fill no lanes. */
#include "base/base.h"
#include "base/xalloc.h"
#include "model/fold_in.h"
#include "tests/unit/numbers.h"

enum { ROWS = 60, MOST = 30 };

static void assert_folded(uint64_t *rng, size_t d)
{
    float *factors = draw_many(rng, ROWS * d, 1.0), values[MOST], got[FOLD_IN_NUMBERS_MAX];
    int32_t rows[MOST];
    double want[FOLD_IN_NUMBERS_MAX] = {0}, square = 0.0;
    for (size_t k = 0; k < MOST; k++) {
        rows[k] = (int32_t)(draw(rng) * (ROWS + 10)); /* some have no factor */
        values[k] = fold_in_value(draw(rng) * 3.0);
        for (size_t i = 0; i < d && rows[k] < ROWS; i++) {
            want[i] += (double)values[k] * (double)factors[(size_t)rows[k] * d + i];
        }
    }
    for (size_t i = 0; i < d; i++) { square += want[i] * want[i]; }
    assert_true(fold_in(factors, ROWS, d, rows, values, MOST, got));
    for (size_t i = 0; i < d; i++) {
        near_to((double)got[i], want[i] / sqrt(square), 1e-6, "number", i);
    }
    assert_false(fold_in(factors, 0, d, rows, values, MOST, got));
    assert_false(fold_in(factors, ROWS, d, rows, values, 0, got));
    free(factors);
}

static void test_formula(void **state)
{
    uint64_t rng = 4;
    for (size_t d = 1; d <= FOLD_IN_NUMBERS_MAX; d++) { assert_folded(&rng, d); }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_formula)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
