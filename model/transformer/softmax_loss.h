/* Softmax cross-entropy over a table of item vectors, forward and backward in one pass.
 *
 * For each row x of hidden vectors with its target item t, over the table's rows w_j:
 *
 *   loss = c (log(sum_j e^(x.w_j)) - x.w_t),   c how much the row counts
 *   d loss / dx   = c (sum_j p_j w_j - w_t),   p_j = e^(x.w_j) / sum
 *   d loss / dw_j = c (p_j - [j = t]) x
 *
 * Logits are computed for a tile of rows at a time, in scratch memory that is reused. They become
 * exponentials there and are read twice more for the two gradients. So no whole rows x items matrix
 * exists, and the divisions by the sums are done on the smaller matrices. The maximum of a row is
 * computed only if |x| max|w| allows it to exceed SOFTMAX_LOSS_SAFE.
 *
 * Sampled: the sum runs over the target and a shared sample of other items instead (uniform
 * negatives; Jean et al., "On using very large target vocabulary", ACL 2015, without correction as
 * all are equally likely). A sampled item that is the row's own target does not count.
 */
#ifndef FRESHET_MODEL_TRANSFORMER_SOFTMAX_LOSS_H
#define FRESHET_MODEL_TRANSFORMER_SOFTMAX_LOSS_H

#include "base/base.h"

#define SOFTMAX_LOSS_SAFE 60.0f

struct softmax_loss {
    size_t d;             /* length of a vector */
    const float *columns; /* count x d: the vectors summed over */
    size_t count;
    float longest;   /* a bound on the columns' lengths: softmax_loss_longest() */
    float weight;    /* factor of the gradients */
    float *dcolumns; /* count x d: gradients are added here */
    size_t tile;     /* rows at a time */
    float *scratch;  /* softmax_loss_scratch() numbers, of one thread */

    /* Sampled only, else NULL: the vectors of all items, their gradients, and for each item its
     * column, or -1. */
    const float *table;
    float *dtable;
    const int32_t *slots;
};

/* Returns how many numbers of scratch memory a tile takes. */
size_t softmax_loss_scratch(size_t tile, size_t count, size_t d);
/* Finds the length of the longest of `count` vectors. */
float softmax_loss_longest(const float *vectors, size_t count, size_t d);
/* The rows of x (rows x d), with the target of each and how much it counts (c). */
struct softmax_rows {
    const float *x;
    const int32_t *targets;
    const float *counts;
    size_t count;
};

/* Returns the sum of the losses of the rows; writes the weighted gradient by x to dx (rows x d),
 * adds those by the vectors. */
double softmax_loss(const struct softmax_loss *loss, const struct softmax_rows *rows, float *dx);

#endif
