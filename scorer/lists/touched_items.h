/* Touched items: those to which a member gives a score of its own; it scores all others 0. */
#ifndef FRESHET_SCORER_LISTS_TOUCHED_ITEMS_H
#define FRESHET_SCORER_LISTS_TOUCHED_ITEMS_H

#include "model/candidate_set.h"
#include "model/counting/ranking.h"

/* Borrowed: each item once. */
struct touched_items {
    const int32_t *items;
    const float *scores;
    size_t count;
};

/* Completes a member's description by what it has touched: its best items that may be listed, which
 * `top` takes (cleared, for as many as are wanted), and its moments over `count` items. Without
 * best ones it has no scores. */
struct member_scores touched_items_rate(const struct touched_items *touched,
                                        const struct ranking *ranking,
                                        const struct item_flags *flags, double count,
                                        struct member_scores member, struct topk *top);

#endif
