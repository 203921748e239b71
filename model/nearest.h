/* Nearest: finds the rows with the largest inner product with a query, without scoring all rows.
 *
 * A hierarchical small-world graph (HNSW; Malkov and Yashunin, arXiv 1603.09320), by hnswlib, over
 * the inner product itself (Morozov and Babenko, NeurIPS 2018). Extending rows to equal norms, so
 * that the product becomes a distance, found far fewer of the best rows here. The search is
 * approximate: a greater breadth finds more of the best rows.
 *
 * The same rows added in the same order give the same graph. Memory: a row's floats and, with
 * 16 links, about 200 bytes. One thread at a time.
 */
#ifndef FRESHET_MODEL_NEAREST_H
#define FRESHET_MODEL_NEAREST_H

/* What base/base.h bans, the headers of C++ name: its parts that are needed. */
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct nearest_settings {
    size_t d;       /* numbers of a row */
    size_t rows;    /* expected number; the index grows when there are more */
    size_t links;   /* of a row with its neighbours: 16 is usual */
    size_t breadth; /* candidates in the search for a new row's neighbours: 100 to 200 is usual */
};

struct nearest;

/* Makes an empty index; NULL when memory is short. Free with nearest_free(). */
struct nearest *nearest_new(const struct nearest_settings *settings);
/* Frees it; takes NULL; returns NULL. */
struct nearest *nearest_free(struct nearest *nearest);
/* Adds a row (d floats, copied) under its number, the count of rows so far. Returns 0 or
 * -ENOMEM. */
int nearest_add(struct nearest *nearest, const float *row);
/* Returns the number of rows. */
size_t nearest_count(const struct nearest *nearest);
/* Finds at most `wanted` rows with the largest products with the query, best first; the search
 * keeps `breadth` candidates (at least `wanted`). Returns how many; 0 when memory is short. */
size_t nearest_find(struct nearest *nearest, const float *query, size_t wanted, size_t breadth,
                    int32_t *ret_rows);

#ifdef __cplusplus
}
#endif

#endif
