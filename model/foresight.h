/* Foresight: a Transformer that serves: dense weights and a table of item vectors, no gradients.
 *
 * The dense weights are what is in a run (weights.h) before attributes and items: positions, mask,
 * blocks, last norm. The table is the caller's, rows x d, attributes included, and may grow or move
 * from call to call. Memory is one pack's activations. One thread.
 */
#ifndef FRESHET_MODEL_FORESIGHT_H
#define FRESHET_MODEL_FORESIGHT_H

#include "base/base.h"
#include "model/pack.h"
#include "model/weights.h"

struct foresight;

/* Counts the dense weights of a shape; its items and attributes do not matter. */
size_t foresight_dense_count(const struct weights_shape *shape);
/* Makes a server of a shape that fits, whose items and attributes do not matter; copies the dense
 * weights. Free with foresight_free(). */
struct foresight *foresight_new(const struct weights_shape *shape, const float *dense);
/* Frees it; takes NULL; returns NULL. */
struct foresight *foresight_free(struct foresight *foresight);
/* Counts the numbers of a vector. */
size_t foresight_width(const struct foresight *foresight);
/* Computes what each history (none empty; items are rows of the table) leads to: hidden
 * (count x d). */
void foresight_encode(struct foresight *foresight, const float *table,
                      const struct sequence *histories, size_t count, float *hidden);
/* Scores `rows` rows of the table for hidden vectors: scores (count x rows). */
void foresight_scores(const struct foresight *foresight, const float *table, size_t rows,
                      const float *hidden, size_t count, float *scores);

#endif
