/* Vector index: what would be asked of all rows of a generation, answered without reading them.
 *
 * The best rows for a hidden vector come from model/nearest.h, nearly all of them. The sums of all
 * scores and of their squares, which z-scores want, are exact: a score is the product h x, so they
 * are h s and h' M h, of the rows' sum s and the sum M of their outer products.
 *
 * Built by a thread of its own over a copy of the rows, which takes minutes for a million; until it
 * is ready the rows must be scanned. Whoever owns it is the one thread that calls.
 * Memory: the rows once more, and about 200 bytes a row; while it is built, twice the rows.
 */
#ifndef FRESHET_SCORER_VECTOR_INDEX_H
#define FRESHET_SCORER_VECTOR_INDEX_H

#include "base/base.h"

struct vector_index;

/* Begins an index of rows x d floats, which are copied; NULL when no thread can be had for it. Free
 * with vector_index_free(). */
struct vector_index *vector_index_new(const float *table, size_t rows, size_t d);
/* Frees it, ready or not; takes NULL; returns NULL. */
struct vector_index *vector_index_free(struct vector_index *index);
/* Waits until it is built or cannot be. */
void vector_index_wait(struct vector_index *index);
/* Brings it up to the rows that the table has now, the first ones as they were. Counts the rows
 * that it answers for: all, or 0 while it is built and when it failed. */
size_t vector_index_cover(struct vector_index *index, const float *table, size_t rows);
/* Sums the scores of all rows covered for a hidden vector, and their squares. */
void vector_index_sums(const struct vector_index *index, const float *hidden, double *ret_sum,
                       double *ret_squares);
/* Finds the best rows, best first, at most `wanted`; counts them. */
size_t vector_index_find(struct vector_index *index, const float *hidden, size_t wanted,
                         int32_t *ret_rows);

#endif
