/* The encoder: computes the hidden vectors of a pack's tokens, and their gradients.
 *
 * SASRec's blocks (Kang and McAuley, ICDM 2018, arXiv 1808.09781), bidirectional as in BERT4Rec if
 * not causal. Of T tokens, width d:
 *
 *   x = drop(sqrt(d) item + position)
 *   each block:  q = LN(x);  y = q + Attention(q, x, x) Wo;  z = LN(y)
 *                x = z + drop(W2 drop(relu(W1 z)))
 *   hidden = LN(x)
 *
 * An encoder owns the memory of one pack's activations and belongs to one thread at a time.
 */
#ifndef FRESHET_MODEL_TRANSFORMER_ENCODER_H
#define FRESHET_MODEL_TRANSFORMER_ENCODER_H

#include "base/base.h"
#include "model/transformer/fused_attention.h"
#include "model/transformer/pack.h"
#include "model/transformer/weights.h"

struct encoder;

struct encoder_job {
    const struct weights *weights;
    const struct fused_attention *fused; /* of these, for encoder_run_last(); NULL: none */
    const float *table;    /* items x d: the item vectors, attributes and content included */
    const float *searches; /* by number, d each: the vectors of the pack's searches */
    float *dsearches;      /* encoder_back() adds the gradients of these to it; NULL: to nothing */
    const struct pack *pack;
    bool causal;
    float dropout; /* 0 when not training */
    uint64_t key;
};

/* Makes an encoder for packs of at most tokens_max tokens in sequences of at most shape->length;
 * free with encoder_free(). */
struct encoder *encoder_new(const struct weights_shape *shape, size_t tokens_max);
/* Frees the encoder; takes NULL; returns NULL. */
struct encoder *encoder_free(struct encoder *encoder);
/* Computes the hidden vectors of the tokens (tokens x d), borrowed until the next call. */
const float *encoder_run(struct encoder *encoder, const struct encoder_job *job);
/* Computes the hidden vectors of the sequences' last tokens alone (sequences x d), without dropout:
 * the last block is computed for them only. Borrowed until the next call; encoder_back() cannot
 * follow. */
const float *encoder_run_last(struct encoder *encoder, const struct encoder_job *job);
/* Adds the gradients of the weights to grads, given the gradient of the hidden vectors, dhidden
 * (tokens x d); those of the item vectors are added to grads->items. Follows encoder_run() with the
 * same job. */
void encoder_back(struct encoder *encoder, const struct encoder_job *job, const float *dhidden,
                  struct weights *grads);

#endif
