/* Feature neighbours: the items that are most like an item by features (tags, words of the title),
 * without any action.
 *
 * An item is a set of features, numbers that the caller gives. With L(n) the greatest whole number
 * whose quarter is at most log2(n), and N items with features, a feature that df of them have
 * weighs
 *
 *     w = max(L(N) - L(df), 0), and 0 where df is 1
 *
 * and the likeness of two items is the cosine of their vectors of w. This is TF-IDF with weights in
 * steps of a quarter of an octave, so all sums are whole numbers, which have no order, and a change
 * of the catalogue seldom changes the weights of others. Features are added, changed and removed at
 * any time. Memory: 60 bytes an item, 12 for each feature of it, 40 a feature, and the rows of
 * nearest_rows.h. One thread.
 *
 * Each feature is of an aspect (tags, brand, ...), the first unless it is said otherwise. A profile
 * is a weighted sum of items' vectors, each aspect's made length 1 by itself; an item's score by an
 * aspect is the product with it, so the sum of weight times cosine of that aspect.
 */
#ifndef FRESHET_MODEL_FEATURE_NEIGHBOURS_H
#define FRESHET_MODEL_FEATURE_NEIGHBOURS_H

#include "model/nearest_rows.h"

enum { FEATURES_EACH_MAX = 512, FEATURE_ASPECTS = 5, PANEL_ITEMS = 32 };

struct feature_neighbours;

/* Makes an empty index for items 0 .. items_max - 1, whose ids (nearest_rows_new()'s) are borrowed
 * for its life. Free with feature_neighbours_free(). */
struct feature_neighbours *feature_neighbours_new(int32_t items_max, const struct ids *ids);
/* Frees it; takes NULL; returns NULL. */
struct feature_neighbours *feature_neighbours_free(struct feature_neighbours *neighbours);
/* Sets an item's features, in any order, repeats allowed, at most FEATURES_EACH_MAX; none: it has
 * none any more. Returns whether anything has changed. */
bool feature_neighbours_put(struct feature_neighbours *neighbours, int32_t item,
                            const uint32_t *features, size_t count);
/* Says whether any item has a feature; returns how many features items have. */
bool feature_neighbours_uses(const struct feature_neighbours *neighbours, uint32_t feature);
size_t feature_neighbours_used(const struct feature_neighbours *neighbours);
/* Says whether an item has features. */
bool feature_neighbours_has(const struct feature_neighbours *neighbours, int32_t item);
/* Returns the number of items that have features. */
size_t feature_neighbours_count(const struct feature_neighbours *neighbours);
/* Borrows the items whose cosine with the item is above 0, at most NEAREST_ITEMS, best first, equal
 * ones by id, until the next call; none when the item has no features. */
const struct alike *feature_neighbours_of(struct feature_neighbours *neighbours, int32_t item,
                                          size_t *ret_count);
/* Asks the cache for what is known of an item, and for its row (nearest_rows_fetch()). */
void feature_neighbours_fetch(const struct feature_neighbours *neighbours, int32_t item,
                              enum nearest_step step);
/* Returns the cosine of two items, also where neither is among the other's; 0: they are not alike.
 */
float feature_neighbours_cosine(struct feature_neighbours *neighbours, int32_t item,
                                int32_t other);

/* Computes the cosines of `count` items with each of up to PANEL_ITEMS others, as
 * feature_neighbours_cosine() does, but in one pass over each item's features: a row of
 * `panel_count` numbers an item. */
void feature_neighbours_cosines(struct feature_neighbours *neighbours, const int32_t *panel,
                                size_t panel_count, const int32_t *items, size_t count,
                                float *ret_cosines);

/* Sets a feature's aspect, 0 to FEATURE_ASPECTS - 1. */
void feature_neighbours_set_aspect(struct feature_neighbours *neighbours, uint32_t feature,
                                   int aspect);
/* Begins a new profile. */
void feature_neighbours_profile_clear(struct feature_neighbours *neighbours);
/* Adds an item's features to it. */
void feature_neighbours_profile_add(struct feature_neighbours *neighbours, int32_t item,
                                    float weight);
/* Scores items by each aspect: ret_scores (FEATURE_ASPECTS rows, `stride` numbers from each to the
 * next) has the items' scores side by side. */
void feature_neighbours_profile_scores(struct feature_neighbours *neighbours, const int32_t *items,
                                       size_t count, float *ret_scores, size_t stride);

#endif
