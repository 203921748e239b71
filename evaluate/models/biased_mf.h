/* Biased MF: what a user will rate, from biases and factors.
 *
 *   rate_ui = mu + b_u + b_i + p_u . q_i
 *   least  sum over ratings of (r_ui - rate_ui)^2 / 2 + reg/2 (b_u^2 + b_i^2 + |p_u|^2 + |q_i|^2)
 *
 * by stochastic gradient: Koren, Bell, Volinsky, "Matrix Factorization Techniques for Recommender
 * Systems", IEEE Computer 42(8), 2009, formulas (4) and (5). Every rating takes a step when it
 * comes, so that new users and items are known at once; settle() goes over all of them `epochs`
 * times in an order drawn anew, the rate falling in a straight line to a tenth. mu is the mean of
 * all ratings so far. Of a repeated pair each rating counts. Vectors begin normal with deviation
 * .1, from the seed. Unknown users and items are 0 in all of theirs; a list is sorted by rate.
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

/* What one step moves. */
struct biased_mf_pair {
    float *p, *q; /* k numbers each, a multiple of 8 */
    float *b_u, *b_i;
    size_t k;
};

/* Takes one step down the gradient for a rating less mu; returns the error before it. */
float biased_mf_step(const struct biased_mf_pair *pair, float over_mean, float rate,
                     float regularisation);

/* Presets: `stars`. */
extern const struct recommender biased_mf_recommender;

#endif
