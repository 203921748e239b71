/* Vectors: the generations of the sequence trainer as they arrive, and the one that serves.
 *
 * A generation is gathered until all its rows and all parts of its dense weights are here; then it
 * serves, whole, if it was announced after the one that serves now. What is older is dropped. A row
 * that comes later for the generation that serves (an item that is new) is taken in at once.
 *
 * Rows of at most VECTORS_GATHERED generations are held; beyond, the one to which nothing has come
 * for longest goes, but never the one that serves. One thread.
 */
#ifndef FRESHET_SCORER_VECTORS_H
#define FRESHET_SCORER_VECTORS_H

#include "model/foresight.h"
#include "schemas/model_weights.h"
#include "scorer/tables.h"

enum { VECTORS_GATHERED = 4 };

/* The generation that serves; borrowed until the next row or part. */
struct served {
    const char *generation;
    struct foresight *foresight;
    const float *table;    /* rows x d */
    size_t rows;
    const int32_t *items;  /* a row's item, the process's number */
    const int32_t *places; /* an item's row, or -1 */
    int32_t places_count;
};

struct vectors;

/* Makes an empty holder of at most so many rows a generation; free with vectors_free(). */
struct vectors *vectors_new(size_t rows_max);
/* Frees it; takes NULL; returns NULL. */
struct vectors *vectors_free(struct vectors *vectors);
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
