/* Alike recommender: what users chose who act alike, as the scorer has it from a sample of users
 * (model/alike_users.h, model/cluster_space.h), by each user's newest items. Users are grouped
 * again when there are a quarter more actions than the last time: the sequence trainer does so
 * from time to time.
 */
#ifndef FRESHET_EVALUATE_MODELS_ALIKE_RECOMMENDER_H
#define FRESHET_EVALUATE_MODELS_ALIKE_RECOMMENDER_H

#include "evaluate/models/recommender.h"

struct alike_settings {
    double history, d, clusters, item_users, growth, actions;
};

extern const struct recommender alike_recommender;

#endif
