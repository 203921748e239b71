/* Softmax of rows, and the exponentials that attention and the loss use. */
#ifndef FRESHET_MODEL_TRANSFORMER_SOFTMAX_H
#define FRESHET_MODEL_TRANSFORMER_SOFTMAX_H

#include "base/base.h"

/* Finds the highest of n > 0 numbers. */
float softmax_highest(const float *row, size_t n);
/* Replaces each of n numbers x by e^(x - shift) and returns their sum, taken in sixteen lanes. No
 * x - shift may pass 88; below -87 each counts as e^-87. */
float softmax_exponentials(float *row, size_t n, float shift);
/* Replaces n > 0 numbers by their softmax: positive, summing to 1. */
void softmax_row(float *row, size_t n);

#endif
