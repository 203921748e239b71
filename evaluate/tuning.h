/* Tuning: which settings suit the data, by validation alone.
 *
 * The objective is HR@10 + NDCG@10 of the validation actions (leave_one_out.h). The presets run a
 * heat against each other on a sample of whole users, so that their cost has a bound whatever the
 * size of the data; then the winner's hyperparameters that only reading depends on descend one by
 * one on the model that has learned everything. No test action is looked at.
 */
#ifndef FRESHET_EVALUATE_TUNING_H
#define FRESHET_EVALUATE_TUNING_H

#include "base/base.h"
#include "evaluate/leave_one_out.h"

enum { TUNING_HEAT_ACTIONS = 250000, TUNING_JUDGED_USERS = 4000 };

/* Computes the objective. */
double tuning_objective(const struct ranking_metrics *hits);
/* Says which users to take so that about `most` of `all` are taken. */
struct leave_users tuning_users(int64_t all, int64_t most);
/* Asks the model itself which preset it prefers, or runs the heat; returns the winning preset: the
 * first of equals. */
size_t tuning_preset(const struct recommender *recommender, const struct model_context *context,
                     const struct sequences *sequences);
/* Descends for `rounds` over the hyperparameters, from `settings` to better ones, for the model
 * that was learned with them and has them at the end. Returns the objective. */
double tuning_descend(const struct recommender *recommender, void *model,
                      const struct sequences *sequences, int rounds, void *settings);

#endif
