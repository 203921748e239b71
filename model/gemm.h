/* Products of matrices, by OpenBLAS; only gemm.c calls it, and leading_eigen.c its LAPACK.
 *
 * All matrices are row-major floats; `lda` and so on are the distance from row to row. C is m x n
 * and the inner length is k; C = alpha * product + beta * C, and with beta 0 the old C is not read.
 * Every call uses the calling thread only: at the inner lengths of a small Transformer OpenBLAS's
 * own threads cost more than they bring, and thread_pool.h shares the work by rows.
 */
#ifndef FRESHET_MODEL_GEMM_H
#define FRESHET_MODEL_GEMM_H

#include "base/base.h"

/* One operand: where it starts and the distance of its rows. */
struct matrix {
    const float *at;
    size_t stride;
};

static inline struct matrix matrix_of(const float *at, size_t stride)
{
    return (struct matrix){.at = at, .stride = stride};
}

struct gemm_shape {
    size_t m, n, k;
};

/* Switches OpenBLAS's own threads off, once; each product does. */
void gemm_use_one_thread(void);
/* Multiplies A (m x k) by B (k x n). */
void gemm_nn(struct gemm_shape shape, float alpha, struct matrix a, struct matrix b, float beta,
             float *c, size_t ldc);
/* Multiplies A (m x k) by the transpose of B (n x k). */
void gemm_nt(struct gemm_shape shape, float alpha, struct matrix a, struct matrix b, float beta,
             float *c, size_t ldc);
/* Multiplies the transpose of A (k x m) by B (k x n). */
void gemm_tn(struct gemm_shape shape, float alpha, struct matrix a, struct matrix b, float beta,
             float *c, size_t ldc);

#endif
