/* The best K of a stream of scored items, in bounded memory.
 *
 * Higher scores are better; equal scores are ordered by the caller's `before`, so that the result
 * does not depend on the order of the pushes. A candidate whose score is NaN, as numbers beyond all
 * bounds make it, is left out. The memory is reused from list to list and grows only with the
 * largest K.
 *
 * Candidates are gathered until there are more than twice as many as are wanted; then the best K of
 * them are kept, and from then on those that are worse than all of these are left out at once. So a
 * candidate costs a constant time, where a heap takes log K steps whose branches nobody foresees.
 */
#ifndef FRESHET_MODEL_TOPK_H
#define FRESHET_MODEL_TOPK_H

#include "base/base.h"

struct topk_entry {
    double score;
    int32_t item;
};

struct topk {
    struct topk_entry *entries; /* in no order, and perhaps more than K, until topk_sort() */
    struct topk_entry *spare;   /* as many, behind these */
    size_t count;
    size_t length; /* K */
    size_t room;   /* so many are gathered at most */
    size_t capacity;
    double least;  /* of a candidate that may be among the best */
    uint32_t draw; /* of pivots: the result does not depend on it */
    bool (*before)(const void *arg, int32_t a, int32_t b);
    const void *arg;
};

/* Prepares an empty selection. `before` says whether a comes before b at equal scores: a strict
 * total order of the items. It and its arg must outlive the selection. */
void topk_init(struct topk *top, bool (*before)(const void *arg, int32_t a, int32_t b),
               const void *arg);
/* Frees the memory. */
void topk_release(struct topk *top);
/* Empties the selection and sets K; comes before the first push. */
void topk_clear(struct topk *top, size_t length);
/* Keeps the best K of what is gathered, in no order. */
void topk_shrink(struct topk *top);
/* Makes room for more. Use topk_push(). */
void topk_make_room(struct topk *top);
/* Offers a candidate; an item is offered at most once. Whether it is good enough cannot be
 * foreseen, so there is no branch for it. */
static inline void topk_push(struct topk *top, double score, int32_t item)
{
    top->entries[top->count] = (struct topk_entry){.score = score, .item = item};
    top->count += score >= top->least;
    if (top->count == top->room) { topk_make_room(top); }
}
/* Offers the items first, first + 1, ... with these scores. */
void topk_push_range(struct topk *top, const float *scores, size_t count, int32_t first);
/* Offers these items with their scores. */
void topk_push_items(struct topk *top, const float *scores, const int32_t *items, size_t count);
/* Keeps the best K, and puts them in order, best first; nothing may be pushed until
 * topk_clear(). */
void topk_sort(struct topk *top);

#endif
