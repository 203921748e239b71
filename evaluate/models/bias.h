/* Bias: what a rating is before anything is known of the taste of the user.
 *
 *   b_ui = mu + b_i + b_u,   mu the mean of all ratings
 *   b_i  = sum of (r - mu) / (BIAS_ITEM_PULL + n_i)
 *   b_u  = sum of (r - mu - b_i) / (BIAS_USER_PULL + n_u)
 *
 * (Koren, "Factor in the Neighbors: Scalable and Accurate Collaborative Filtering", TKDD 4(1),
 * 2010, section 2.1, in its decoupled form.) Kept up rating by rating; all is computed at read
 * time, a user's part in the time of the user's list.
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

/* Counts a rating; the caller adds it to the ledgers. */
void bias_add(struct bias *bias, float rating);
/* Tells mu; 0 before the first rating. */
double bias_mean(const struct bias *bias);
/* Tells b_i. */
double bias_item(const struct bias *bias, int32_t item);
/* Tells b_u. */
double bias_user(const struct bias *bias, int32_t user);

#endif
