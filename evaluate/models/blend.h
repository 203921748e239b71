/* Blend: several models' scores as one list, weighted by what the next actions said.
 *
 * Each member's scores are made z-scores, a query at a time, over the items that the history does
 * not hold; a member that says the same of all items counts 0. The candidates are the first
 * BLEND_CANDIDATES of every member. A candidate has three features a member m:
 *
 *   z                        how far it stands out
 *   2 ln(1 + max(z + 1/2, 0))    the same with long tails cut: popularity has such
 *   1/(1 + r/5) - 1/7        r: its rank by m, 0 the best; 0 beyond the first 30
 *
 * and its score is the sum of weight times feature. What is no candidate stands behind all of them,
 * in the order of weight times z. Weights are kept by segment (how long the history is) and follow
 * the gradient of the log-likelihood of the item that came next among the candidates, with the
 * softmax of the score as its probability,
 *
 *   w += rate / sqrt(sum of squared gradients) * (x_target - mean of x under the softmax)
 *
 * (multinomial logit; steps by AdaGrad: Duchi, Hazan, Singer, JMLR 12, 2011). At first only the
 * first member counts, so that a blend begins as its first member.
 *
 * The one with the best running HR@10 + NDCG@10 answers, each answer weighing a little less than
 * the one after it: the mixture, which begins, or a single member that does better. BLEND_LEADER
 * has no mixture: that is how presets are chosen online. BLEND_MIXTURE follows nobody: the mixture
 * answers until blend_lead() says otherwise.
 *
 * Test, then train: blend_score(), judge, blend_teach() with the same query. One thread.
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
/* Scores all items (struct scoring); what the history holds is not ranked and is for the caller to
 * leave out. */
void blend_score(void *blend, const struct query *query, float *scores);
/* Learns from the answer to the query that was scored last. */
void blend_teach(struct blend *blend, const struct query *query, int32_t target);
/* Ranks the target by each member for the query that was scored last; `hits`: one a member. */
void blend_count(const struct blend *blend, const struct query *query, int32_t target,
                 struct ranking_metrics *hits);
/* Lets a member answer, or with the number of members the mixture. */
void blend_lead(struct blend *blend, size_t leader);
/* Says to which segment a history of this length belongs. */
size_t blend_segment(size_t history_count);
/* Tells what a member weighs in a segment: the sum over its features. */
float blend_weight(const struct blend *blend, size_t segment, size_t member);
/* Tells which member answers; the number of members when it is the mixture. */
size_t blend_leader(const struct blend *blend);

#endif
