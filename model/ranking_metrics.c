#include "base/base.h"
#include "model/ranking_metrics.h"

double ranking_metrics_rank(const float *scores, int32_t count, int32_t target)
{
    assert(target >= 0 && target < count);
    float mine = scores[target];
    if (!(mine > -INFINITY)) { return (double)INFINITY; }
    int32_t better = 0, equal = 0;
    for (int32_t i = 0; i < count; i++) {
        better += scores[i] > mine;
        equal += scores[i] == mine;
    }
    return better + (equal - 1) / 2.0;
}

void ranking_metrics_count(struct ranking_metrics *hits, double rank)
{
    hits->asked++;
    hits->r20 += rank < RANKING_METRICS_LONG;
    if (!(rank < RANKING_METRICS_SHORT)) { return; }
    hits->hr10 += 1.0;
    hits->ndcg10 += 1.0 / log2(rank + 2.0);
}

struct ranking_metrics ranking_metrics_mean(const struct ranking_metrics *hits)
{
    double asked = (double)MAX_OF(hits->asked, (int64_t)1);
    return (struct ranking_metrics){
        .asked = hits->asked,
        .hr10 = hits->hr10 / asked,
        .ndcg10 = hits->ndcg10 / asked,
        .r20 = hits->r20 / asked,
    };
}
