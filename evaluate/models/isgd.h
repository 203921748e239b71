/* ISGD: matrix factorisation learned action by action.
 *
 *   for each action (u, i), `iterations` times:  e = 1 - p_u . q_i
 *       p_u += rate (e q_i - reg p_u);  q_i += rate (e p_u - reg q_i)
 *   score_i = -|1 - p . q_i|,  p the user's, or for a user never seen the mean q of the history
 *
 * Vinagre, Jorge, Gama, "Fast Incremental Matrix Factorization for Recommendation with
 * Positive-Only Feedback", UMAP 2014. Initial vectors are normal with deviation .1, from the seed.
 */
#ifndef FRESHET_EVALUATE_MODELS_ISGD_H
#define FRESHET_EVALUATE_MODELS_ISGD_H

#include "base/base.h"
#include "evaluate/models/recommender.h"

enum { ISGD_FACTORS_MAX = 256 };

struct isgd_settings {
    double factors; /* made a multiple of 8 */
    double iterations;
    double rate;
    double regularisation;
};

/* Presets: `published`. */
extern const struct recommender isgd_recommender;

#endif
