/* Cholesky: symmetric positive definite matrices, inverted and solved by LAPACK.
 *
 * Matrices are n x n floats, row after row; the routines come with OpenBLAS, whose header for them
 * Debian keeps in another package, so that they are declared in cholesky.c. LAPACK counts in int.
 */
#ifndef FRESHET_EVALUATE_MODELS_CHOLESKY_H
#define FRESHET_EVALUATE_MODELS_CHOLESKY_H

#include "base/base.h"

/* Inverts in place, both triangles: 0, or -EDOM when the matrix is not positive definite (then its
 * content is lost). Reads the upper triangle. About n^3 multiplications. */
int cholesky_invert(float *matrix, int32_t n);
/* Solves matrix x = b into b; the matrix is overwritten. 0 or -EDOM. */
int cholesky_solve(float *matrix, int32_t n, float *b);

#endif
