/* Adam: the optimiser's step over a run of numbers.
 *
 * Kingma and Ba, "Adam: a method for stochastic optimization", arXiv 1412.6980, algorithm 1, with
 * the bias corrections folded into the rate and epsilon (section 2, last paragraph; exact):
 *
 *   m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2
 *   w -= rate * (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon)
 */
#ifndef FRESHET_MODEL_TRANSFORMER_ADAM_H
#define FRESHET_MODEL_TRANSFORMER_ADAM_H

#include "base/base.h"

struct adam {
    float rate;
    float beta1;
    float beta2;
    float epsilon;
};

/* The constants of the paper, with the given rate. */
static inline struct adam adam_with(float rate)
{
    return (struct adam){.rate = rate, .beta1 = 0.9f, .beta2 = 0.999f, .epsilon = 1e-8f};
}

/* Takes step number t (1 is the first) of n weights w with gradients g and moments m and v, and
 * zeroes g. The arrays do not overlap. */
void adam_step(const struct adam *adam, uint64_t t, size_t n, float *w, float *g, float *m,
               float *v);

#endif
