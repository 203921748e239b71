/* Content scores: how similar items are to the user's newest items, by their features.
 *
 *   B_i = sum over r of 0.6^(r-1) * S[j_r][i]^0.75         j_1 the newest item
 *
 * S the TF-IDF cosine of content.h. An item is known as soon as it is described; its first
 * description stays. Memory is reused from call to call. One thread.
 */
#ifndef FRESHET_MODEL_CONTENT_SCORES_H
#define FRESHET_MODEL_CONTENT_SCORES_H

#include "base/base.h"

struct content_scores;

/* Makes an empty index for item numbers below items_max; the newest `recent` items of a history are
 * used. Free with content_scores_free(). */
struct content_scores *content_scores_new(int32_t items_max, size_t recent);
/* Frees it; takes NULL; returns NULL. */
struct content_scores *content_scores_free(struct content_scores *content_scores);
/* Takes an item's features (content_put()'s), unless it was described before or has none. */
void content_scores_describe(struct content_scores *content_scores, int32_t number,
                             const uint32_t *features, size_t count);
/* Computes the scores for a history (item numbers, oldest first; ID_NONE is skipped; weight 0: a
 * dislike). Returns the items with a score above 0, in no order; borrowed until the next call. */
size_t content_scores_find(struct content_scores *content_scores, const int32_t *items,
                           const float *weights, size_t count, const int32_t **ret_items);
/* Returns the recent item that adds most to an item's score of the last content_scores_find(), and
 * its part of the score, 0 to 1; ID_NONE when the item has no score. */
int32_t content_scores_because(const struct content_scores *content_scores, int32_t item,
                               float *ret_share);
/* Returns an item's score of the last content_scores_find(); 0 when it has none. */
float content_scores_of(const struct content_scores *content_scores, int32_t item);

#endif
