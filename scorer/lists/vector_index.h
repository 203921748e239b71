/* Vector index: finds the best rows of a model version, and the moments of all scores, without a
 * scan of the rows.
 *
 * The best rows for a hidden vector come from model/nearest.h and are nearly all of the true best.
 * The sums of all scores and of their squares, which z-scores need, are exact: a score is the
 * product h x, so they are h s and h' M h, with s the sum of the rows x and M the sum of their
 * outer products.
 *
 * A thread of its own builds it over a copy of the rows, which takes minutes for a million; until
 * it is ready, the rows must be scanned. All functions are called by one thread, the owner's.
 * Memory: the rows once more, and about 200 bytes a row; while it is built, twice the rows.
 */
#ifndef FRESHET_SCORER_LISTS_VECTOR_INDEX_H
#define FRESHET_SCORER_LISTS_VECTOR_INDEX_H

#include "base/base.h"

struct vector_index;

/* Begins to build an index of rows x d floats, which are copied; NULL when no thread can be
 * started. Free with vector_index_free(). */
struct vector_index *vector_index_new(const float *table, size_t rows, size_t d);
/* Stops building, and frees it; takes NULL; returns NULL. */
struct vector_index *vector_index_free(struct vector_index *index);
/* Waits until it is built or has failed. */
void vector_index_wait(struct vector_index *index);
/* Adds the rows that the table has gained; the earlier ones must not have changed. Returns the rows
 * that it covers: all, or 0 while it is being built or after it has failed. */
size_t vector_index_cover(struct vector_index *index, const float *table, size_t rows);
/* Sums the scores of all covered rows for a hidden vector, and their squares. */
void vector_index_sums(const struct vector_index *index, const float *hidden, double *ret_sum,
                       double *ret_squares);
/* Finds the best rows, best first, at most `wanted`; returns how many. */
size_t vector_index_find(struct vector_index *index, const float *hidden, size_t wanted,
                         int32_t *ret_rows);

#endif
