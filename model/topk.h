/* The best K of a stream of scored items, in bounded memory.
 *
 * Higher scores are better; equal scores are ordered by the caller's `before`, so that the result
 * does not depend on the order of the pushes. A candidate whose score is NaN, as numbers beyond all
 * bounds make it, is left out. The memory is reused from list to list and grows only with the
 * largest K.
 */
#ifndef FRESHET_MODEL_TOPK_H
#define FRESHET_MODEL_TOPK_H

#include "base/base.h"

struct topk_entry {
    double score;
    int32_t item;
};

struct topk {
    struct topk_entry *entries; /* a heap with the worst on top, until topk_sort() */
    size_t count;
    size_t length; /* K */
    size_t capacity;
    bool (*before)(const void *arg, int32_t a, int32_t b);
    const void *arg;
};

/* Prepares an empty selection. `before` says whether a comes before b at equal scores: a strict
 * total order of the items. It and its arg must outlive the selection. */
void topk_init(struct topk *top, bool (*before)(const void *arg, int32_t a, int32_t b),
               const void *arg);
/* Frees the memory. */
void topk_release(struct topk *top);
/* Empties the selection and sets K. */
void topk_clear(struct topk *top, size_t length);
/* Takes a candidate that may displace a worse one. Use topk_push(). */
void topk_push_slow(struct topk *top, double score, int32_t item);
/* Offers a candidate; an item is offered at most once. */
static inline void topk_push(struct topk *top, double score, int32_t item)
{
    if (top->count == top->length && (top->length == 0 || score < top->entries[0].score)) {
        return;
    }
    topk_push_slow(top, score, item);
}
/* Puts the entries in order, best first; nothing may be pushed until topk_clear(). */
void topk_sort(struct topk *top);

#endif
