#include "base/base.h"
#include "model/principal_components.h"
#include "model/symmetric_eigen.h"
#include "tests/unit/numbers.h"

enum { WIDTH = 12, ROWS = 700, RANK = 5 };

/* Rows of a few directions of different strength. */
static void fill(float *rows)
{
    uint64_t rng = 3;
    for (size_t r = 0; r < ROWS; r++) {
        for (size_t i = 0; i < WIDTH; i++) {
            double strength = i < 8 ? 1.0 / (double)(1 + i) : 0.0;
            rows[r * WIDTH + i] = (float)(strength * (draw(&rng) - (i == 2 ? 0.1 : 0.5)));
        }
        rows[r * WIDTH + 1] += 0.3f * rows[r * WIDTH];
    }
}

static struct principal_components *found(const float *rows, size_t rank, size_t *ret_found)
{
    struct principal_components *of = principal_components_new(WIDTH);
    for (size_t r = 0; r < ROWS; r++) { principal_components_add(of, rows + r * WIDTH); }
    *ret_found = principal_components_find(of, rank);
    return of;
}

/* Against the eigenvectors of the rows' sum by Jacobi's rotations, in double. */
static void test_against_jacobi(void **state)
{
    _cleanup_(xfreep) float *rows = zeros(ROWS * WIDTH);
    double gram[WIDTH * WIDTH] = {0}, values[WIDTH], vectors[WIDTH * WIDTH];
    size_t count;
    fill(rows);
    struct principal_components *of = found(rows, RANK, &count);
    assert_int_equal(count, RANK);
    for (size_t r = 0; r < ROWS; r++) {
        for (size_t i = 0; i < WIDTH * WIDTH; i++) {
            gram[i] += (double)rows[r * WIDTH + i / WIDTH] * (double)rows[r * WIDTH + i % WIDTH];
        }
    }
    symmetric_eigen(gram, WIDTH, values, vectors);
    for (size_t k = 0; k < RANK; k++) {
        double sum = 0.0, scale = sqrt(ROWS / (RANK * values[k]));
        for (size_t i = 0; i < WIDTH; i++) {
            sum += (double)principal_components_matrix(of)[i * RANK + k] * vectors[i * WIDTH + k];
        }
        near_to(fabs(sum) / scale, 1.0, 1e-3, "component", k);
    }
    principal_components_free(of);
}

/* Each component's mean square is the same, and the components of a row are of length 1 in the
 * mean. */
static void test_whitened(void **state)
{
    _cleanup_(xfreep) float *rows = zeros(ROWS * WIDTH);
    size_t count;
    fill(rows);
    struct principal_components *of = found(rows, RANK, &count);
    for (size_t k = 0; k < RANK; k++) {
        double squares = 0.0;
        for (size_t r = 0; r < ROWS; r++) {
            double component = 0.0;
            for (size_t i = 0; i < WIDTH; i++) {
                component += (double)rows[r * WIDTH + i] *
                             (double)principal_components_matrix(of)[i * RANK + k];
            }
            squares += component * component / ROWS;
        }
        near_to(squares, 1.0 / RANK, 1e-3, "mean square", k);
    }
    principal_components_free(of);
}

/* There are no more components than directions, and none without a row. */
static void test_few_directions(void **state)
{
    _cleanup_(xfreep) float *rows = zeros(ROWS * WIDTH);
    size_t count;
    fill(rows);
    struct principal_components *of = found(rows, 2 * WIDTH, &count);
    assert_int_equal(count, 8);
    for (size_t i = 0; i < WIDTH; i++) {
        for (size_t k = 8; k < 2 * WIDTH; k++) {
            assert_true(principal_components_matrix(of)[i * 2 * WIDTH + k] == 0.0F);
        }
    }
    principal_components_free(of);
    of = principal_components_new(WIDTH);
    assert_int_equal(principal_components_find(of, 3), 0);
    for (size_t i = 0; i < WIDTH * 3; i++) {
        assert_true(principal_components_matrix(of)[i] == 0.0F);
    }
    assert_null(principal_components_free(of));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_jacobi),
        cmocka_unit_test(test_whitened),
        cmocka_unit_test(test_few_directions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
