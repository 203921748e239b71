/* Vector neighbours: the items whose vectors are most like an item's, by cosine.
 *
 * Vectors are signed bytes. Those of the width that most of them have are compared, of two such
 * widths the lesser; those of other widths are of another model, or a mistake, and are like none.
 * Where they are wider than CODE_BYTES and there are at least CODES_SAMPLE of them, items are
 * compared by codes of 64 bytes (vector_codes.h), whose sample are the items whose ids have the
 * least hashes; otherwise by the vectors. An item's nearest are found by a product with every one,
 * and kept as rows (nearest_rows.h). All this depends on the vectors that there are, and not on the
 * order in which they came: when the sample changes, which one new item in N / CODES_SAMPLE does,
 * all codes are made again before they are used next.
 *
 * Memory: 64 bytes an item, the rows, and the vectors themselves, for queries and further codes.
 * Codes and vectors may stand in mapped files (mapped_bytes.h), whose pages the system may keep on
 * the disk while nobody uses them. One thread.
 *
 * A vector of a query is compared with those of its width that bear its mark: a text that one model
 * encoded says nothing of what another one did.
 */
#ifndef FRESHET_MODEL_VECTOR_NEIGHBOURS_H
#define FRESHET_MODEL_VECTOR_NEIGHBOURS_H

#include "model/nearest_rows.h"
#include "model/vector_codes.h"

/* A vector that is no item's. */
struct vector_query {
    int8_t numbers[VECTOR_WIDTH_MAX]; /* 0 behind the width */
    size_t width;
    float inverse; /* 1 / its length; 0: it is all 0 */
};

struct vector_neighbours;

/* Makes an empty set for items 0 .. items_max - 1, whose ids (nearest_rows_new()'s) are borrowed
 * for its life. Free with vector_neighbours_free(). */
struct vector_neighbours *vector_neighbours_new(int32_t items_max, const struct ids *ids);
/* Keeps vectors and codes, of which there are none yet, in mapped files below a directory, which is
 * borrowed for the life of the set. */
void vector_neighbours_map(struct vector_neighbours *neighbours, const char *directory);
/* Frees it; takes NULL; returns NULL. */
struct vector_neighbours *vector_neighbours_free(struct vector_neighbours *neighbours);
/* Sets an item's vector: 1 to VECTOR_WIDTH_MAX bytes. Returns whether anything has changed. */
bool vector_neighbours_put(struct vector_neighbours *neighbours, int32_t item,
                           const int8_t *numbers, size_t width);
/* Removes an item's vector; returns whether it had one. */
bool vector_neighbours_remove(struct vector_neighbours *neighbours, int32_t item);
/* Says whether an item has a vector that is compared with others. */
bool vector_neighbours_has(const struct vector_neighbours *neighbours, int32_t item);
/* Returns the number of vectors, of all widths. */
size_t vector_neighbours_count(const struct vector_neighbours *neighbours);
/* Asks the cache for an item's row (nearest_rows_fetch()). */
void vector_neighbours_fetch(const struct vector_neighbours *neighbours, int32_t item,
                             enum nearest_step step);
/* Borrows the items whose cosine with the item is above 0, at most NEAREST_ITEMS, best first,
 * equal ones by id, until the next call; none when the item has no vector. */
const struct alike *vector_neighbours_of(struct vector_neighbours *neighbours, int32_t item,
                                         size_t *ret_count);
/* Returns the cosine of two items' vectors, also where neither is among the other's; 0: one has
 * none. */
float vector_neighbours_between(struct vector_neighbours *neighbours, int32_t item,
                                int32_t other);

/* Adds an item's vector, made length 1, times a weight, to a profile of VECTOR_WIDTH_MAX numbers,
 * which the caller cleared; returns whether it has one. */
bool vector_neighbours_profile_add(struct vector_neighbours *neighbours, int32_t item,
                                   float weight, float *profile);
/* Adds the product of a profile with each item's vector, made length 1, to a score; nothing where
 * the item has none. */
void vector_neighbours_profile_scores(struct vector_neighbours *neighbours, const float *profile,
                                      const int32_t *items, size_t count, float *scores);

/* Marks an item's vector, or takes the mark off it; a new item's has none. */
void vector_neighbours_mark(struct vector_neighbours *neighbours, int32_t item, bool marked);
/* Returns how many vectors bear the mark. */
size_t vector_neighbours_marked(const struct vector_neighbours *neighbours);
/* Sets a query: 1 to VECTOR_WIDTH_MAX numbers. */
void vector_query_set(struct vector_query *query, const int8_t *numbers, size_t width);
/* Offers the items with a mark among `count` vectors from one on, 0 the first, whose cosine with
 * the query is above 0 and that `allows` (NULL: all). Returns whether there are more. */
bool vector_neighbours_offer(const struct vector_neighbours *neighbours,
                             const struct vector_query *query, size_t from, size_t count,
                             bool (*allows)(const void *arg, int32_t item), const void *arg,
                             struct topk *top);
/* Returns a number that differs when vectors may have changed their places, so that offers in
 * pieces must begin again. */
uint64_t vector_neighbours_moves(const struct vector_neighbours *neighbours);
/* Returns an item's cosine with the query; 0: it has no vector with a mark. */
float vector_neighbours_cosine(const struct vector_neighbours *neighbours,
                               const struct vector_query *query, int32_t item);

#endif
