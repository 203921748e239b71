/* Ranking metrics: the quality of a ranking of all items, by the rank of a target item.
 *
 * The rank of the target is the number of items before it, 0 for the best. Items with equal scores
 * share the mean of their ranks, so that a model with the same score for all items gains nothing.
 * An item whose score is -INFINITY is not ranked; as a target it is a miss.
 *
 *   HR@10    share of targets with rank < 10 (with one target, R@10 is the same)
 *   NDCG@10  mean of 1 / log2(rank + 2) where rank < 10
 *   R@20     share of targets with rank < 20
 */
#ifndef FRESHET_MODEL_RANKING_METRICS_H
#define FRESHET_MODEL_RANKING_METRICS_H

#include "base/base.h"

enum { RANKING_METRICS_SHORT = 10, RANKING_METRICS_LONG = 20 };

struct ranking_metrics {
    int64_t asked; /* targets */
    double hr10; /* sums until ranking_metrics_mean() */
    double ndcg10;
    double r20;
};

/* Ranks the target among `count` scores; INFINITY when it is not ranked. Scores are never NaN. */
double ranking_metrics_rank(const float *scores, int32_t count, int32_t target);
/* Counts a target of this rank. */
void ranking_metrics_count(struct ranking_metrics *hits, double rank);
/* Computes the means of what was counted; all 0 when nothing was. */
struct ranking_metrics ranking_metrics_mean(const struct ranking_metrics *hits);

#endif
