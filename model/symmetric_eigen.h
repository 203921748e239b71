/* Eigenvalues and eigenvectors of a small symmetric matrix.
 *
 * Cyclic Jacobi rotations (Golub, Van Loan, "Matrix Computations", 8.5): exact to rounding, and the
 * same numbers on every run. The cost is some tens of n^3: for matrices of at most some hundred
 * rows. Pure functions.
 */
#ifndef FRESHET_MODEL_SYMMETRIC_EIGEN_H
#define FRESHET_MODEL_SYMMETRIC_EIGEN_H

#include "base/base.h"

/* Decomposes a (n x n, row-major; its contents are lost): values[k] are the eigenvalues, the
 * greatest first, and column k of vectors (n x n) is the k-th eigenvector. */
void symmetric_eigen(double *a, size_t n, double *ret_values, double *ret_vectors);

#endif
