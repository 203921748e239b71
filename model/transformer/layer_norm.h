/* Layer normalisation: each row to mean 0 and variance 1, then gain and bias.
 *
 * Ba, Kiros and Hinton, "Layer Normalization", arXiv 1607.06450. For each of `rows` rows of d
 * numbers (d a multiple of 16):
 *
 *   y = gain * (x - mean) * rstd + bias,   rstd = 1 / sqrt(variance + LAYER_NORM_EPSILON)
 */
#ifndef FRESHET_MODEL_TRANSFORMER_LAYER_NORM_H
#define FRESHET_MODEL_TRANSFORMER_LAYER_NORM_H

#include "base/base.h"

#define LAYER_NORM_EPSILON 1e-8f

/* The parameters of one normalisation: gain and bias, d numbers each. */
struct layer_norm {
    float *gain;
    float *bias;
};

/* Normalises x (rows x d) into y; stats keeps mean and rstd of each row (rows x 2). */
void layer_norm(const float *x, struct layer_norm norm, size_t rows, size_t d, float *y,
                float *stats);
/* Adds the gradient by x to dx and those by gain and bias to grad's, given dy (rows x d). */
void layer_norm_back(const float *dy, const float *x, const float *stats, struct layer_norm norm,
                     size_t rows, size_t d, float *dx, struct layer_norm grad);

#endif
