/* Nearest rows: for each item the items that are most like it, by a measure that the owner has.
 *
 * A row is computed when it is first asked for. The owner tells which items have changed; a row
 * that is asked for again is corrected by those that have changed since, or computed again where
 * these are so many that it costs less. So a row depends on what items are like now, and not on the
 * order in which they came: equal ones are ordered by id. At most `rows_max` rows are kept, of 800
 * bytes each: the ones that were asked for lately. One thread.
 */
#ifndef FRESHET_MODEL_NEAREST_ROWS_H
#define FRESHET_MODEL_NEAREST_ROWS_H

#include "base/base.h"
#include "model/ids.h"
#include "model/topk.h"

enum { NEAREST_ITEMS = 100, NEAREST_ROWS_MOST = 1 << 14, NEAREST_CHANGES_KEPT = 1 << 13 };

struct alike {
    int32_t item;
    float cosine; /* above 0 */
};

/* How the owner compares items. Both give the same number for the same two items. */
struct nearest_measure {
    /* Offers every other item with a cosine above 0 to `top`, or more. */
    void (*offer)(void *owner, int32_t item, struct topk *top);
    /* Returns the cosine of two items; 0 or less: they are not alike, or one is not there. */
    float (*compare)(void *owner, int32_t item, int32_t other);
    /* Returns how many items there are. */
    size_t (*count)(const void *owner);
    void *owner;
};

struct nearest_rows;

/* Makes an empty set for items with these ids (NULL: equal ones are ordered by number), which are
 * borrowed for its life; free with nearest_rows_free(). */
struct nearest_rows *nearest_rows_new(const struct nearest_measure *measure, const struct ids *ids,
                                      size_t rows_max);
/* Frees it; takes NULL; returns NULL. */
struct nearest_rows *nearest_rows_free(struct nearest_rows *rows);
/* Says that an item has come, changed or gone. */
void nearest_rows_change(struct nearest_rows *rows, int32_t item);
/* Says that every item may have changed. */
void nearest_rows_change_all(struct nearest_rows *rows);
/* Ask the cache for where an item's row is, then for its slot, then for the row: for an item whose
 * row is wanted soon. */
enum nearest_step { NEAREST_PLACE, NEAREST_SLOT, NEAREST_ROW };
void nearest_rows_fetch(const struct nearest_rows *rows, int32_t item, enum nearest_step step);
/* Borrows an item's row, best first, until the next call; the item is there. */
const struct alike *nearest_rows_of(struct nearest_rows *rows, int32_t item, size_t *ret_count);

#endif
