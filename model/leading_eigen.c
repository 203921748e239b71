/* LAPACK gives eigenvalues in ascending order; its eigenvectors are columns of a matrix by columns,
 * so rows here. No header of the packages that the build needs declares dsyevr. */
#include "base/base.h"
#include "base/xalloc.h"
#include "model/gemm.h"
#include "model/leading_eigen.h"

extern void dsyevr_(const char *job, const char *range, const char *triangle, const int *n,
                    double *matrix, const int *stride, const double *low, const double *high,
                    const int *first, const int *last, const double *tolerance, int *ret_found,
                    double *ret_values, double *ret_vectors, const int *vectors_stride,
                    int *ret_support, double *work, const int *work_size, int *whole_work,
                    const int *whole_work_size, int *ret_info, size_t job_size,
                    size_t range_size, size_t triangle_size);

enum { WORK = 64, WHOLE_WORK = 16 }; /* numbers of scratch for each row */

static void turn_around(double *values, double *vectors, size_t n, size_t count)
{
    for (size_t a = 0, b = count; a + 1 < b; a++) {
        b--;
        double value = values[a];
        values[a] = values[b];
        values[b] = value;
        for (size_t i = 0; i < n; i++) {
            double number = vectors[a * n + i];
            vectors[a * n + i] = vectors[b * n + i];
            vectors[b * n + i] = number;
        }
    }
}

bool leading_eigen(double *matrix, size_t n, size_t count, double *ret_values,
                     double *ret_vectors)
{
    assert(n && n <= 1 << 14 && count && count <= n);
    for (size_t i = 0; i < n * n; i++) {
        if (!isfinite(matrix[i])) { return false; }
    }
    const int size = (int)n, first = size - (int)count + 1, work_size = WORK * size,
              whole_work_size = WHOLE_WORK * size;
    const double none = 0.0;
    _cleanup_(xfreep) double *work = xcalloc(WORK * n, sizeof(*work));
    _cleanup_(xfreep) double *values = xcalloc(n, sizeof(*values));
    _cleanup_(xfreep) int *whole_work = xcalloc(WHOLE_WORK * n, sizeof(*whole_work));
    _cleanup_(xfreep) int *support = xcalloc(2 * n, sizeof(*support));
    int found = 0, info = 0;
    gemm_use_one_thread();
    dsyevr_("V", "I", "U", &size, matrix, &size, &none, &none, &first, &size, &none, &found, values,
            ret_vectors, &size, support, work, &work_size, whole_work, &whole_work_size, &info, 1,
            1, 1);
    if (info || found != (int)count) { return false; }
    memcpy(ret_values, values, count * sizeof(*values));
    turn_around(ret_values, ret_vectors, n, count);
    return true;
}
