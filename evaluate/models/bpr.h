/* BPR: matrix factorisation that ranks items that the user had above items that the user had not.
 *
 *   x = p_u . (q_i - q_j) + b_i - b_j      u had i; j is drawn from the known items u had not
 *   least  -ln sigma(x) + reg/2 (|p_u|^2 + |q_i|^2 + |q_j|^2 + b_i^2 + b_j^2)
 *   score_i = p_u . q_i + b_i, p the user's, or for a user never seen the mean q of the history
 *
 * Rendle, Freudenthaler, Gantner, Schmidt-Thieme, "BPR: Bayesian Personalized Ranking from Implicit
 * Feedback", UAI 2009, algorithm LearnBPR, run online: each new pair takes a step, and `replays`
 * pairs drawn from all so far take one each, so that old pairs are not forgotten. Initial vectors
 * are normal with deviation .1, from the seed.
 */
#ifndef FRESHET_EVALUATE_MODELS_BPR_H
#define FRESHET_EVALUATE_MODELS_BPR_H

#include "base/base.h"
#include "evaluate/models/recommender.h"

enum { BPR_FACTORS_MAX = 256 };

struct bpr_settings {
    double factors; /* made a multiple of 8 */
    double rate;
    double regularisation;
    double replays;
};

/* The parameters that one step changes. */
struct bpr_triple {
    float *p, *q_i, *q_j; /* k numbers each, a multiple of 8 */
    float *b_i, *b_j;
    size_t k;
};

/* Takes one gradient step; returns x before the step. */
float bpr_step(const struct bpr_triple *triple, float rate, float regularisation);

/* Presets: `online`. */
extern const struct recommender bpr_recommender;

#endif
