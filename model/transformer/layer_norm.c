#include "base/base.h"
#include "model/transformer/layer_norm.h"
#include "model/transformer/wide.h"

WIDE
void layer_norm(const float *x, struct layer_norm norm, size_t rows, size_t d, float *y,
                float *stats)
{
    assert(d % WIDE_LANES == 0);
    for (size_t r = 0; r < rows; r++, x += d, y += d) {
        wide sum = {0}, squares = {0};
        for (size_t i = 0; i < d; i += WIDE_LANES) { sum += wide_load(x + i); }
        const float mean = wide_sum(sum) / (float)d;
        for (size_t i = 0; i < d; i += WIDE_LANES) {
            wide off = wide_load(x + i) - mean;
            squares += off * off;
        }
        const float rstd = 1.0f / sqrtf(wide_sum(squares) / (float)d + LAYER_NORM_EPSILON);
        for (size_t i = 0; i < d; i += WIDE_LANES) {
            wide unit = (wide_load(x + i) - mean) * rstd;
            wide_store(y + i, unit * wide_load(norm.gain + i) + wide_load(norm.bias + i));
        }
        stats[2 * r] = mean;
        stats[2 * r + 1] = rstd;
    }
}

/* With u = (x - mean) rstd and g = gain * dy:  dx += rstd * (g - mean(g) - u mean(g u)). */
WIDE
void layer_norm_back(const float *dy, const float *x, const float *stats, struct layer_norm norm,
                     size_t rows, size_t d, float *dx, struct layer_norm grad)
{
    assert(d % WIDE_LANES == 0);
    for (size_t r = 0; r < rows; r++, x += d, dy += d, dx += d) {
        const float mean = stats[2 * r], rstd = stats[2 * r + 1];
        wide sum = {0}, along = {0};
        for (size_t i = 0; i < d; i += WIDE_LANES) {
            wide unit = (wide_load(x + i) - mean) * rstd;
            wide out = wide_load(dy + i);
            wide g = wide_load(norm.gain + i) * out;
            sum += g;
            along += g * unit;
            wide_store(grad.gain + i, wide_load(grad.gain + i) + out * unit);
            wide_store(grad.bias + i, wide_load(grad.bias + i) + out);
        }
        const float level = wide_sum(sum) / (float)d, slope = wide_sum(along) / (float)d;
        for (size_t i = 0; i < d; i += WIDE_LANES) {
            wide unit = (wide_load(x + i) - mean) * rstd;
            wide g = wide_load(norm.gain + i) * wide_load(dy + i);
            wide_store(dx + i, wide_load(dx + i) + (g - level - unit * slope) * rstd);
        }
    }
}
