/* Content: similarity of items by their words and attributes, without any action.
 *
 * An item is a set of features (numbers that the caller gives to words, pairs of words and
 * attributes). Its vector holds idf(f) = ln(items / df(f)) for each feature that at least two items
 * have; the similarity of two items is the cosine of their vectors. The index is inverted: an item
 * is compared only with those that share a feature with it.
 *
 * content_nearest() keeps a row of nearest items and computes it again when the catalogue has grown
 * by an eighth. Until then the error of idf is less than ln(9/8), and the rows of older items lack
 * later items (the row of a later item has the older ones). Memory: one entry for each feature of
 * an item, and `nearest` entries for each row. One thread.
 */
#ifndef FRESHET_EVALUATE_MODELS_CONTENT_H
#define FRESHET_EVALUATE_MODELS_CONTENT_H

#include "base/base.h"
#include "model/nearest_rows.h" /* struct alike */

enum { CONTENT_NEAREST_MAX = 200, CONTENT_FEATURES_MAX = 512 };

struct content;

/* Makes an empty index for items 0 .. items_max - 1; rows hold up to `nearest` items; free with
 * content_free(). */
struct content *content_new(int32_t items_max, size_t nearest);
/* Frees the index; takes NULL; returns NULL. */
struct content *content_free(struct content *content);
/* Sets an item's features, in any order, repeats allowed. 0; -EEXIST when the item has features
 * already; -E2BIG with more than CONTENT_FEATURES_MAX. */
int content_put(struct content *content, int32_t item, const uint32_t *features, size_t count);
/* Returns the number of items with features. */
int32_t content_items(const struct content *content);
/* Borrows an item's features, ascending, each once; none if it was never put. */
const uint32_t *content_features(const struct content *content, int32_t item, size_t *ret_count);
/* Borrows the most similar items, best first, equal ones by number, until the next put or
 * nearest. */
const struct alike *content_nearest(struct content *content, int32_t item, size_t *ret_count);

#endif
