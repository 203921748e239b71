/* Tuning: finds settings that suit the data, by validation only.
 *
 * The objective is HR@10 + NDCG@10 of the validation actions (leave_one_out.h). First the presets
 * are compared on a sample of users (all actions of each), so that the cost is bounded for data of
 * any size. Then the model learns everything with the best preset, and a coordinate search improves
 * the hyperparameters that only scoring depends on, one by one. Test actions are not used.
 */
#ifndef FRESHET_EVALUATE_TUNING_H
#define FRESHET_EVALUATE_TUNING_H

#include "base/base.h"
#include "evaluate/leave_one_out.h"

enum { TUNING_SAMPLE_ACTIONS = 250000, TUNING_VALIDATED_USERS = 4000 };

/* Computes the objective. */
double tuning_objective(const struct ranking_metrics *hits);
/* Returns the users to take so that about `most` of `all` are taken. */
struct leave_users tuning_users(int64_t all, int64_t most);
/* Returns the preset that the model prefers by itself, or else the best one on the sample; the
 * first of equals. */
size_t tuning_preset(const struct recommender *recommender, const struct model_context *context,
                     const struct sequences *sequences);
/* Searches better hyperparameters in `rounds` passes, for a model that was trained with `settings`.
 * At the end `settings` and the model have the best ones. Returns the objective. */
double tuning_descend(const struct recommender *recommender, void *model,
                      const struct sequences *sequences, int rounds, void *settings);

#endif
