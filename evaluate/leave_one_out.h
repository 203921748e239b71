/* Leave one out: the protocol of the published tables, with full ranking.
 *
 * A user's last action is the test target and the one before it the validation target. Models learn
 * all but the last two actions of every user. The history of a test is all but the last action,
 * that of a validation all but the last two. All items are ranked but those in the history; a
 * target that is in the history, or that no model has seen, is a miss. Models learn all actions of
 * users with fewer than LEAVE_ACTIONS_MIN actions; such users are not evaluated.
 *
 * The caller measures time between the calls.
 */
#ifndef FRESHET_EVALUATE_LEAVE_ONE_OUT_H
#define FRESHET_EVALUATE_LEAVE_ONE_OUT_H

#include "base/base.h"
#include "model/ranking_metrics.h"
#include "evaluate/models/recommender.h"
#include "evaluate/models/sequences.h"

enum { LEAVE_ACTIONS_MIN = 3 };

/* How far from a user's end a target is. */
enum { LEAVE_TEST = 1, LEAVE_VALIDATION = 2 };

/* The users that are learned and evaluated: every `stride`-th, beginning with `first`. */
struct leave_users {
    int32_t stride;
    int32_t first;
};

/* Something that scores: a model or a blend. */
struct scoring {
    void (*score)(void *self, const struct query *query, float *scores);
    void *self;
};

/* Lets a model learn all but the last `held` actions of these users. */
void leave_one_out_learn(const struct recommender *recommender, void *model,
                         const struct sequences *sequences, struct leave_users users, size_t held);
/* Ranks these users' actions at `from_end`; returns the means of the metrics. */
struct ranking_metrics leave_one_out_evaluate(const struct scoring *scoring,
                                              const struct sequences *sequences,
                                              struct leave_users users, size_t from_end);

/* Receives one query and the item that came next. */
typedef void (*leave_visit)(void *arg, const struct query *query, int32_t target);
/* Calls visit() for each of these users, with the action at `from_end` as target. */
void leave_one_out_visit(const struct sequences *sequences, struct leave_users users,
                         size_t from_end, leave_visit visit, void *arg);

#endif
