/* Affinity: what is like the user's newest items, by the tags and titles of the catalogue.
 *
 *   B_i = sum over r of 0.6^(r-1) * S[j_r][i]^0.75         j_1 the newest item
 *
 * S the TF-IDF cosine of model/content.h (the recipe's content term; docs/quality.md). An item is
 * known the moment the catalogue has it; what is told of it first stays for the life of the
 * process. All memory is kept. One thread.
 */
#ifndef FRESHET_SCORER_CONTENT_SCORES_H
#define FRESHET_SCORER_CONTENT_SCORES_H

#include "schemas/item.h"

struct content_scores;

/* Makes an empty index for item numbers below items_max; the newest `recent` items speak. Free with
 * content_scores_free(). */
struct content_scores *content_scores_new(int32_t items_max, size_t recent);
/* Frees it; takes NULL; returns NULL. */
struct content_scores *content_scores_free(struct content_scores *content_scores);
/* Takes an item's tags and the words of its title. */
void content_scores_describe(struct content_scores *content_scores, int32_t number,
                             const struct item *item);
/* Adds up what a history (item numbers, oldest first, ID_NONE left out; weight 0: a dislike) is
 * like. Returns the items that anything speaks for, in no order; borrowed until the next call. */
size_t content_scores_find(struct content_scores *content_scores, const int32_t *items,
                           const float *weights, size_t count, const int32_t **ret_items);
/* Tells an item's score of the last question; 0 when nothing speaks for it. */
float content_scores_of(const struct content_scores *content_scores, int32_t item);

#endif
