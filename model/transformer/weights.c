#include "base/base.h"
#include "model/transformer/dropout.h"
#include "model/transformer/pruning.h"
#include "model/transformer/weights.h"
#include "model/transformer/wide.h"

#define DEVIATION 0.02

bool weights_shape_fits(const struct weights_shape *shape, const char **ret_why)
{
    const char *why = NULL;
    if (shape->d == 0 || shape->d % WIDE_LANES) { why = "width must be a multiple of 16"; }
    if (shape->hidden == 0 || shape->hidden % WIDE_LANES) {
        why = "inner width must be a multiple of 16";
    }
    if (shape->blocks < 1 || shape->blocks > WEIGHTS_BLOCKS_MAX) { why = "blocks must be 1 to 8"; }
    if (shape->heads == 0 || shape->d % MAX_OF(shape->heads, 1u)) {
        why = "heads must divide the width";
    }
    if (shape->length < 1) { why = "length must be at least 1"; }
    if (shape->items < 1) { why = "there must be an item"; }
    if (why) { *ret_why = why; }
    return !why;
}

/* Returns the run's parts one after the other. */
static float *part(float **at, size_t count)
{
    float *here = *at;
    *at = here ? here + count : here;
    return here;
}

static struct layer_norm norm_part(float **at, size_t d)
{
    return (struct layer_norm){.gain = part(at, d), .bias = part(at, d)};
}

static struct linear linear_part(float **at, size_t in, size_t out)
{
    struct linear layer = {.in = in, .out = out};
    layer.weights = part(at, in * out);
    layer.bias = part(at, out);
    return layer;
}

struct weights weights_view(const struct weights_shape *shape, float *at)
{
    const size_t d = shape->d;
    struct weights w = {0};
    w.positions = part(&at, shape->length * d);
    w.mask = part(&at, d);
    for (size_t b = 0; b < shape->blocks; b++) {
        struct block_weights *block = &w.blocks[b];
        block->attention_norm = norm_part(&at, d);
        block->query = linear_part(&at, d, d);
        block->key_value = linear_part(&at, d, 2 * d);
        block->output = linear_part(&at, d, d);
        block->forward_norm = norm_part(&at, d);
        block->inner = linear_part(&at, d, shape->hidden);
        block->outer = linear_part(&at, shape->hidden, d);
    }
    w.last_norm = norm_part(&at, d);
    w.projection = part(&at, shape->content * d);
    w.attributes = part(&at, shape->attributes * d);
    w.items = part(&at, shape->items * d);
    return w;
}

size_t weights_count(const struct weights_shape *shape)
{
    const size_t d = shape->d, h = shape->hidden;
    size_t block = 4 * d + 4 * d * d + 4 * d + 2 * d * h + h + d;
    size_t vectors = shape->length + 1u + shape->content + shape->attributes;
    return vectors * d + shape->blocks * block + 2 * d + (size_t)shape->items * d;
}

/* A number of (0, 1) that is a function of key and place. */
static double uniform(uint64_t key, uint64_t place)
{
    return ((double)(dropout_key(key, place) >> 11) + 0.5) * 0x1p-53;
}

/* Box and Muller 1958. */
static void draw_normal(float *at, size_t count, uint64_t key)
{
    for (size_t i = 0; i < count; i++) {
        double radius = sqrt(-2.0 * log(uniform(key, 2 * i)));
        double angle = 2.0 * M_PI * uniform(key, 2 * i + 1);
        at[i] = (float)(DEVIATION * radius * cos(angle));
    }
}

/* The three projections of attention are drawn as the one matrix d -> 3d that they are. */
static void draw_projection(const struct linear *layer, uint64_t key)
{
    double bound = sqrt(6.0 / (double)(layer->in + 3 * layer->in));
    for (size_t i = 0; i < layer->in * layer->out; i++) {
        layer->weights[i] = (float)(bound * (2.0 * uniform(key, i) - 1.0));
    }
    memset(layer->bias, 0, layer->out * sizeof(*layer->bias));
}

/* Layers with a residual connection begin with small weights. */
static void draw_linear(const struct linear *layer, uint64_t key)
{
    draw_normal(layer->weights, layer->in * layer->out, key);
    memset(layer->bias, 0, layer->out * sizeof(*layer->bias));
}

static void draw_norm(const struct layer_norm *norm, size_t d)
{
    for (size_t i = 0; i < d; i++) { norm->gain[i] = 1.0f; }
    memset(norm->bias, 0, d * sizeof(*norm->bias));
}

/* Each item has its own random stream: its first vector does not depend on when it comes. */
void weights_draw_items(const struct weights_shape *shape, float *at, uint32_t first, uint64_t seed)
{
    struct weights w = weights_view(shape, at);
    for (uint32_t i = first; i < shape->items; i++) {
        draw_normal(w.items + (size_t)i * shape->d, shape->d,
                    dropout_key(dropout_key(seed, 1), i));
    }
}

void weights_draw(const struct weights_shape *shape, float *at, uint64_t seed)
{
    struct weights w = weights_view(shape, at);
    const size_t d = shape->d;
    draw_normal(w.positions, shape->length * d, dropout_key(seed, 2));
    draw_normal(w.mask, d, dropout_key(seed, 3));
    draw_normal(w.attributes, shape->attributes * d, dropout_key(seed, 6));
    draw_normal(w.projection, shape->content * d, dropout_key(seed, 8));
    for (size_t b = 0; b < shape->blocks; b++) {
        const struct block_weights *block = &w.blocks[b];
        const uint64_t key = dropout_key(dropout_key(seed, 7), b);
        draw_norm(&block->attention_norm, d);
        draw_norm(&block->forward_norm, d);
        draw_projection(&block->query, dropout_key(key, 0));
        draw_projection(&block->key_value, dropout_key(key, 1));
        draw_linear(&block->output, dropout_key(key, 2));
        draw_linear(&block->inner, dropout_key(key, 3));
        draw_linear(&block->outer, dropout_key(key, 4));
    }
    draw_norm(&w.last_norm, d);
    weights_draw_items(shape, at, 0, seed);
}

static void prune_linear(const struct linear *layer, float share)
{
    pruning_cut(layer->weights, layer->in * layer->out, share);
}

void weights_prune(const struct weights_shape *shape, float *at, float share)
{
    struct weights w = weights_view(shape, at);
    for (uint32_t b = 0; b < shape->blocks; b++) {
        prune_linear(&w.blocks[b].query, share);
        prune_linear(&w.blocks[b].key_value, share);
        prune_linear(&w.blocks[b].output, share);
        prune_linear(&w.blocks[b].inner, share);
        prune_linear(&w.blocks[b].outer, share);
    }
    pruning_cut(w.projection, (size_t)shape->content * shape->d, share);
    pruning_cut(w.attributes, (size_t)shape->attributes * shape->d, share);
    pruning_cut(w.items, (size_t)shape->items * shape->d, share);
}
