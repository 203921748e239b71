#include "base/base.h"
#include "model/transformer/attention.h"
#include "model/transformer/dropout.h"
#include "model/gemm.h"
#include "model/transformer/softmax.h"
#include "model/transformer/wide.h"

enum { FUSED_BLOCK = 32 }; /* rows at a time, as sequences that serve are short */

/* A block of rows of one head. */
struct block {
    size_t most; /* rows */
    size_t first, rows;
    size_t columns;     /* those that any of the rows attends to */
    size_t head, width; /* width: d / heads */
};

static size_t columns_of(const struct attention *attention, const struct block *block, size_t r)
{
    return attention->causal ? block->first + r + 1 : block->columns;
}

static float scale_of(const struct block *block)
{
    return 1.0f / sqrtf((float)block->width);
}

static uint64_t row_key(const struct attention *attention, const struct block *block, size_t r)
{
    return dropout_key(attention->key, (block->first + r) * attention->heads + block->head);
}

/* Finds the next block of rows, all blocks of a head before the next head. */
static bool next_block(const struct attention *attention, size_t n, struct block *block)
{
    size_t first = block->first + block->rows;
    if (first >= n) {
        first = 0;
        block->head++;
    }
    block->first = first;
    block->rows = MIN_OF(block->most, n - first);
    block->columns = attention->causal ? first + block->rows : n;
    return block->head < attention->heads;
}

static struct block before_first(const struct attention *attention, size_t n, size_t most)
{
    assert(n > 0 && attention->d % attention->heads == 0);
    return (struct block){.most = most, .first = n, .head = SIZE_MAX,
                          .width = attention->d / attention->heads};
}

void attention(const struct attention *attention, size_t n, const float *q, const float *kv,
               float *out, float *kept, float *scratch)
{
    const size_t d = attention->d;
    struct block block = before_first(attention, n, ATTENTION_BLOCK);
    while (next_block(attention, n, &block)) {
        const size_t column = block.head * block.width;
        float *p = kept + (block.head * n + block.first) * n;
        const float *dropped = attention->dropout > 0.0f ? scratch : p;
        gemm_nt((struct gemm_shape){block.rows, block.columns, block.width}, scale_of(&block),
                matrix_of(q + block.first * d + column, d), matrix_of(kv + column, 2 * d), 0.0f, p,
                n);
        for (size_t r = 0; r < block.rows; r++) {
            const size_t seen = columns_of(attention, &block, r);
            softmax_row(p + r * n, seen);
            memset(p + r * n + seen, 0, (block.columns - seen) * sizeof(*p));
            if (dropped != p) {
                dropout_copy(scratch + r * n, p + r * n, block.columns, attention->dropout,
                             row_key(attention, &block, r));
            }
        }
        gemm_nn((struct gemm_shape){block.rows, block.width, block.columns}, 1.0f,
                matrix_of(dropped, n), matrix_of(kv + d + column, 2 * d), 0.0f,
                out + block.first * d + column, d);
    }
}

/* Replaces a row's products by their softmax over its first `seen` columns. Behind these, up to
 * whole lanes, it has what counts for nothing, so that nothing is left over. */
static void weigh(float *row, size_t seen, size_t columns)
{
    const size_t whole = (seen + WIDE_LANES - 1) / WIDE_LANES * WIDE_LANES;
    for (size_t c = seen; c < whole; c++) { row[c] = -INFINITY; }
    softmax_row(row, whole);
    for (size_t c = seen; c < columns; c++) { row[c] = 0.0f; }
}

void attention_fused(const struct attention *attention, size_t n, const float *asked,
                     const float *x, float *out, float *scratch)
{
    const size_t d = attention->d, stride = (n + WIDE_LANES - 1) / WIDE_LANES * WIDE_LANES;
    const struct matrix inputs = matrix_of(x, d);
    struct block block = before_first(attention, n, FUSED_BLOCK);
    assert(attention->heads == 1 && attention->dropout == 0.0f);
    assert(MIN_OF(n, (size_t)FUSED_BLOCK) * stride <= attention_scratch(n));
    while (next_block(attention, n, &block)) {
        gemm_nt((struct gemm_shape){block.rows, block.columns, d}, scale_of(&block),
                matrix_of(asked + block.first * d, d), inputs, 0.0f, scratch, stride);
        for (size_t r = 0; r < block.rows; r++) {
            weigh(scratch + r * stride, columns_of(attention, &block, r), block.columns);
        }
        gemm_nn((struct gemm_shape){block.rows, d, block.columns}, 1.0f,
                matrix_of(scratch, stride), inputs, 0.0f, out + block.first * d, d);
    }
}

WIDE
void attention_last(size_t n, size_t d, const float *x, const float *asked, float *out,
                    float *scratch)
{
    assert(n > 0 && d % WIDE_LANES == 0);
    for (size_t r = 0; r < n; r++) {
        wide sum = {0};
        for (size_t i = 0; i < d; i += WIDE_LANES) {
            sum += wide_load(x + r * d + i) * wide_load(asked + i);
        }
        scratch[r] = wide_sum(sum);
    }
    softmax_row(scratch, n);
    for (size_t i = 0; i < d; i += WIDE_LANES) {
        wide sum = {0};
        for (size_t r = 0; r < n; r++) { sum += wide_load(x + r * d + i) * scratch[r]; }
        wide_store(out + i, sum);
    }
}

/* ds = p * (dropped gradient - row's level) * scale, in place of the gradient by dropout(P). */
WIDE
static void softmax_back(float *ds, const float *p, size_t n, float level, float scale)
{
    size_t at = 0;
    for (; at + WIDE_LANES <= n; at += WIDE_LANES) {
        wide_store(ds + at, wide_load(p + at) * (wide_load(ds + at) - level) * scale);
    }
    for (; at < n; at++) { ds[at] = p[at] * (ds[at] - level) * scale; }
}

WIDE
static float product(const float *a, const float *b, size_t n)
{
    wide sum = {0};
    size_t at = 0;
    for (; at + WIDE_LANES <= n; at += WIDE_LANES) { sum += wide_load(a + at) * wide_load(b + at); }
    float rest = 0.0f;
    for (; at < n; at++) { rest += a[at] * b[at]; }
    return wide_sum(sum) + rest;
}

/* Makes dropout(P) again in the first half of the scratch memory, and in the second half the
 * gradient by the scores. The row's level, sum_j P_j dP_j, is dout . out. */
static void score_gradients(const struct attention *attention, size_t n, const struct block *block,
                            const float *kv, const float *out, const float *kept, const float *dout,
                            float *scratch)
{
    const size_t d = attention->d, column = block->head * block->width;
    const float *p = kept + (block->head * n + block->first) * n;
    float *ds = scratch + ATTENTION_BLOCK * n;
    gemm_nt((struct gemm_shape){block->rows, block->columns, block->width}, 1.0f,
            matrix_of(dout + block->first * d + column, d), matrix_of(kv + d + column, 2 * d), 0.0f,
            ds, n);
    for (size_t r = 0; r < block->rows; r++) {
        const uint64_t key = row_key(attention, block, r);
        const size_t at = (block->first + r) * d + column;
        const float level = product(dout + at, out + at, block->width);
        dropout_copy(scratch + r * n, p + r * n, block->columns, attention->dropout, key);
        dropout(ds + r * n, block->columns, attention->dropout, key);
        softmax_back(ds + r * n, p + r * n, block->columns, level, scale_of(block));
    }
}

void attention_back(const struct attention *attention, size_t n, const float *q, const float *kv,
                    const float *out, const float *kept, const float *dout, float *dq, float *dkv,
                    float *scratch)
{
    const size_t d = attention->d;
    memset(dkv, 0, n * 2 * d * sizeof(*dkv));
    struct block block = before_first(attention, n, ATTENTION_BLOCK);
    while (next_block(attention, n, &block)) {
        const size_t column = block.head * block.width, at = block.first * d + column;
        const float *ds = scratch + ATTENTION_BLOCK * n;
        score_gradients(attention, n, &block, kv, out, kept, dout, scratch);
        gemm_nn((struct gemm_shape){block.rows, block.width, block.columns}, 1.0f, matrix_of(ds, n),
                matrix_of(kv + column, 2 * d), 0.0f, dq + at, d);
        gemm_tn((struct gemm_shape){block.columns, block.width, block.rows}, 1.0f, matrix_of(ds, n),
                matrix_of(q + at, d), 1.0f, dkv + column, 2 * d);
        gemm_tn((struct gemm_shape){block.columns, block.width, block.rows}, 1.0f,
                matrix_of(scratch, n), matrix_of(dout + at, d), 1.0f, dkv + d + column, 2 * d);
    }
}
