#include "base/base.h"
#include "base/array.h"
#include "base/hash_index.h"
#include "base/xalloc.h"
#include "model/segment_counts.h"
#include "model/segment_scores.h"

/* An item while its parts are added up: what its segments have said so far, and of how many. */
struct sum {
    int32_t item;
    int32_t segment; /* of the greatest part */
    double p, lifts, gains, greatest;
    double all_users, item_users;
    size_t named; /* segments whose part is in: those that name it */
};

struct segment_scores {
    bool (*before)(const void *arg, int32_t a, int32_t b);
    const void *arg;
    struct sum *sums;
    size_t count, capacity;
    struct hash_index index;
    struct segment_score *found;
    size_t found_capacity;
};

struct segment_scores *segment_scores_new(bool (*before)(const void *arg, int32_t a, int32_t b),
                                          const void *arg)
{
    struct segment_scores *scores = xcalloc(1, sizeof(*scores));
    scores->before = before;
    scores->arg = arg;
    return scores;
}

struct segment_scores *segment_scores_free(struct segment_scores *scores)
{
    if (!scores) { return NULL; }
    hash_index_release(&scores->index);
    free(scores->sums);
    free(scores->found);
    free(scores);
    return NULL;
}

static uint64_t hash_of(const void *owner, uint32_t at)
{
    return (uint64_t)((const struct segment_scores *)owner)->sums[at].item;
}

static bool is(const void *owner, uint32_t at, const void *key)
{
    return ((const struct segment_scores *)owner)->sums[at].item == *(const int32_t *)key;
}

/* Adds the items of a segment that none before it names. */
static void add_items(struct segment_scores *scores, const struct segment_list *segment)
{
    ARRAY_RESERVE(scores->sums, scores->capacity, scores->count + segment->count, 256);
    for (size_t k = 0; k < segment->count; k++) {
        int32_t item = segment->items[k];
        if (item < 0 || segment->item_all_users[k] <= 0) { continue; }
        uint64_t hash = (uint64_t)item;
        if (hash_index_find(&scores->index, hash, is, scores, &item) >= 0) { continue; }
        scores->sums[scores->count] = (struct sum){
            .item = item,
            .segment = SEGMENT_NONE,
            .p = segment->item_all_users[k] / segment->all_users,
            .all_users = segment->item_all_users[k],
        };
        hash_index_add(&scores->index, hash, (uint32_t)scores->count++, hash_of, scores);
    }
}

static void add_lift(struct sum *sum, int32_t segment, double lift, double item_users)
{
    sum->lifts += lift;
    sum->gains += MAX_OF(lift, 0.0);
    if (!(lift > sum->greatest)) { return; }
    sum->greatest = lift;
    sum->segment = segment;
    sum->item_users = item_users;
}

/* Adds what a segment says of the items that it names, then of the others. */
static void add_lifts(struct segment_scores *scores, const struct segment_list *segment,
                      int32_t number)
{
    size_t before = (size_t)number;
    for (size_t k = 0; k < segment->count; k++) {
        int32_t item = segment->items[k];
        int32_t at = hash_index_find(&scores->index, (uint64_t)item, is, scores, &item);
        if (item < 0 || at < 0) { continue; }
        struct sum *sum = &scores->sums[at];
        double own = segment->item_all_users[k] / segment->all_users;
        double rate = segment_rate(segment->item_users[k], segment->users,
                                   segment->item_all_users[k], segment->all_users);
        if (own > 0.0) { add_lift(sum, number, log(rate / own), segment->item_users[k]); }
        sum->named = before + 1;
    }
    for (size_t i = 0; i < scores->count; i++) {
        struct sum *sum = &scores->sums[i];
        if (sum->named == before + 1) { continue; }
        double rate = (segment->rest_users + SEGMENT_SMOOTHING * sum->p) /
                      (segment->users + SEGMENT_SMOOTHING);
        if (rate < sum->p) { add_lift(sum, number, log(rate / sum->p), 0.0); }
    }
}

static int by_score(const void *a, const void *b, void *arg)
{
    const struct segment_score *x = a, *y = b;
    const struct segment_scores *scores = arg;
    if (x->score != y->score) { return x->score < y->score ? 1 : -1; }
    return scores->before(scores->arg, x->item, y->item) ? -1 : 1;
}

size_t segment_scores_find(struct segment_scores *scores,
                           const struct segment_list *const *segments, size_t count,
                           const struct segment_score **ret_scores)
{
    scores->count = 0;
    hash_index_clear(&scores->index);
    for (size_t s = 0; s < count; s++) { add_items(scores, segments[s]); }
    for (size_t s = 0; s < count; s++) { add_lifts(scores, segments[s], (int32_t)s); }
    ARRAY_RESERVE(scores->found, scores->found_capacity, scores->count, 256);
    double weight = count ? pow((double)count, -SEGMENT_POWER) : 0.0;
    for (size_t i = 0; i < scores->count; i++) {
        const struct sum *sum = &scores->sums[i];
        bool gained = sum->segment != SEGMENT_NONE;
        scores->found[i] = (struct segment_score){
            .item = sum->item,
            .segment = sum->segment,
            .score = (float)(log(sum->p) + weight * sum->lifts),
            .share = gained ? (float)(sum->greatest / sum->gains) : 0.0F,
            .item_users = (float)(gained ? sum->item_users : sum->all_users),
        };
    }
    qsort_r(scores->found, scores->count, sizeof(*scores->found), by_score, scores);
    *ret_scores = scores->found;
    return scores->count;
}
