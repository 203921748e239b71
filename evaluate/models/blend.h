/* Blend: one list from the scores of several models, with weights learned from the next actions.
 *
 * For each query, every member's scores become z-scores over the items that are not in the history;
 * a member that gives all items the same score gets z = 0. The candidates are the first
 * BLEND_CANDIDATES items of every member. A candidate has three features for each member m:
 *
 *   z                            the z-score
 *   2 ln(1 + max(z + 1/2, 0))    the same without long tails, as popularity has them
 *   1/(1 + r/5) - 1/7            r: its rank by m, 0 the best; 0 beyond the first 30
 *
 * and its score is the sum of weight times feature. All other items rank behind the candidates, in
 * the order of weight times z. Each segment (a range of history lengths) has weights of its own.
 * They follow the gradient of the log-likelihood of the item that came next among the candidates,
 * with the softmax of the score as its probability,
 *
 *   w += rate / sqrt(sum of squared gradients) * (x_target - mean of x under the softmax)
 *
 * (multinomial logit; steps by AdaGrad: Duchi, Hazan, Singer, JMLR 12, 2011). The initial weights
 * are 0 but for the first member, so that a blend begins as its first member.
 *
 * The leader makes the list: the mixture, or a member whose running HR@10 + NDCG@10 is better
 * (newer queries weigh more). The mixture leads first. In mode BLEND_LEADER there is no mixture:
 * presets are chosen online in this way. In mode BLEND_MIXTURE the leader changes only by
 * blend_lead().
 *
 * Test, then train: blend_score(), use the scores, then blend_learn() with the same query. One
 * thread.
 */
#ifndef FRESHET_EVALUATE_MODELS_BLEND_H
#define FRESHET_EVALUATE_MODELS_BLEND_H

#include "base/base.h"
#include "model/ranking_metrics.h"
#include "evaluate/models/recommender.h"

enum { BLEND_MEMBERS_MAX = 32, BLEND_SEGMENTS = 4, BLEND_CANDIDATES = 30 };

enum blend_mode { BLEND_LEARNED, BLEND_LEADER, BLEND_MIXTURE };

struct member {
    const struct recommender *recommender;
    void *model; /* borrowed */
    const char *preset;
};

struct blend;

/* Makes a blend of `count` members; free with blend_free(). */
struct blend *blend_new(enum blend_mode mode, int32_t items_max, const struct member *members,
                        size_t count);
/* Frees the blend, not its members; takes NULL; returns NULL. */
struct blend *blend_free(struct blend *blend);
/* Borrows the members. */
const struct member *blend_members(const struct blend *blend, size_t *ret_count);
/* Scores all items (struct scoring). The caller leaves out the items of the history: their scores
 * mean nothing. */
void blend_score(void *blend, const struct query *query, float *scores);
/* Learns that `target` came next after the query that was scored last. */
void blend_learn(struct blend *blend, const struct query *query, int32_t target);
/* Ranks the target by each member for the query that was scored last; `hits`: one a member. */
void blend_count(const struct blend *blend, const struct query *query, int32_t target,
                 struct ranking_metrics *hits);
/* Makes a member the leader, or the mixture when `leader` is the number of members. */
void blend_lead(struct blend *blend, size_t leader);
/* Returns the segment of a history of this length. */
size_t blend_segment(size_t history_count);
/* Returns a member's weight in a segment: the sum over its features. */
float blend_weight(const struct blend *blend, size_t segment, size_t member);
/* Returns the leader: a member, or the number of members for the mixture. */
size_t blend_leader(const struct blend *blend);

#endif
