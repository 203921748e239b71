/* Vectors: the model versions of the sequence trainer as they arrive, and the one that serves.
 *
 * Each of the two slots is held as a table: the newest row of each item. So the order in which
 * partitions are read makes no difference, nor do older versions that are still in the log. A
 * slot's announced version is whole when all its rows and all parts of its dense weights are here.
 * If it was announced after the version that serves, it is copied and serves from then on. Lists
 * are made from the copy, which stays when its slot is overwritten. A row that arrives later for
 * the serving version (a cold-start item) is added to the copy once those before it are there.
 * Large versions get an index over the copy (vector_index.h).
 *
 * Memory: one byte per number for each slot, five for the copy. One thread.
 */
#ifndef FRESHET_SCORER_LISTS_VECTORS_H
#define FRESHET_SCORER_LISTS_VECTORS_H

#include "model/transformer/row_scan.h"
#include "model/transformer/transformer_inference.h"
#include "schemas/model_weights.h"
#include "scorer/lists/tables.h"
#include "scorer/lists/vector_index.h"

/* The model version that serves; borrowed until the next row or part. */
struct served {
    const char *version;
    struct transformer_inference *inference;
    const float *table;    /* rows x d */
    struct row_scan *scan; /* of the same rows */
    size_t rows;
    const int32_t *items;  /* by row: the process's item number */
    const int32_t *row_of; /* by item: its row, or -1 */
    int32_t row_of_count;
    struct vector_index *index; /* over the table; NULL: there are too few rows */
    const char *content_model; /* whose vectors of texts it takes */
    size_t content;            /* numbers of such a vector; 0: it reads no searches */
    const float *projection;   /* content x d: makes of it the vector of a search */
};

struct vectors;

/* Makes empty slots for at most this many rows per model version; free with vectors_free(). */
struct vectors *vectors_new(size_t rows_max);
/* Frees it; takes NULL; returns NULL. */
struct vectors *vectors_free(struct vectors *vectors);
/* Sets the number of rows from which a version gets an index, beginning with the next one; 0: none
 * does. */
void vectors_index_from(struct vectors *vectors, size_t rows);
/* Adds a row, and its item to the tables. Returns NULL, or the reason why it was refused:
 * "bad_row", "over_limit". */
const char *vectors_put(struct vectors *vectors, struct tables *tables,
                        const struct item_vector *row);
/* Adds a part of the dense weights, read at this offset of `models`. Returns NULL, or the reason
 * why it was refused: "bad_shape", "bad_part". */
const char *vectors_put_weights(struct vectors *vectors, const struct model_weights *part,
                                int64_t offset);
/* Takes back an item's row of a slot, or a part of its weights. The version that serves and is not
 * whole any more serves no longer; the one of the other slot does, if it is whole. */
void vectors_remove(struct vectors *vectors, const struct tables *tables, int32_t slot_number,
                    struct slice item_id);
void vectors_remove_weights(struct vectors *vectors, int32_t slot_number, int32_t part);
/* Returns the model version that serves; NULL when there is none. */
const struct served *vectors_served(const struct vectors *vectors);
/* Counts the switches to another version so far. */
int64_t vectors_switches(const struct vectors *vectors);
/* Returns an item's row in the version; -1 when it has none. */
static inline int32_t served_row(const struct served *served, int32_t item)
{
    return item >= 0 && item < served->row_of_count ? served->row_of[item] : -1;
}

#endif
