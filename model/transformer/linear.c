#include "base/base.h"
#include "model/gemm.h"
#include "model/transformer/linear.h"
#include "model/transformer/wide.h"

void linear(const struct linear *layer, const float *x, size_t rows, float *y)
{
    for (size_t r = 0; r < rows; r++) {
        memcpy(y + r * layer->out, layer->bias, layer->out * sizeof(*y));
    }
    gemm_nn((struct gemm_shape){rows, layer->out, layer->in}, 1.0f, matrix_of(x, layer->in),
            matrix_of(layer->weights, layer->out), 1.0f, y, layer->out);
}

/* Four rows at a time, so that the sums are fetched and stored a quarter as often. */
WIDE
static void add_rows(const float *dy, size_t rows, size_t n, float *sums)
{
    assert(n % WIDE_LANES == 0);
    size_t r = 0;
    for (; r + 4 <= rows; r += 4, dy += 4 * n) {
        for (size_t i = 0; i < n; i += WIDE_LANES) {
            wide two = wide_load(dy + i) + wide_load(dy + n + i);
            wide more = wide_load(dy + 2 * n + i) + wide_load(dy + 3 * n + i);
            wide_store(sums + i, wide_load(sums + i) + two + more);
        }
    }
    for (; r < rows; r++, dy += n) {
        for (size_t i = 0; i < n; i += WIDE_LANES) {
            wide_store(sums + i, wide_load(sums + i) + wide_load(dy + i));
        }
    }
}

void linear_back(const struct linear *layer, const float *x, const float *dy, size_t rows, bool add,
                 float *dx, const struct linear *grad)
{
    const size_t in = layer->in, out = layer->out;
    gemm_nt((struct gemm_shape){rows, in, out}, 1.0f, matrix_of(dy, out),
            matrix_of(layer->weights, out), add ? 1.0f : 0.0f, dx, in);
    gemm_tn((struct gemm_shape){in, out, rows}, 1.0f, matrix_of(x, in), matrix_of(dy, out), 1.0f,
            grad->weights, out);
    add_rows(dy, rows, out, grad->bias);
}
