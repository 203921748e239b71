/* Vectors: the generations of the sequence trainer as they arrive, and the one that serves.
 *
 * The topic's two slots are held as the tables that they are: the newest row of each item, whatever
 * order partitions are read in and however many older generations are still in the log. A slot's
 * announced generation is whole when all its rows and all parts of its dense weights are here; if
 * it was announced after the one that serves, it is copied out and serves from then on. The copy is
 * what lists are made from: it stays while its slot is written over. A row that comes later for the
 * generation that serves (an item that is new) is taken into the copy at once. Large generations
 * get an index beside the copy (vector_index.h).
 *
 * Memory: a byte a number for each of the slots, four for the copy. One thread.
 */
#ifndef FRESHET_SCORER_VECTORS_H
#define FRESHET_SCORER_VECTORS_H

#include "model/transformer/transformer_inference.h"
#include "schemas/model_weights.h"
#include "scorer/tables.h"
#include "scorer/vector_index.h"

/* The generation that serves; borrowed until the next row or part. */
struct served {
    const char *generation;
    struct transformer_inference *inference;
    const float *table;    /* rows x d */
    size_t rows;
    const int32_t *items;  /* a row's item, the process's number */
    const int32_t *places; /* an item's row, or -1 */
    int32_t places_count;
    struct vector_index *index; /* over the table; NULL: the generation has too few rows for one */
};

struct vectors;

/* Makes an empty holder of at most so many rows a generation; free with vectors_free(). */
struct vectors *vectors_new(size_t rows_max);
/* Frees it; takes NULL; returns NULL. */
struct vectors *vectors_free(struct vectors *vectors);
/* Lets generations of at least so many rows have an index from the next one on; 0: none. */
void vectors_index_from(struct vectors *vectors, size_t rows);
/* Takes a row; numbers its item. Returns NULL, or the reason why it was refused: "bad_row",
 * "over_limit". */
const char *vectors_put(struct vectors *vectors, struct tables *tables,
                        const struct item_vector *row);
/* Takes a part of the dense weights that stands at this offset of `models`. Returns NULL, or the
 * reason why it was refused: "bad_shape", "bad_part". */
const char *vectors_put_weights(struct vectors *vectors, const struct model_weights *part,
                                int64_t offset);
/* Finds the generation that serves; NULL when there is none. */
const struct served *vectors_served(const struct vectors *vectors);
/* Counts the switches so far. */
int64_t vectors_switches(const struct vectors *vectors);
/* Tells an item's row of the generation; -1 when it has none. */
static inline int32_t served_row(const struct served *served, int32_t item)
{
    return item >= 0 && item < served->places_count ? served->places[item] : -1;
}

#endif
