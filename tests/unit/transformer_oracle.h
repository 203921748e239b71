/* The Transformer's encoder from its definition, in double, token by token, without dropout: what
 * the fast one is held against, and what finite differences are taken of. For tests. */
#ifndef FRESHET_TESTS_UNIT_TRANSFORMER_ORACLE_H
#define FRESHET_TESTS_UNIT_TRANSFORMER_ORACLE_H

#include "base/base.h"
#include "model/transformer/encoder.h"
#include "tests/unit/numbers.h"

enum { ORACLE_TOKENS_MAX = 64, ORACLE_D_MAX = 32 };

struct oracle {
    struct weights_shape shape;
    const struct weights *weights;
    const float *searches; /* their vectors */
    bool causal;
    /* One number of the weights is taken to be moved. */
    const float *moved;
    double by;
    double x[ORACLE_TOKENS_MAX][ORACLE_D_MAX]; /* in the end: hidden */
};

static inline double oracle_number(const struct oracle *o, const float *at)
{
    return (double)*at + (at == o->moved ? o->by : 0.0);
}

static inline void oracle_norm(const struct oracle *o, const struct layer_norm *norm,
                               const double *x, double *y)
{
    const size_t d = o->shape.d;
    double mean = 0, variance = 0;
    for (size_t i = 0; i < d; i++) { mean += x[i] / (double)d; }
    for (size_t i = 0; i < d; i++) { variance += (x[i] - mean) * (x[i] - mean) / (double)d; }
    for (size_t i = 0; i < d; i++) {
        y[i] = (x[i] - mean) / sqrt(variance + LAYER_NORM_EPSILON) *
                   oracle_number(o, norm->gain + i) + oracle_number(o, norm->bias + i);
    }
}

static inline void oracle_linear(const struct oracle *o, const struct linear *layer,
                                 const double *x, double *y)
{
    for (size_t j = 0; j < layer->out; j++) {
        y[j] = oracle_number(o, layer->bias + j);
        for (size_t i = 0; i < layer->in; i++) {
            y[j] += x[i] * oracle_number(o, layer->weights + i * layer->out + j);
        }
    }
}

/* What position i of a sequence hears of positions 0 .. seen - 1. */
static inline void oracle_hear(const struct oracle *o, const double *q,
                               double (*kv)[2 * ORACLE_D_MAX], size_t seen, double *heard)
{
    const size_t d = o->shape.d, width = d / o->shape.heads;
    for (size_t h = 0; h < o->shape.heads; h++) {
        double e[ORACLE_TOKENS_MAX], sum = 0;
        for (size_t j = 0; j < seen; j++) {
            double product = 0;
            for (size_t c = h * width; c < (h + 1) * width; c++) { product += q[c] * kv[j][c]; }
            e[j] = exp(product / sqrt((double)width));
            sum += e[j];
        }
        for (size_t c = h * width; c < (h + 1) * width; c++) {
            heard[c] = 0;
            for (size_t j = 0; j < seen; j++) { heard[c] += e[j] / sum * kv[j][d + c]; }
        }
    }
}

static inline void oracle_block(struct oracle *o, const struct block_weights *block, size_t first,
                                size_t n)
{
    const size_t d = o->shape.d;
    double q[ORACLE_TOKENS_MAX][ORACLE_D_MAX], kv[ORACLE_TOKENS_MAX][2 * ORACLE_D_MAX];
    double norm[ORACLE_TOKENS_MAX][ORACLE_D_MAX];
    for (size_t i = 0; i < n; i++) {
        oracle_norm(o, &block->attention_norm, o->x[first + i], norm[i]);
        oracle_linear(o, &block->query, norm[i], q[i]);
        oracle_linear(o, &block->key_value, o->x[first + i], kv[i]);
    }
    for (size_t i = 0; i < n; i++) {
        double heard[ORACLE_D_MAX], y[ORACLE_D_MAX], z[ORACLE_D_MAX], inner[ORACLE_D_MAX];
        oracle_hear(o, q[i], kv, o->causal ? i + 1 : n, heard);
        oracle_linear(o, &block->output, heard, y);
        for (size_t c = 0; c < d; c++) { y[c] += norm[i][c]; }
        oracle_norm(o, &block->forward_norm, y, z);
        oracle_linear(o, &block->inner, z, inner);
        for (size_t c = 0; c < o->shape.hidden; c++) { inner[c] = fmax(inner[c], 0.0); }
        oracle_linear(o, &block->outer, inner, o->x[first + i]);
        for (size_t c = 0; c < d; c++) { o->x[first + i][c] += z[c]; }
    }
}

static inline void oracle_embed(struct oracle *o, const struct pack *pack, size_t t)
{
    const size_t d = o->shape.d;
    const struct weights *w = o->weights;
    const int32_t token = pack->items[t];
    const float *item = token == PACK_MASK ? w->mask : w->items + token * d;
    if (token < PACK_MASK) { item = o->searches + pack_search(token) * d; }
    for (size_t c = 0; c < d; c++) {
        o->x[t][c] = sqrt((double)d) * oracle_number(o, item + c);
        o->x[t][c] += oracle_number(o, w->positions + pack->positions[t] * d + c);
    }
}

/* Leaves the hidden vectors in x. */
static inline void oracle_run(struct oracle *o, const struct pack *pack)
{
    assert(pack->tokens <= ORACLE_TOKENS_MAX && o->shape.d <= ORACLE_D_MAX);
    assert(o->shape.hidden <= ORACLE_D_MAX);
    for (size_t t = 0; t < pack->tokens; t++) { oracle_embed(o, pack, t); }
    for (size_t b = 0; b < o->shape.blocks; b++) {
        for (size_t s = 0; s < pack->sequences; s++) {
            oracle_block(o, &o->weights->blocks[b], pack->starts[s],
                         pack->starts[s + 1] - pack->starts[s]);
        }
    }
    for (size_t t = 0; t < pack->tokens; t++) {
        double y[ORACLE_D_MAX];
        oracle_norm(o, &o->weights->last_norm, o->x[t], y);
        memcpy(o->x[t], y, o->shape.d * sizeof(*y));
    }
}

#endif
