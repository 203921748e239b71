/* Dropout: zeroes a random share of numbers and scales up the rest, so that the mean stays.
 *
 * Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 15,
 * 2014. The mask is not kept: it is a function of (key, position). Dropout is linear, so the
 * gradient goes through the same call with the same key. Rates are multiples of 1/256: one random
 * byte a number.
 */
#ifndef FRESHET_MODEL_TRANSFORMER_DROPOUT_H
#define FRESHET_MODEL_TRANSFORMER_DROPOUT_H

#include "base/base.h"

/* Makes a key from another and a number: independent streams for steps, sequences, layers. */
uint64_t dropout_key(uint64_t key, uint64_t number);
/* Applies dropout to n numbers in place; rate 0 changes nothing. 0 <= rate < 1. */
void dropout(float *x, size_t n, float rate, uint64_t key);
/* Writes dropout(x) to y, which may be x itself. */
void dropout_copy(float *y, const float *x, size_t n, float rate, uint64_t key);
/* Returns the factor of the numbers that are kept. */
float dropout_scale(float rate);

#endif
