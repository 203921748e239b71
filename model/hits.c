#include "base/base.h"
#include "model/hits.h"

double hits_rank(const float *scores, int32_t count, int32_t target)
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

void hits_count(struct hits *hits, double rank)
{
    hits->asked++;
    hits->r20 += rank < HITS_LONG;
    if (!(rank < HITS_SHORT)) { return; }
    hits->hr10 += 1.0;
    hits->ndcg10 += 1.0 / log2(rank + 2.0);
}

struct hits hits_mean(const struct hits *hits)
{
    double asked = (double)MAX_OF(hits->asked, (int64_t)1);
    return (struct hits){
        .asked = hits->asked,
        .hr10 = hits->hr10 / asked,
        .ndcg10 = hits->ndcg10 / asked,
        .r20 = hits->r20 / asked,
    };
}
