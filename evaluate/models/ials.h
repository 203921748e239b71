/* iALS: matrix factorisation of users and the items they had, by alternating least squares over all
 * pairs.
 *
 *   least  sum over had (1 - x_u . y_i)^2 + alpha sum over all (x_u . y_i)^2
 *          + reg (sum over u of (n_u + alpha items) |x_u|^2 + sum over i of the same for y_i)
 *
 * so that for fixed Y  x_u = (alpha Y^T Y + sum of y_i y_i^T + reg (n_u + alpha items) I)^-1
 * sum of y_i. Hu, Koren, Volinsky, ICDM 2008, in the form of Rendle et al., "Revisiting the
 * Performance of iALS on Item Recommendation Benchmarks", RecSys 2022.
 *
 * A query computes its user's vector by the same equation from the history alone; an item of rank r
 * has weight recency_decay^(r-1). So a new user needs no training. learn() keeps the pairs;
 * settle() runs the sweeps. A pair that is learned after settle() updates the vector of its user,
 * then that of its item, by the same equation; a user or item with more than IALS_FOLD_MAX pairs is
 * not updated, because one more pair changes little. Y^T Y and X^T X are updated exactly. All other
 * vectors stay until the next settle().
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
