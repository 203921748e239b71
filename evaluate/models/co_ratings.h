/* Co-ratings: what is counted of two items by the users who had both, kept action by action.
 *
 *   co       sum over those users of the smaller of the two ratings (similarity.h)
 *   moments  n and the sums of x, y, x^2, y^2, x y of the ratings x of the row's item and y of the
 *            other: what a correlation is made of; only where they are wanted
 *
 * A row is the list of one item's partners in the order of first touch, behind a hash of its own;
 * a pair stands in both rows. The table grows with the pairs seen: 16 bytes a pair and side, and 24
 * for moments. One thread.
 */
#ifndef FRESHET_EVALUATE_MODELS_CO_RATINGS_H
#define FRESHET_EVALUATE_MODELS_CO_RATINGS_H

#include "base/base.h"
#include "evaluate/models/interaction_lists.h"
#include "model/counting/similarity.h"

struct co_row {
    const int32_t *items;
    const float *co;
    const struct similarity_moments *moments; /* NULL: not wanted */
    int32_t count;
};

struct co_ratings;

/* Makes an empty table for items 0 .. items_max - 1; free with co_ratings_free(). */
struct co_ratings *co_ratings_new(int32_t items_max, bool moments);
/* Frees the table; takes NULL; returns NULL. */
struct co_ratings *co_ratings_free(struct co_ratings *table);
/* Learns that a user who had `count` items, none of them this, now has this. */
void co_ratings_learn(struct co_ratings *table, const struct interaction *before, size_t count,
                      int32_t item, float rating);
/* Borrows a row until the next learn. */
struct co_row co_ratings_row(const struct co_ratings *table, int32_t item);
/* Tells the place of `other` in the row of `item`; -1 when the two were never had together. */
int32_t co_ratings_find(const struct co_ratings *table, int32_t item, int32_t other);

#endif
