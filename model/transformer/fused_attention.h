/* Fused attention: the matrices of a block with one head, multiplied beforehand for serving.
 *
 * Of inputs x with keys x K + a and values x V + b, a query q asks for
 *
 *     softmax(q (x K + a)^T) (x V + b) O + c  =  softmax((q K^T) x^T) x V O + (b O + c)
 *
 * as what a adds is the same for all inputs, and weights add up to 1. So inputs are keys and values
 * themselves, and two products of matrices take the place of four. With more heads, each would need
 * products of its own. The weights are those of one model version, which do not change.
 */
#ifndef FRESHET_MODEL_TRANSFORMER_FUSED_ATTENTION_H
#define FRESHET_MODEL_TRANSFORMER_FUSED_ATTENTION_H

#include "base/base.h"
#include "model/transformer/weights.h"

struct fused_block {
    struct linear asked;  /* LN(x) -> q K^T */
    struct linear output; /* the mean of inputs -> V O */
};

struct fused_attention {
    struct fused_block blocks[WEIGHTS_BLOCKS_MAX];
    float *numbers; /* of all of them; owned */
};

/* Computes them; the shape has one head. */
void fused_attention_init(struct fused_attention *fused, const struct weights_shape *shape,
                          const struct weights *weights);
/* Frees the memory; an empty one again. */
void fused_attention_release(struct fused_attention *fused);

#endif
