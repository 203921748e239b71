/* Affinity: what is like the user's newest items, by the tags and titles of the catalogue.
 *
 *   B_i = sum over r of 0.6^(r-1) * S[j_r][i]^0.75         j_1 the newest item
 *
 * S the TF-IDF cosine of model/content.h (the recipe's content term; docs/quality.md). An item is
 * known the moment the catalogue has it; what is told of it first stays for the life of the
 * process. All memory is kept. One thread.
 */
#ifndef FRESHET_SCORER_AFFINITY_H
#define FRESHET_SCORER_AFFINITY_H

#include "schemas/item.h"

struct affinity;

/* Makes an empty index for item numbers below items_max; the newest `recent` items speak. Free with
 * affinity_free(). */
struct affinity *affinity_new(int32_t items_max, size_t recent);
/* Frees it; takes NULL; returns NULL. */
struct affinity *affinity_free(struct affinity *affinity);
/* Takes an item's tags and the words of its title. */
void affinity_describe(struct affinity *affinity, int32_t number, const struct item *item);
/* Adds up what a history (item numbers, oldest first, ID_NONE left out; weight 0: a dislike) is
 * like. Returns the items that anything speaks for, in no order; borrowed until the next call. */
size_t affinity_ask(struct affinity *affinity, const int32_t *items, const float *weights,
                    size_t count, const int32_t **ret_items);
/* Tells an item's score of the last question; 0 when nothing speaks for it. */
float affinity_score(const struct affinity *affinity, int32_t item);

#endif
