/* Hits: the judge of a ranking of all items.
 *
 * The rank of the target is the number of items that stand before it, 0 for the best; items of
 * equal score share the mean of their ranks, so that a model which cannot tell items apart gains
 * nothing by it. An item whose score is -INFINITY is not ranked, and as a target is a miss.
 *
 *   HR@10    share of targets with rank < 10 (with one target, R@10 is the same)
 *   NDCG@10  mean of 1 / log2(rank + 2) where rank < 10
 *   R@20     share of targets with rank < 20
 */
#ifndef FRESHET_MODEL_HITS_H
#define FRESHET_MODEL_HITS_H

#include "base/base.h"

enum { HITS_SHORT = 10, HITS_LONG = 20 };

struct hits {
    int64_t asked;
    double hr10; /* sums until hits_mean() */
    double ndcg10;
    double r20;
};

/* Ranks the target among `count` scores; INFINITY when it is not ranked. Scores are never NaN. */
double hits_rank(const float *scores, int32_t count, int32_t target);
/* Counts a target of this rank. */
void hits_count(struct hits *hits, double rank);
/* Computes the means of what was counted; all 0 when nothing was. */
struct hits hits_mean(const struct hits *hits);

#endif
