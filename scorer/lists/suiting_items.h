/* Suiting items: which of a few new items suit a user most.
 *
 * By content an item is like the user's own (N, content_scores_compare()), and by its guessed
 * factor it is what users choose who chose the same (G, guessed_factors.h). Neither is always the
 * better one: where each user acts on many items, and many on each, G is, and N where the catalogue
 * is large and actions are few. Of both, relative to the items that are compared,
 *
 *     score = z(N) + SUITING_GUESS z(G)
 *
 * with z = (x - mean) / deviation. N has a long tail, so an item that is almost the same as one of
 * the user's stays first; among the others G decides (measured: docs/performance.md, cold start).
 * An item of which nothing can be guessed has z(G) = 0; without guesses the order is that of N.
 * Pure.
 */
#ifndef FRESHET_SCORER_LISTS_SUITING_ITEMS_H
#define FRESHET_SCORER_LISTS_SUITING_ITEMS_H

#include "model/content_scores.h"
#include "model/guessed_factors.h"
#include "model/topk.h"

enum { SUITING_ITEMS_MAX = 128 };

#define SUITING_GUESS 3.0F

/* Orders up to SUITING_ITEMS_MAX items by what suits the user of the last content_scores_find()
 * most; equal ones stay in their order. Writes as many entries as there are items. `content` NULL:
 * nothing is like the user's items. `guessed` has begun with the same user
 * (guessed_factors_begin()); NULL: nothing can be guessed. */
void suiting_items_order(const struct content_scores *content, struct guessed_factors *guessed,
                         const int32_t *items, size_t count, struct topk_entry *ret_entries);

#endif
