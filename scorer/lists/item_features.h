/* Item features: what the catalogue says of an item as numbers, for content_scores.h: its tags, the
 * levels of its category, its brand, the words of its title, and its price in steps of half an
 * octave.
 *
 * Words are those of text_words.h: lower case, without accents, a Han character alone. They are
 * distinct from tags of the same text, as brands and categories are. At most FEATURES_EACH_MAX
 * features of an item count. A feature that no item has any more is forgotten after a while. One
 * thread.
 */
#ifndef FRESHET_SCORER_LISTS_ITEM_FEATURES_H
#define FRESHET_SCORER_LISTS_ITEM_FEATURES_H

#include "model/content_scores.h"
#include "schemas/item.h"

struct item_features;

/* Makes an empty table of features; free with item_features_free(). */
struct item_features *item_features_new(void);
/* Frees it; takes NULL; returns NULL. */
struct item_features *item_features_free(struct item_features *features);
/* Returns how many features are known, of items and of none. */
size_t item_features_known(const struct item_features *features);
/* Describes the item of this number (below 0: none) by its features, always for the same scores.
 * Returns whether that changes anything. */
bool item_features_describe(struct item_features *features, int32_t number,
                            const struct item *item, struct content_scores *content_scores);

#endif
