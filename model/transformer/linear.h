/* A linear layer: y = x W + b over rows, and its gradients. */
#ifndef FRESHET_MODEL_TRANSFORMER_LINEAR_H
#define FRESHET_MODEL_TRANSFORMER_LINEAR_H

#include "base/base.h"

/* Weights (in x out, row-major) and bias (out numbers), or their gradients. */
struct linear {
    float *weights;
    float *bias;
    size_t in, out;
};

/* Computes y (rows x out) from x (rows x in). */
void linear(const struct linear *layer, const float *x, size_t rows, float *y);
/* Adds the gradients by weights and bias to grad's; writes the gradient by x to dx (rows x in), or
 * adds it there. */
void linear_back(const struct linear *layer, const float *x, const float *dy, size_t rows, bool add,
                 float *dx, const struct linear *grad);

#endif
