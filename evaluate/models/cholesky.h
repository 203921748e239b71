/* Cholesky: inverts symmetric positive definite matrices, and solves linear systems with them, by
 * LAPACK.
 *
 * Matrices are n x n floats in row-major order. OpenBLAS has the routines; Debian ships their
 * header in another package, so cholesky.c declares them itself. LAPACK's sizes are int.
 */
#ifndef FRESHET_EVALUATE_MODELS_CHOLESKY_H
#define FRESHET_EVALUATE_MODELS_CHOLESKY_H

#include "base/base.h"

/* Inverts in place. Reads the upper triangle, writes both. Returns 0, or -EDOM when the matrix is
 * not positive definite (then its content is lost). About n^3 multiplications. */
int cholesky_invert(float *matrix, int32_t n);
/* Solves matrix x = b and writes x to b; the matrix is overwritten. Returns 0 or -EDOM. */
int cholesky_solve(float *matrix, int32_t n, float *b);

#endif
