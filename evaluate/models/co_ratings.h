/* Co-ratings: statistics of each pair of items over the users who had both, updated action by
 * action.
 *
 *   co       sum over those users of the smaller of the two ratings (similarity.h)
 *   moments  n and the sums of x, y, x^2, y^2, x y of the ratings x of the row's item and y of the
 *            other, from which a correlation is computed; optional
 *
 * A row is the list of one item's partners in the order in which they first occurred, with a hash
 * index; a pair is in both items' rows. The table grows with the pairs seen: each of a pair's two
 * entries takes 16 bytes, and 24 more for moments. One thread.
 */
#ifndef FRESHET_EVALUATE_MODELS_CO_RATINGS_H
#define FRESHET_EVALUATE_MODELS_CO_RATINGS_H

#include "base/base.h"
#include "evaluate/models/interaction_lists.h"
#include "model/counting/similarity.h"

struct co_row {
    const int32_t *items;
    const float *co;
    const struct similarity_moments *moments; /* NULL: the table has none */
    int32_t count;
};

struct co_ratings;

/* Makes an empty table for items 0 .. items_max - 1; free with co_ratings_free(). */
struct co_ratings *co_ratings_new(int32_t items_max, bool moments);
/* Frees the table; takes NULL; returns NULL. */
struct co_ratings *co_ratings_free(struct co_ratings *table);
/* Learns that a user who had `count` other items now has this one. */
void co_ratings_learn(struct co_ratings *table, const struct interaction *before, size_t count,
                      int32_t item, float rating);
/* Borrows a row until the next learn. */
struct co_row co_ratings_row(const struct co_ratings *table, int32_t item);
/* Returns the index of `other` in the row of `item`; -1 when no user had both. */
int32_t co_ratings_find(const struct co_ratings *table, int32_t item, int32_t other);

#endif
