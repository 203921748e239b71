#include "base/base.h"
#include "evaluate/models/cholesky.h"

/* LAPACK's matrices are column-major: its lower triangle is our upper one. */
#define OUR_UPPER "L"

void spotrf_(const char *triangle, const int *n, float *a, const int *stride, int *info);
void spotri_(const char *triangle, const int *n, float *a, const int *stride, int *info);
void sposv_(const char *triangle, const int *n, const int *columns, float *a, const int *stride,
            float *b, const int *b_stride, int *info);

int cholesky_invert(float *matrix, int32_t n)
{
    int size = n, info;
    spotrf_(OUR_UPPER, &size, matrix, &size, &info);
    assert(info >= 0);
    if (info > 0) { return -EDOM; }
    spotri_(OUR_UPPER, &size, matrix, &size, &info);
    assert(info >= 0);
    if (info > 0) { return -EDOM; }
    for (size_t row = 0; row < (size_t)n; row++) {
        for (size_t column = 0; column < row; column++) {
            matrix[row * (size_t)n + column] = matrix[column * (size_t)n + row];
        }
    }
    return 0;
}

int cholesky_solve(float *matrix, int32_t n, float *b)
{
    int size = n, one = 1, info;
    sposv_(OUR_UPPER, &size, &one, matrix, &size, b, &size, &info);
    assert(info >= 0);
    return info > 0 ? -EDOM : 0;
}
