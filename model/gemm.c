/* OpenBLAS starts threads of its own. They are switched off once, at the first product of the
 * process: thread_pool.h shares the work out by rows instead.
 */
#include "base/base.h"
#include "model/gemm.h"

#include <cblas.h>
#include <pthread.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void set_one_thread(void)
{
    openblas_set_num_threads(1);
}

void gemm_use_one_thread(void)
{
    (void)pthread_once(&once, set_one_thread);
}

static void multiply(enum CBLAS_TRANSPOSE of_a, enum CBLAS_TRANSPOSE of_b, struct gemm_shape shape,
                     float alpha, struct matrix a, struct matrix b, float beta, float *c,
                     size_t ldc)
{
    assert(MAX_OF(shape.m, MAX_OF(shape.n, shape.k)) <= INT_MAX);
    assert(MAX_OF(ldc, MAX_OF(a.stride, b.stride)) <= INT_MAX);
    if (shape.m == 0 || shape.n == 0) { return; }
    gemm_use_one_thread();
    cblas_sgemm(CblasRowMajor, of_a, of_b, (int)shape.m, (int)shape.n, (int)shape.k, alpha, a.at,
                (int)a.stride, b.at, (int)b.stride, beta, c, (int)ldc);
}

void gemm_nn(struct gemm_shape shape, float alpha, struct matrix a, struct matrix b, float beta,
             float *c, size_t ldc)
{
    multiply(CblasNoTrans, CblasNoTrans, shape, alpha, a, b, beta, c, ldc);
}

void gemm_nt(struct gemm_shape shape, float alpha, struct matrix a, struct matrix b, float beta,
             float *c, size_t ldc)
{
    multiply(CblasNoTrans, CblasTrans, shape, alpha, a, b, beta, c, ldc);
}

void gemm_tn(struct gemm_shape shape, float alpha, struct matrix a, struct matrix b, float beta,
             float *c, size_t ldc)
{
    multiply(CblasTrans, CblasNoTrans, shape, alpha, a, b, beta, c, ldc);
}
