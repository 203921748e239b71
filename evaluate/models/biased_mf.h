/* Biased MF: predicts ratings from biases and factors.
 *
 *   rate_ui = mu + b_u + b_i + p_u . q_i
 *   least  sum over ratings of (r_ui - rate_ui)^2 / 2 + reg/2 (b_u^2 + b_i^2 + |p_u|^2 + |q_i|^2)
 *
 * by stochastic gradient descent: Koren, Bell, Volinsky, "Matrix Factorization Techniques for
 * Recommender Systems", IEEE Computer 42(8), 2009, formulas (4) and (5). learn() takes one step for
 * each rating, so that new users and items are known at once. settle() makes `epochs` passes over
 * all ratings, shuffled each time, while the learning rate falls linearly to a tenth. mu is the
 * mean of all ratings so far. When a user rates an item again, both ratings count. Initial vectors
 * are normal with deviation .1, from the seed. Biases and vectors of unknown users and items are 0.
 * Lists are sorted by the predicted rating.
 */
#ifndef FRESHET_EVALUATE_MODELS_BIASED_MF_H
#define FRESHET_EVALUATE_MODELS_BIASED_MF_H

#include "base/base.h"
#include "evaluate/models/recommender.h"

enum { BIASED_MF_FACTORS_MAX = 256 };

struct biased_mf_settings {
    double factors; /* made a multiple of 8 */
    double epochs;
    double rate;
    double regularisation;
};

/* The parameters that one step changes. */
struct biased_mf_pair {
    float *p, *q; /* k numbers each, a multiple of 8 */
    float *b_u, *b_i;
    size_t k;
};

/* Takes one gradient step; `over_mean` is the rating minus mu. Returns the error before it. */
float biased_mf_step(const struct biased_mf_pair *pair, float over_mean, float rate,
                     float regularisation);

/* Presets: `stars`. */
extern const struct recommender biased_mf_recommender;

#endif
