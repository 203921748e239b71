/* Served mixture: for evaluation, the lists that the scorer makes when it has several members.
 *
 * Candidates, z-scores and learning are the scorer's own functions (model/candidate_set.h,
 * model/mixture.h). The members are the scorer's, too: the recommender `counting`; a sequence
 * recommender in place of the sequence trainer's model versions; content with its aspects, where
 * the items' features or vectors are known; and `users`, who act alike, where it is given. As in
 * the scorer, counting leads at first. Another member or the mixture takes the lead in a segment of
 * users when its predictions there have been better.
 *
 * Two things differ: the sequence model learns step by step with the stream, not in published
 * training runs, and the mixture learns at once from every action that is predicted.
 *
 * Test, then train: served_mixture_score(), then served_mixture_learn() with the same query.
 * Borrows the members' models. One thread.
 */
#ifndef FRESHET_EVALUATE_SERVED_MIXTURE_H
#define FRESHET_EVALUATE_SERVED_MIXTURE_H

#include "base/base.h"
#include "evaluate/models/recommender.h"
#include "model/mixture.h"

/* As the scorer's list.length, and the candidates of each member. */
enum { SERVED_LIST_LENGTH = 20, SERVED_CANDIDATES = 50 };

struct served_mixture;

/* Makes an untrained mixture. `counting` was made by counting_recommender, `model` by `sequence`,
 * both with this context. Free with served_mixture_free(). */
struct served_mixture *served_mixture_new(const struct model_context *context, void *counting,
                                          const struct recommender *sequence, void *model);
/* Lets users who act alike be a member: a model that `users` made with this context. */
void served_mixture_use_users(struct served_mixture *served, const struct recommender *users,
                              void *model);
/* Frees it; takes NULL; returns NULL. */
struct served_mixture *served_mixture_free(struct served_mixture *served);
/* Makes the list and scores its items by their ranks; all others get the same lowest score. */
void served_mixture_score(void *served, const struct query *query, float *scores);
/* Trains the mixture: this item came next after the query that was scored last. */
void served_mixture_learn(void *served, const struct query *query, int32_t target);
/* Returns the leader of a segment: a member, or MIXTURE_MEMBERS for the mixture. */
int served_mixture_leader(const struct served_mixture *served, enum mixture_segment segment);

#endif
