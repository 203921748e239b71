/* Bias: the rating that the user's and the item's mean ratings predict.
 *
 *   b_ui = mu + b_i + b_u,   mu the mean of all ratings
 *   b_i  = sum of (r - mu) / (BIAS_ITEM_PULL + n_i)
 *   b_u  = sum of (r - mu - b_i) / (BIAS_USER_PULL + n_u)
 *
 * (Koren, "Factor in the Neighbors: Scalable and Accurate Collaborative Filtering", TKDD 4(1),
 * 2010, section 2.1, in its decoupled form.) Adding a rating updates only the sum and the lists;
 * b_i and b_u are computed when they are read, b_u in time proportional to the user's list.
 */
#ifndef FRESHET_EVALUATE_MODELS_BIAS_H
#define FRESHET_EVALUATE_MODELS_BIAS_H

#include "base/base.h"
#include "evaluate/models/interaction_lists.h"

#define BIAS_ITEM_PULL 10.0
#define BIAS_USER_PULL 15.0

struct bias {
    const struct interaction_lists *by_user; /* borrowed */
    const struct interaction_lists *by_item; /* borrowed */
    double sum;
    int64_t count;
};

/* Counts a rating; the caller adds it to both interaction lists. */
void bias_add(struct bias *bias, float rating);
/* Returns mu; 0 before the first rating. */
double bias_mean(const struct bias *bias);
/* Returns b_i. */
double bias_item(const struct bias *bias, int32_t item);
/* Returns b_u. */
double bias_user(const struct bias *bias, int32_t user);

#endif
