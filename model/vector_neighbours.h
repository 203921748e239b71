/* Vector neighbours: the items whose given vectors are most like an item's, by cosine, exactly.
 *
 * Vectors are signed bytes of one width. An item's nearest are found by a product with every
 * vector, and kept as rows that depend on the vectors alone (nearest_rows.h). Memory: `width` bytes
 * an item, and the rows. One thread.
 */
#ifndef FRESHET_MODEL_VECTOR_NEIGHBOURS_H
#define FRESHET_MODEL_VECTOR_NEIGHBOURS_H

#include "model/nearest_rows.h"

enum { VECTOR_WIDTH_MAX = 4096 };

struct vector_neighbours;

/* Makes an empty set for items 0 .. items_max - 1, whose ids (nearest_rows_new()'s) are borrowed
 * for its life. Free with vector_neighbours_free(). */
struct vector_neighbours *vector_neighbours_new(int32_t items_max, const struct ids *ids);
/* Frees it; takes NULL; returns NULL. */
struct vector_neighbours *vector_neighbours_free(struct vector_neighbours *neighbours);
/* Sets an item's vector: 1 to VECTOR_WIDTH_MAX bytes. A vector of another width than the others'
 * drops them: they are of another model. Returns whether anything has changed. */
bool vector_neighbours_put(struct vector_neighbours *neighbours, int32_t item,
                           const int8_t *numbers, size_t width);
/* Removes an item's vector; returns whether it had one. */
bool vector_neighbours_remove(struct vector_neighbours *neighbours, int32_t item);
/* Returns the number of vectors. */
size_t vector_neighbours_count(const struct vector_neighbours *neighbours);
/* Borrows the items whose cosine with the item is above 0, at most NEAREST_ITEMS, best first,
 * equal ones by id, until the next call; none when the item has no vector. */
const struct alike *vector_neighbours_of(struct vector_neighbours *neighbours, int32_t item,
                                         size_t *ret_count);

#endif
