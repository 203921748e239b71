/* Truncated SVD: the greatest singular values of a sparse matrix and their right singular vectors.
 *
 * Subspace iteration from a random block (Halko, Martinsson, Tropp, "Finding structure with
 * randomness", SIAM Review 53, 2011, 4.4) on A'A, which is never made: for the rows a_u of A
 *
 *     Y = sum over u of a_u' (a_u X)
 *
 * so a pass reads each row once, and memory is two blocks of width x (rank + extra) doubles. X is
 * orthonormalised by two Cholesky decompositions of X'X (CholeskyQR2: Yamamoto and others, ETNA 44,
 * 2015); a direction that depends on others becomes 0. After each pass the eigenvalues of X'Y are
 * the squares of the singular values (Rayleigh-Ritz). It ends when their sum no longer grows by
 * more than `tolerance`, as a part of itself.
 *
 * The sums are doubles in plain loops: a row has tens of cells, too few for a product of matrices.
 * The same rows and seed give the same numbers, however the work is cut into steps. One thread.
 */
#ifndef FRESHET_MODEL_TRUNCATED_SVD_H
#define FRESHET_MODEL_TRUNCATED_SVD_H

#include "base/base.h"

/* A sparse matrix by rows: row r has the cells begins[r] to begins[r + 1] - 1. The number of a cell
 * is its value times its column's scale. Cells of columns from `width` on do not count. */
struct sparse_rows {
    const size_t *begins; /* rows + 1 */
    const int32_t *columns;
    const float *values;
    const float *scales; /* width */
    size_t rows, width;
};

struct truncated_svd_settings {
    size_t rank;           /* at most so many singular values */
    size_t extra;          /* further directions, which make the last ones exact sooner */
    size_t iterations_max; /* passes over the rows */
    double tolerance;
    uint64_t seed;
};

struct truncated_svd;

/* Begins; borrows the matrix's arrays for its life. Free with truncated_svd_free(). */
struct truncated_svd *truncated_svd_new(const struct sparse_rows *matrix,
                                        const struct truncated_svd_settings *settings);
/* Takes NULL; returns NULL. */
struct truncated_svd *truncated_svd_free(struct truncated_svd *svd);
/* Goes on for about so many multiplications; false: it has ended. */
bool truncated_svd_step(struct truncated_svd *svd, size_t work);

/* What it has found when it has ended: how many singular values are above 0, at most the rank; */
size_t truncated_svd_rank(const struct truncated_svd *svd);
/* these, the greatest first; */
const double *truncated_svd_values(const struct truncated_svd *svd);
/* and a number of the right singular vector of the k-th value. The number of a vector that is
 * furthest from 0 is above 0. */
double truncated_svd_number(const struct truncated_svd *svd, size_t column, size_t k);
/* Writes the columns' factors, width x rank: what the right singular vectors have for each, times
 * its scale. */
void truncated_svd_factors(const struct truncated_svd *svd, float *ret_factors);
/* Returns the bytes that it takes for so many columns. */
size_t truncated_svd_bytes(size_t width, const struct truncated_svd_settings *settings);

#endif
