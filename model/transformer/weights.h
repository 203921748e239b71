/* Weights: all numbers of a Transformer in one run, and the place of each part in it.
 *
 * Weights, gradients and the optimiser's moments have the same layout. The item vectors come last,
 * so that the run is extended when the catalogue grows.
 */
#ifndef FRESHET_MODEL_TRANSFORMER_WEIGHTS_H
#define FRESHET_MODEL_TRANSFORMER_WEIGHTS_H

#include "base/base.h"
#include "model/transformer/layer_norm.h"
#include "model/transformer/linear.h"

enum { WEIGHTS_BLOCKS_MAX = 8 };

/* The sizes of a model. Widths are multiples of 16. */
struct weights_shape {
    uint32_t items;
    uint32_t d;      /* width of all vectors */
    uint32_t hidden; /* inner width of the feed-forward layers */
    uint32_t blocks; /* at most WEIGHTS_BLOCKS_MAX */
    uint32_t heads;  /* divides d */
    uint32_t length; /* positions */
    uint32_t attributes;
    uint32_t content; /* numbers of an item's content vector; 0: none */
    uint32_t masked; /* 1: trained on masked items; it predicts at a mask at the end */
};

struct block_weights {
    struct layer_norm attention_norm;
    struct linear query;
    struct linear key_value; /* d -> 2d */
    struct linear output;
    struct layer_norm forward_norm;
    struct linear inner; /* d -> hidden */
    struct linear outer; /* hidden -> d */
};

/* Borrows parts of a run. */
struct weights {
    float *positions; /* length x d */
    float *mask;      /* d: in place of an item that is to be predicted */
    struct block_weights blocks[WEIGHTS_BLOCKS_MAX];
    struct layer_norm last_norm;
    float *projection; /* content x d: makes of a content vector what it adds to an item's */
    float *attributes; /* attributes x d */
    float *items;      /* items x d */
};

/* Says whether the shape is valid; if not, *ret_why has the reason. */
bool weights_shape_fits(const struct weights_shape *shape, const char **ret_why);
/* Returns how many numbers a run has. */
size_t weights_count(const struct weights_shape *shape);
/* Finds the parts in a run at `at`. */
struct weights weights_view(const struct weights_shape *shape, float *at);
/* Draws first values: vectors and linear layers from N(0, 0.02^2), the projections of attention
 * uniform within Glorot's bounds (AISTATS 2010, formula 16), gains 1, biases 0. The same seed gives
 * the same values. */
void weights_draw(const struct weights_shape *shape, float *at, uint64_t seed);
/* Sets the `share` of each matrix (layers, projection, item and attribute vectors) that is smallest
 * in magnitude to 0 (pruning.h). */
void weights_prune(const struct weights_shape *shape, float *at, float share);
/* Draws the vectors of items from `first` on, the same as weights_draw() would. */
void weights_draw_items(const struct weights_shape *shape, float *at, uint32_t first,
                        uint64_t seed);

#endif
