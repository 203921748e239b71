/* Transformer inference: a Transformer without gradients, for serving.
 *
 * The dense weights are the first part of a run (weights.h): positions, mask, blocks, last norm.
 * The table is the caller's, rows x d, attributes and content included, and may grow or move from
 * call to call. A model that was trained on masked items reads a history and a mask at its end.
 * Memory is one pack's activations. One thread.
 */
#ifndef FRESHET_MODEL_TRANSFORMER_TRANSFORMER_INFERENCE_H
#define FRESHET_MODEL_TRANSFORMER_TRANSFORMER_INFERENCE_H

#include "base/base.h"
#include "model/transformer/pack.h"
#include "model/transformer/weights.h"

struct transformer_inference;

/* Returns the number of dense weights of a shape; its items, attributes and content do not
 * matter. */
size_t transformer_inference_dense_count(const struct weights_shape *shape);
/* Makes one for a shape that fits (its items, attributes and content do not matter); copies the
 * dense weights. Free with transformer_inference_free(). */
struct transformer_inference *transformer_inference_new(const struct weights_shape *shape,
                                                        const float *dense);
/* Frees it; takes NULL; returns NULL. */
struct transformer_inference *transformer_inference_free(struct transformer_inference *inference);
/* Returns how many numbers a vector has. */
size_t transformer_inference_width(const struct transformer_inference *inference);
/* Computes the hidden vector of each history (none empty; items are rows of the table): hidden
 * (count x d). `searches` has the vectors of the searches in them, d each; NULL: there are none. */
void transformer_inference_encode(struct transformer_inference *inference, const float *table,
                                  const float *searches, const struct sequence *histories,
                                  size_t count, float *hidden);

#endif
