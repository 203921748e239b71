#include "base/base.h"
#include "base/xalloc.h"
#include "model/gemm.h"
#include "model/principal_components.h"
#include "model/truncated_svd.h"

/* Rows that are multiplied at a time. */
enum { BLOCK_ROWS = 256, ITERATIONS_MAX = 40, EXTRA = 16, SEED = 5 };

/* Components below this part of the greatest are rounding. */
#define LEAST_PART 1e-6

struct principal_components {
    size_t width, rank;
    float *block; /* BLOCK_ROWS x width: rows that are not in the sum yet */
    size_t block_rows;
    size_t rows;
    float *gram;   /* width x width */
    float *matrix; /* width x rank */
};

struct principal_components *principal_components_new(size_t width)
{
    struct principal_components *of = xcalloc(1, sizeof(*of));
    of->width = width;
    of->block = xcalloc(BLOCK_ROWS * width, sizeof(*of->block));
    of->gram = xcalloc(width * width, sizeof(*of->gram));
    return of;
}

struct principal_components *principal_components_free(struct principal_components *of)
{
    if (!of) { return NULL; }
    free(of->block);
    free(of->gram);
    free(of->matrix);
    free(of);
    return NULL;
}

static void add_block(struct principal_components *of)
{
    const struct matrix block = matrix_of(of->block, of->width);
    if (!of->block_rows) { return; }
    gemm_tn((struct gemm_shape){of->width, of->width, of->block_rows}, 1.0F, block, block, 1.0F,
            of->gram, of->width);
    of->block_rows = 0;
}

void principal_components_add(struct principal_components *of, const float *row)
{
    memcpy(of->block + of->block_rows * of->width, row, of->width * sizeof(*row));
    of->rows++;
    if (++of->block_rows == BLOCK_ROWS) { add_block(of); }
}

/* The sum of the rows as a matrix whose singular values are its eigenvalues. */
struct full_rows {
    struct sparse_rows rows;
    size_t *begins;
    int32_t *columns;
    float *scales;
};

static struct full_rows full_rows_of(const float *matrix, size_t width)
{
    struct full_rows full = {
        .begins = xcalloc(width + 1, sizeof(*full.begins)),
        .columns = xcalloc(width * width + 1, sizeof(*full.columns)),
        .scales = xcalloc(width + 1, sizeof(*full.scales)),
    };
    for (size_t i = 0; i < width; i++) {
        full.begins[i + 1] = (i + 1) * width;
        full.scales[i] = 1.0F;
        for (size_t j = 0; j < width; j++) { full.columns[i * width + j] = (int32_t)j; }
    }
    full.rows = (struct sparse_rows){
        .begins = full.begins,
        .columns = full.columns,
        .values = matrix,
        .scales = full.scales,
        .rows = width,
        .width = width,
    };
    return full;
}

static void fill_matrix(struct principal_components *of, const struct truncated_svd *svd,
                        size_t found)
{
    const double *values = truncated_svd_values(svd);
    for (size_t k = 0; k < found; k++) {
        const double scale = sqrt((double)of->rows / ((double)of->rank * values[k]));
        for (size_t i = 0; i < of->width; i++) {
            of->matrix[i * of->rank + k] = (float)(scale * truncated_svd_number(svd, i, k));
        }
    }
}

static size_t count_values(const struct truncated_svd *svd)
{
    const double *values = truncated_svd_values(svd);
    const size_t rank = truncated_svd_rank(svd);
    size_t found = 0;
    while (found < rank && values[found] > LEAST_PART * values[0]) { found++; }
    return found;
}

size_t principal_components_find(struct principal_components *of, size_t rank)
{
    assert(!of->matrix);
    add_block(of);
    of->rank = rank;
    of->matrix = xcalloc(of->width * rank + 1, sizeof(*of->matrix));
    struct full_rows full = full_rows_of(of->gram, of->width);
    const struct truncated_svd_settings settings = {
        .rank = MIN_OF(rank, of->width),
        .extra = EXTRA,
        .iterations_max = ITERATIONS_MAX,
        .tolerance = 1e-5,
        .seed = SEED,
    };
    struct truncated_svd *svd = truncated_svd_new(&full.rows, &settings);
    while (truncated_svd_step(svd, SIZE_MAX / 2)) {}
    const size_t found = of->rows ? count_values(svd) : 0;
    fill_matrix(of, svd, found);
    truncated_svd_free(svd);
    free(full.begins);
    free(full.columns);
    free(full.scales);
    return found;
}

const float *principal_components_matrix(const struct principal_components *of)
{
    return of->matrix;
}
