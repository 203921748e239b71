/* Served mixture: the lists that the scorer makes when it has something to blend, for evaluation.
 *
 * The candidates, their z-scores and what is learned are the scorer's own functions
 * (model/candidate_set.h, model/mixture.h), over the scorer's members: the recommender `counting`;
 * a recommender of sequences, which stands in for the model versions of the sequence trainer;
 * content, where the items' features are known. As in the scorer, counting answers at first, and
 * another member or the mixture takes the lead when it has proved itself in the user's segment.
 *
 * Two things differ: the sequence model learns step by step with the stream, not in published
 * training runs, and every asked action teaches the mixture at once.
 *
 * Test, then train: served_mixture_score(), then served_mixture_teach() with the same query.
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

/* Makes one that has learned nothing. `counting` was made by counting_recommender, `model` by
 * `sequence`, both with this context. Free with served_mixture_free(). */
struct served_mixture *served_mixture_new(const struct model_context *context, void *counting,
                                          const struct recommender *sequence, void *model);
/* Frees it; takes NULL; returns NULL. */
struct served_mixture *served_mixture_free(struct served_mixture *served);
/* Makes the list and scores the items by their places on it; all others score the same. */
void served_mixture_score(void *served, const struct query *query, float *scores);
/* Trains the mixture: this item came next after the query that was scored last. */
void served_mixture_teach(void *served, const struct query *query, int32_t target);
/* Tells who answers in a segment: a member, or MIXTURE_MEMBERS for the mixture. */
int served_mixture_leader(const struct served_mixture *served, enum mixture_segment segment);

#endif
