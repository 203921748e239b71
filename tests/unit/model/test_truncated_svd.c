/* Singular values and vectors against a dense one-sided Jacobi SVD, and against numpy's
 * (tests/golden/make_clusters.py); matrices of low rank; steps of any size. */
#include "base/base.h"
#include "base/text_file.h"
#include "base/xalloc.h"
#include "model/rng.h"
#include "model/truncated_svd.h"

#include <setjmp.h>
#include <cmocka.h>

enum { ROWS = 120, WIDTH = 80, RANK = 12, CELLS_MAX = ROWS * WIDTH };

struct sample {
    size_t begins[ROWS + 1];
    int32_t columns[CELLS_MAX];
    float values[CELLS_MAX], scales[WIDTH];
    size_t cells;
};

static const struct truncated_svd_settings exact = {RANK, 20, 400, 1e-14, 1};

/* The matrix of tests/golden/make_clusters.py. */
static void make(struct sample *sample)
{
    *sample = (struct sample){.cells = 0};
    for (size_t c = 0; c < WIDTH; c++) {
        sample->scales[c] = (float)(1.0 / sqrt(1.0 + (double)(c % 7)));
    }
    for (size_t r = 0; r < ROWS; r++) {
        for (size_t c = 0; c < WIDTH; c++) {
            uint64_t rng = r * WIDTH + c, drawn = rng_next(&rng);
            if (drawn % 8) { continue; }
            sample->columns[sample->cells] = (int32_t)c;
            sample->values[sample->cells++] = (float)(1 + (drawn >> 8) % 5);
        }
        sample->begins[r + 1] = sample->cells;
    }
}

static struct sparse_rows rows_of(const struct sample *sample)
{
    return (struct sparse_rows){sample->begins, sample->columns, sample->values,
                                sample->scales, ROWS,            WIDTH};
}

static struct truncated_svd *find(const struct sparse_rows *rows,
                                  const struct truncated_svd_settings *settings, size_t work)
{
    struct truncated_svd *svd = truncated_svd_new(rows, settings);
    while (truncated_svd_step(svd, work)) {}
    return svd;
}

/* ---- The oracle ---- */

/* One-sided Jacobi (Hestenes 1958) on the dense matrix, by its columns: they become orthogonal, and
 * v the right singular vectors. */
struct dense {
    double a[ROWS][WIDTH], v[WIDTH][WIDTH], lengths[WIDTH];
    size_t order[WIDTH];
};

static void turn(double *x, double *y, double cosine, double sine)
{
    double kept = *x;
    *x = cosine * kept - sine * *y;
    *y = sine * kept + cosine * *y;
}

static double rotate(struct dense *dense, size_t p, size_t q)
{
    double pp = 0.0, qq = 0.0, pq = 0.0;
    for (size_t r = 0; r < ROWS; r++) {
        pp += dense->a[r][p] * dense->a[r][p];
        qq += dense->a[r][q] * dense->a[r][q];
        pq += dense->a[r][p] * dense->a[r][q];
    }
    if (fabs(pq) <= 1e-300) { return 0.0; }
    double zeta = (qq - pp) / (2.0 * pq);
    double tangent = (zeta < 0.0 ? -1.0 : 1.0) / (fabs(zeta) + sqrt(1.0 + zeta * zeta));
    double cosine = 1.0 / sqrt(1.0 + tangent * tangent), sine = cosine * tangent;
    for (size_t r = 0; r < ROWS; r++) { turn(&dense->a[r][p], &dense->a[r][q], cosine, sine); }
    for (size_t r = 0; r < WIDTH; r++) { turn(&dense->v[r][p], &dense->v[r][q], cosine, sine); }
    return fabs(pq) / sqrt(pp * qq);
}

static void decompose(struct dense *dense)
{
    double most = 1.0;
    for (int sweep = 0; sweep < 60 && most > 1e-14; sweep++) {
        most = 0.0;
        for (size_t p = 0; p < WIDTH; p++) {
            for (size_t q = p + 1; q < WIDTH; q++) {
                double cosine = rotate(dense, p, q);
                most = MAX_OF(most, cosine);
            }
        }
    }
    for (size_t c = 0; c < WIDTH; c++) {
        double square = 0.0;
        for (size_t r = 0; r < ROWS; r++) { square += dense->a[r][c] * dense->a[r][c]; }
        dense->lengths[c] = sqrt(square);
        size_t at = c;
        for (; at > 0 && dense->lengths[dense->order[at - 1]] < dense->lengths[c]; at--) {
            dense->order[at] = dense->order[at - 1];
        }
        dense->order[at] = c;
    }
}

static struct dense *oracle(const struct sample *sample)
{
    struct dense *dense = xcalloc(1, sizeof(*dense));
    for (size_t r = 0; r < ROWS; r++) {
        for (size_t k = sample->begins[r]; k < sample->begins[r + 1]; k++) {
            size_t c = (size_t)sample->columns[k];
            dense->a[r][c] = (double)sample->values[k] * (double)sample->scales[c];
        }
    }
    for (size_t c = 0; c < WIDTH; c++) { dense->v[c][c] = 1.0; }
    decompose(dense);
    return dense;
}

/* The sine of the greatest angle between both spaces of RANK vectors is at most the root of the sum
 * of squares that their projections lack. */
static double lacking(const struct truncated_svd *svd, const struct dense *dense)
{
    double lack = 0.0;
    for (size_t k = 0; k < RANK; k++) {
        double kept = 0.0;
        for (size_t l = 0; l < RANK; l++) {
            double product = 0.0;
            for (size_t c = 0; c < WIDTH; c++) {
                product += truncated_svd_number(svd, c, k) * dense->v[c][dense->order[l]];
            }
            kept += product * product;
        }
        lack += fabs(1.0 - kept);
    }
    return sqrt(lack);
}

/* ---- Tests ---- */

static void test_against_dense(void **state)
{
    struct sample *sample = xcalloc(1, sizeof(*sample));
    make(sample);
    const struct sparse_rows rows = rows_of(sample);
    struct truncated_svd *svd = find(&rows, &exact, 100000);
    struct dense *dense = oracle(sample);
    assert_int_equal(truncated_svd_rank(svd), RANK);
    for (size_t k = 0; k < RANK; k++) {
        double wanted = dense->lengths[dense->order[k]];
        assert_true(fabs(truncated_svd_values(svd)[k] - wanted) < 1e-9 * wanted);
    }
    assert_true(lacking(svd, dense) < 1e-5);
    truncated_svd_free(svd);
    free(dense);
    free(sample);
}

static void test_against_numpy(void **state)
{
    struct sample *sample = xcalloc(1, sizeof(*sample));
    make(sample);
    const struct sparse_rows rows = rows_of(sample);
    struct truncated_svd *svd = find(&rows, &exact, 100000);
    struct buf text;
    char *next = NULL;
    buf_init(&text, 1 << 16);
    if (text_file_read("tests/golden/clusters.txt", &text)) { fail_msg("no golden file"); }
    buf_append(&text, "", 1);
    size_t k = 0;
    for (char *line = strtok_r(text.data, "\n", &next); line; line = strtok_r(NULL, "\n", &next)) {
        double wanted;
        if (sscanf(line, "value %lf", &wanted) != 1) { continue; }
        assert_true(k < RANK);
        assert_true(fabs(truncated_svd_values(svd)[k++] - wanted) < 1e-6 * wanted);
    }
    assert_int_equal(k, RANK);
    buf_release(&text);
    truncated_svd_free(svd);
    free(sample);
}

/* The settings of the trainer: few passes. */
static void test_few_passes(void **state)
{
    const struct truncated_svd_settings few = {RANK, 10, 24, 1e-5, 1};
    struct sample *sample = xcalloc(1, sizeof(*sample));
    make(sample);
    const struct sparse_rows rows = rows_of(sample);
    struct truncated_svd *svd = find(&rows, &few, 100000);
    struct dense *dense = oracle(sample);
    double found = 0.0, wanted = 0.0;
    for (size_t k = 0; k < RANK; k++) {
        found += pow(truncated_svd_values(svd)[k], 2.0);
        wanted += pow(dense->lengths[dense->order[k]], 2.0);
    }
    assert_true(found <= wanted * (1.0 + 1e-12) && found > 0.995 * wanted);
    truncated_svd_free(svd);
    free(dense);
    free(sample);
}

static void test_steps_of_any_size(void **state)
{
    const struct truncated_svd_settings few = {RANK, 10, 6, 0.0, 3};
    struct sample *sample = xcalloc(1, sizeof(*sample));
    make(sample);
    const struct sparse_rows rows = rows_of(sample);
    struct truncated_svd *whole = find(&rows, &few, SIZE_MAX), *cut = find(&rows, &few, 1);
    for (size_t k = 0; k < RANK; k++) {
        assert_true(truncated_svd_values(whole)[k] == truncated_svd_values(cut)[k]);
        double greatest = 0.0;
        for (size_t c = 0; c < WIDTH; c++) {
            double number = truncated_svd_number(whole, c, k);
            assert_true(number == truncated_svd_number(cut, c, k));
            if (fabs(number) > fabs(greatest)) { greatest = number; }
        }
        assert_true(greatest > 0.0);
    }
    truncated_svd_free(whole);
    truncated_svd_free(cut);
    free(sample);
}

/* Rows that are all multiples of two: two singular values. */
static void test_low_rank(void **state)
{
    struct sample *sample = xcalloc(1, sizeof(*sample));
    for (size_t c = 0; c < WIDTH; c++) { sample->scales[c] = 1.0F; }
    for (size_t r = 0; r < ROWS; r++) {
        for (size_t c = r % 2; c < WIDTH; c += 2) {
            sample->columns[sample->cells] = (int32_t)c;
            sample->values[sample->cells++] = (float)(1 + r % 3);
        }
        sample->begins[r + 1] = sample->cells;
    }
    const struct sparse_rows rows = rows_of(sample);
    struct truncated_svd *svd = find(&rows, &exact, 1000);
    assert_int_equal(truncated_svd_rank(svd), 2);
    /* 60 rows of 40 cells, each third of them 1, 2 and 3 */
    double wanted = sqrt(40.0 * 20.0 * (1.0 + 4.0 + 9.0));
    assert_true(fabs(truncated_svd_values(svd)[0] - wanted) < 1e-9 * wanted);
    assert_true(fabs(truncated_svd_values(svd)[1] - wanted) < 1e-9 * wanted);
    truncated_svd_free(svd);
    free(sample);
}

static void test_nothing(void **state)
{
    const size_t begins[] = {0, 1};
    const int32_t columns[] = {5};
    const float values[] = {1.0F}, scales[] = {1.0F, 1.0F};
    for (size_t width = 0; width < 3; width++) {
        const struct sparse_rows rows = {begins, columns, values, scales, 1, width};
        struct truncated_svd *svd = find(&rows, &exact, 100);
        assert_int_equal(truncated_svd_rank(svd), 0);
        truncated_svd_free(svd);
        const struct sparse_rows none = {begins, columns, values, scales, 0, width};
        svd = find(&none, &exact, 100);
        assert_int_equal(truncated_svd_rank(svd), 0);
        truncated_svd_free(svd);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_dense),   cmocka_unit_test(test_against_numpy),
        cmocka_unit_test(test_few_passes),      cmocka_unit_test(test_steps_of_any_size),
        cmocka_unit_test(test_low_rank),        cmocka_unit_test(test_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
