/* Leading eigen: the greatest eigenvalues of a symmetric matrix and their eigenvectors, by LAPACK
 * as it comes with OpenBLAS; the only file that calls it is leading_eigen.c. Of 300 rows or so it
 * takes a small part of the time that symmetric_eigen.h needs for all of them. Pure. */
#ifndef FRESHET_MODEL_LEADING_EIGEN_H
#define FRESHET_MODEL_LEADING_EIGEN_H

#include "base/base.h"

/* Finds the `count` greatest eigenvalues of a matrix of n x n numbers, which is overwritten: the
 * greatest first, and a row of n numbers of length 1 for each. False: a number is not finite. */
bool leading_eigen(double *matrix, size_t n, size_t count, double *ret_values,
                     double *ret_vectors);

#endif
