/* iALS: matrix factorisation of who had what, by alternating least squares over all pairs.
 *
 *   least  sum over had (1 - x_u . y_i)^2 + alpha sum over all (x_u . y_i)^2
 *          + reg (sum over u of (n_u + alpha items) |x_u|^2 + sum over i of the like)
 *
 * so that for fixed Y  x_u = (alpha Y^T Y + sum of y_i y_i^T + reg (n_u + alpha items) I)^-1
 * sum of y_i. Hu, Koren, Volinsky, ICDM 2008, in the form of Rendle et al., "Revisiting the
 * Performance of iALS on Item Recommendation Benchmarks", RecSys 2022.
 *
 * Every query folds its user in by that same equation, from the history alone, an item of rank r
 * weighing recency_decay^(r-1): a new user needs no learning. Learning keeps the pairs; settle()
 * runs the sweeps. A pair that is learned after that folds in its user and then its item by the
 * same equation, each unless it has more than IALS_FOLD_MAX pairs, when one more says little; Y^T Y
 * and X^T X follow exactly. Everything else waits for the next settle().
 */
#ifndef FRESHET_EVALUATE_MODELS_IALS_H
#define FRESHET_EVALUATE_MODELS_IALS_H

#include "base/base.h"
#include "evaluate/models/recommender.h"

enum { IALS_FACTORS_MAX = 128, IALS_FOLD_MAX = 512 };

struct ials_settings {
    double factors;
    double sweeps;
    double alpha;
    double regularisation;
    double recency_decay;
};

/* Presets: `recent`, `published` (recency_decay 1). */
extern const struct recommender ials_recommender;

#endif
