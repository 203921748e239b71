#include "base/base.h"
#include "base/xalloc.h"
#include "model/gemm.h"
#include "model/transformer/fused_attention.h"

/* Takes the place of a layer in a run of numbers. */
static struct linear take(float **at, size_t d)
{
    const struct linear layer = {.weights = *at, .bias = *at + d * d, .in = d, .out = d};
    *at += d * d + d;
    return layer;
}

/* (Wq K^T, bq K^T) */
static void fuse_asked(const struct block_weights *block, size_t d, const struct linear *to)
{
    const struct matrix keys = matrix_of(block->key_value.weights, 2 * d);
    gemm_nt((struct gemm_shape){d, d, d}, 1.0f, matrix_of(block->query.weights, d), keys, 0.0f,
            to->weights, d);
    gemm_nt((struct gemm_shape){1, d, d}, 1.0f, matrix_of(block->query.bias, d), keys, 0.0f,
            to->bias, d);
}

/* (V O, b O + c) */
static void fuse_output(const struct block_weights *block, size_t d, const struct linear *to)
{
    const struct matrix output = matrix_of(block->output.weights, d);
    gemm_nn((struct gemm_shape){d, d, d}, 1.0f, matrix_of(block->key_value.weights + d, 2 * d),
            output, 0.0f, to->weights, d);
    linear(&block->output, block->key_value.bias + d, 1, to->bias);
}

void fused_attention_init(struct fused_attention *fused, const struct weights_shape *shape,
                          const struct weights *weights)
{
    const size_t d = shape->d;
    assert(shape->heads == 1);
    fused->numbers = xcalloc(shape->blocks * 2 * (d * d + d), sizeof(*fused->numbers));
    float *at = fused->numbers;
    for (size_t b = 0; b < shape->blocks; b++) {
        struct fused_block *block = &fused->blocks[b];
        *block = (struct fused_block){.asked = take(&at, d), .output = take(&at, d)};
        fuse_asked(&weights->blocks[b], d, &block->asked);
        fuse_output(&weights->blocks[b], d, &block->output);
    }
}

void fused_attention_release(struct fused_attention *fused)
{
    free(fused->numbers);
    *fused = (struct fused_attention){0};
}
