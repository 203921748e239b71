#include "base/base.h"
#include "base/xalloc.h"
#include "model/rng.h"
#include "model/nearest.h"

#include <setjmp.h>
#include <cmocka.h>

enum { D = 16, ROWS = 3000, QUERIES = 50, WANTED = 20, CLUSTERS = 40 };

/* Rows about some centres, of lengths that differ: popular items are long. */
static void draw(uint64_t *rng, float *to, size_t count)
{
    static float centres[CLUSTERS][D];
    for (size_t c = 0; c < CLUSTERS; c++) {
        for (size_t i = 0; i < D; i++) { centres[c][i] = (float)rng_normal(rng); }
    }
    for (size_t row = 0; row < count; row++) {
        const float *centre = centres[rng_below(rng, CLUSTERS)];
        const float length = .2F + 2.0F * (float)rng_unit(rng);
        for (size_t i = 0; i < D; i++) {
            to[row * D + i] = length * (centre[i] + .5F * (float)rng_normal(rng));
        }
    }
}

static float product(const float *a, const float *b)
{
    float sum = 0.0F;
    for (size_t i = 0; i < D; i++) { sum += a[i] * b[i]; }
    return sum;
}

/* Counts the rows that are better than this one. */
static size_t place_of(const float *rows, size_t count, const float *query, int32_t row)
{
    size_t better = 0;
    for (size_t other = 0; other < count; other++) {
        better += product(rows + other * D, query) > product(rows + (size_t)row * D, query);
    }
    return better;
}

static struct nearest *fill(const float *rows, size_t expected)
{
    const struct nearest_settings settings = {
        .d = D, .rows = expected, .links = 16, .breadth = 100};
    struct nearest *nearest = nearest_new(&settings);
    assert_non_null(nearest);
    for (size_t row = 0; row < ROWS; row++) {
        assert_int_equal(nearest_add(nearest, rows + row * D), 0);
    }
    assert_int_equal(nearest_count(nearest), ROWS);
    return nearest;
}

/* Nearly all of the truly best are found, best first, none twice; also beyond what was expected. */
static void test_finds_the_best(void **state)
{
    uint64_t rng = 1;
    float *rows = xcalloc((size_t)(ROWS + QUERIES) * D, sizeof(*rows));
    const float *queries = rows + (size_t)ROWS * D;
    draw(&rng, rows, ROWS + QUERIES);
    for (size_t expected = ROWS; expected; expected = expected == ROWS ? 10 : 0) {
        struct nearest *nearest = fill(rows, expected);
        size_t right = 0;
        for (size_t q = 0; q < QUERIES; q++) {
            int32_t found[WANTED];
            const float *query = queries + q * D;
            assert_int_equal(nearest_find(nearest, query, WANTED, 100, found), WANTED);
            for (size_t k = 0; k < WANTED; k++) {
                right += place_of(rows, ROWS, query, found[k]) < WANTED;
                if (!k) { continue; }
                float before = product(rows + (size_t)found[k - 1] * D, query);
                assert_true(before + 1e-3F >= product(rows + (size_t)found[k] * D, query));
                assert_int_not_equal(found[k], found[k - 1]);
            }
        }
        assert_true((double)right >= .97 * QUERIES * WANTED);
        nearest_free(nearest);
    }
    free(rows);
}

/* The same rows in the same order give the same answers. */
static void test_is_repeatable(void **state)
{
    uint64_t rng = 2;
    float *rows = xcalloc((size_t)(ROWS + QUERIES) * D, sizeof(*rows));
    draw(&rng, rows, ROWS + QUERIES);
    struct nearest *one = fill(rows, ROWS), *other = fill(rows, ROWS);
    for (size_t q = 0; q < QUERIES; q++) {
        int32_t found[2][WANTED];
        const float *query = rows + (ROWS + q) * D;
        assert_int_equal(nearest_find(one, query, WANTED, 30, found[0]), WANTED);
        assert_int_equal(nearest_find(other, query, WANTED, 30, found[1]), WANTED);
        assert_memory_equal(found[0], found[1], sizeof(found[0]));
    }
    nearest_free(one);
    nearest_free(other);
    free(rows);
}

static void test_few_rows(void **state)
{
    const float rows[2][D] = {{1}, {3}};
    const struct nearest_settings settings = {.d = D, .links = 16, .breadth = 100};
    struct nearest *nearest = nearest_new(&settings);
    int32_t found[WANTED];
    assert_non_null(nearest);
    assert_int_equal(nearest_find(nearest, rows[0], WANTED, 30, found), 0);
    assert_int_equal(nearest_add(nearest, rows[0]), 0);
    assert_int_equal(nearest_add(nearest, rows[1]), 0);
    assert_int_equal(nearest_find(nearest, rows[0], WANTED, 30, found), 2);
    nearest_free(nearest);
    nearest_free(NULL);
}

/* Products that are no numbers, of rows that are: whatever is found is a row. */
static void test_huge_numbers(void **state)
{
    uint64_t rng = 3;
    float rows[200][D];
    const struct nearest_settings settings = {.d = D, .links = 16, .breadth = 100};
    struct nearest *nearest = nearest_new(&settings);
    assert_non_null(nearest);
    for (size_t row = 0; row < ARRAY_COUNT(rows); row++) {
        const float scale = row % 3 ? 3e38F : 1e-38F;
        for (size_t i = 0; i < D; i++) {
            rows[row][i] = scale * (2.0F * (float)rng_unit(&rng) - 1.0F);
        }
        assert_int_equal(nearest_add(nearest, rows[row]), 0);
    }
    for (size_t row = 0; row < ARRAY_COUNT(rows); row++) {
        int32_t found[WANTED];
        size_t count = nearest_find(nearest, rows[row], WANTED, 30, found);
        assert_true(count <= WANTED);
        for (size_t k = 0; k < count; k++) {
            assert_true(found[k] >= 0 && found[k] < (int32_t)ARRAY_COUNT(rows));
        }
    }
    nearest_free(nearest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_the_best),
        cmocka_unit_test(test_is_repeatable),
        cmocka_unit_test(test_few_rows),
        cmocka_unit_test(test_huge_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
