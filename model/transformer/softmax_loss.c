#include "base/base.h"
#include "model/gemm.h"
#include "model/transformer/softmax.h"
#include "model/transformer/softmax_loss.h"
#include "model/transformer/wide.h"

/* The scratch memory of a tile. */
struct tile {
    float *logits; /* rows x stride, then exponentials */
    size_t stride;
    float *scaled;   /* rows x d: x * weight / sum */
    float *sums;     /* rows */
    float *excesses; /* rows: the target's own share minus 1 */
};

/* Rows of logits start on a vector border. */
static size_t stride_of(size_t count)
{
    return (count + WIDE_LANES - 1) / WIDE_LANES * WIDE_LANES;
}

size_t softmax_loss_scratch(size_t tile, size_t count, size_t d)
{
    return tile * (stride_of(count) + d + 2);
}

WIDE_INLINE float dot(const float *a, const float *b, size_t d)
{
    wide sum = {0};
    for (size_t i = 0; i < d; i += WIDE_LANES) { sum += wide_load(a + i) * wide_load(b + i); }
    return wide_sum(sum);
}

WIDE
float softmax_loss_longest(const float *vectors, size_t count, size_t d)
{
    assert(d % WIDE_LANES == 0);
    float longest = 0.0f;
    for (size_t i = 0; i < count; i++) {
        const float *at = vectors + i * d;
        longest = MAX_OF(longest, dot(at, at, d));
    }
    return sqrtf(longest);
}

/* Turns the logits of a tile into exponentials and sums; returns the sum of the losses. */
WIDE
static double sum_rows(const struct softmax_loss *loss, const struct tile *tile,
                       const struct softmax_rows *rows)
{
    double total = 0.0;
    for (size_t r = 0; r < rows->count; r++) {
        float *row = tile->logits + r * tile->stride;
        const float *xr = rows->x + r * loss->d;
        const int32_t target = rows->targets[r];
        float own = 0.0f, shift = 0.0f;
        if (loss->slots) {
            own = dot(xr, loss->table + (size_t)target * loss->d, loss->d);
            if (loss->slots[target] >= 0) { row[loss->slots[target]] = -1e30f; }
        } else {
            own = row[target];
        }
        float length = sqrtf(dot(xr, xr, loss->d));
        if (!(length * loss->longest < SOFTMAX_LOSS_SAFE) || fabsf(own) >= SOFTMAX_LOSS_SAFE) {
            shift = MAX_OF(own, softmax_highest(row, loss->count));
        }
        float sum = softmax_exponentials(row, loss->count, shift);
        float share = loss->slots ? expf(own - shift) : 0.0f;
        sum += share;
        tile->sums[r] = sum;
        tile->excesses[r] = share / sum - 1.0f;
        total += (double)(rows->counts[r] * (logf(sum) + shift - own));
    }
    return total;
}

/* dx holds the exponentials' sums of vectors: divides them and takes the target's vector off; takes
 * x off the target's gradient and leaves x / sum for the columns'. */
WIDE
static void finish_rows(const struct softmax_loss *loss, const struct tile *tile,
                        const struct softmax_rows *rows, float *dx)
{
    const size_t d = loss->d;
    const float *vectors = loss->slots ? loss->table : loss->columns;
    float *gradients = loss->slots ? loss->dtable : loss->dcolumns;
    for (size_t r = 0; r < rows->count; r++) {
        const float weight = loss->weight * rows->counts[r];
        const float scale = weight / tile->sums[r];
        const float excess = weight * tile->excesses[r];
        const float *vector = vectors + (size_t)rows->targets[r] * d;
        float *gradient = gradients + (size_t)rows->targets[r] * d;
        for (size_t i = 0; i < d; i += WIDE_LANES) {
            wide xi = wide_load(rows->x + r * d + i), dxi = wide_load(dx + r * d + i);
            wide_store(dx + r * d + i, dxi * scale + wide_load(vector + i) * excess);
            wide_store(gradient + i, wide_load(gradient + i) + xi * excess);
            wide_store(tile->scaled + r * d + i, xi * scale);
        }
    }
}

static double one_tile(const struct softmax_loss *loss, const struct softmax_rows *rows,
                       float *dx)
{
    const size_t d = loss->d, count = loss->count, stride = stride_of(count);
    const struct tile tile = {
        .logits = loss->scratch,
        .stride = stride,
        .scaled = loss->scratch + loss->tile * stride,
        .sums = loss->scratch + loss->tile * (stride + d),
        .excesses = loss->scratch + loss->tile * (stride + d + 1),
    };
    const struct matrix table = matrix_of(loss->columns, d);
    const struct matrix logits = matrix_of(tile.logits, stride);
    gemm_nt((struct gemm_shape){rows->count, count, d}, 1.0f, matrix_of(rows->x, d), table, 0.0f,
            tile.logits, stride);
    double total = sum_rows(loss, &tile, rows);
    gemm_nn((struct gemm_shape){rows->count, d, count}, 1.0f, logits, table, 0.0f, dx, d);
    finish_rows(loss, &tile, rows, dx);
    gemm_tn((struct gemm_shape){count, d, rows->count}, 1.0f, logits, matrix_of(tile.scaled, d),
            1.0f, loss->dcolumns, d);
    return total;
}

double softmax_loss(const struct softmax_loss *loss, const struct softmax_rows *rows, float *dx)
{
    assert(loss->d % WIDE_LANES == 0 && loss->tile > 0);
    double total = 0.0;
    for (size_t at = 0; at < rows->count; at += loss->tile) {
        const struct softmax_rows tile = {rows->x + at * loss->d, rows->targets + at,
                                          rows->counts + at,
                                          MIN_OF(loss->tile, rows->count - at)};
        total += one_tile(loss, &tile, dx + at * loss->d);
    }
    return total;
}
