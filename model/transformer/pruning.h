/* Pruning: sets numbers near 0 to 0, and packs runs with many zeros.
 *
 * Weights of small magnitude become 0: Han, Pool, Tran, Dally, "Learning both Weights and
 * Connections for Efficient Neural Networks", NIPS 2015, without retraining. A packed run has one
 * bit for each number (lowest bit first, 1 where it is not 0, the last byte filled with 0) and then
 * the numbers that are not 0, in order.
 */
#ifndef FRESHET_MODEL_TRANSFORMER_PRUNING_H
#define FRESHET_MODEL_TRANSFORMER_PRUNING_H

#include "base/base.h"
#include "base/buf.h"

/* Sets the `share` of n finite numbers that is smallest in magnitude to 0; of equals the first. */
void pruning_cut(float *values, size_t n, float share);
/* Returns how many numbers are not 0. */
size_t pruning_kept(const float *values, size_t n);
/* Returns the bytes of a packed run of n numbers of which `kept` are not 0. */
size_t pruning_packed_size(size_t n, size_t kept);
/* Appends the packed run. */
void pruning_pack(const float *values, size_t n, struct buf *buf);
/* Reads pruning_packed_size() bytes; false, with undefined values, when the bits do not count
 * `kept`. */
bool pruning_unpack(const char *bytes, size_t n, size_t kept, float *values);

#endif
