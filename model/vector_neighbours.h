/* Vector neighbours: the items whose given vectors are most like an item's, by cosine, exactly.
 *
 * Vectors are signed bytes of one width. A row of nearest items is computed when it is first asked
 * for; after that a vector that comes, changes or goes corrects the rows that are there. So rows
 * depend on the vectors alone, not on the order in which they came. A row costs a product with
 * every vector, and so does a vector that comes when there are rows. Memory: `width` bytes an item,
 * and up to VECTOR_NEAREST entries a row. One thread.
 */
#ifndef FRESHET_MODEL_VECTOR_NEIGHBOURS_H
#define FRESHET_MODEL_VECTOR_NEIGHBOURS_H

#include "model/content.h"

enum { VECTOR_NEAREST = 100, VECTOR_WIDTH_MAX = 4096 };

struct vector_neighbours;

/* Makes an empty set for items 0 .. items_max - 1; free with vector_neighbours_free(). */
struct vector_neighbours *vector_neighbours_new(int32_t items_max);
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
/* Borrows the items whose cosine with the item is above 0, at most VECTOR_NEAREST, best first,
 * equal ones by number, until the next call; none when the item has no vector. */
const struct alike *vector_neighbours_of(struct vector_neighbours *neighbours, int32_t item,
                                         size_t *ret_count);

#endif
