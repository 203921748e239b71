/* Latecomers: items that the catalogue brought after the newest generation: a vector at once.
 *
 * The vector is what their attributes' vectors make of them: (sum of those that the model knows) /
 * sqrt(their number), as in model/item_vectors.h with nothing of the item's own. It is a row behind
 * the generation's rows; the next generation has the item for itself. Rows are told in turns: one
 * whose rows may be lost is taken back, and they are told again, each at its place. One thread.
 */
#ifndef FRESHET_SEQUENCE_LATECOMERS_H
#define FRESHET_SEQUENCE_LATECOMERS_H

#include "sequence/graduate.h"
#include "sequence/pool.h"

enum { LATECOMERS_MAX = 100000, LATE_TRAITS_MAX = 256, LATE_WIDTH_MAX = 512, LATE_NONE = -1 };

struct latecomers {
    struct graduate *graduate; /* the generation; NULL: none yet */
    uint8_t *there;            /* by the pool's item: it has a row */
    size_t there_count;
    size_t next_row, settled_row;
    int32_t *waiting; /* items; LATE_NONE: has a row already */
    size_t count, capacity;
    size_t next, settled; /* to be told next; before it all are told for good */
};

/* A latecomer's row. */
struct late_row {
    int32_t item;
    size_t row;
    size_t width; /* of the vector */
    float scale;
    int8_t bytes[LATE_WIDTH_MAX];
};

/* Prepares an empty queue. */
void latecomers_init(struct latecomers *latecomers);
/* Frees the memory. */
void latecomers_release(struct latecomers *latecomers);
/* Takes the generation that is published now; who waits may be in it. */
void latecomers_follow(struct latecomers *latecomers, struct graduate *graduate);
/* Notes that the catalogue tells of an item; beyond LATECOMERS_MAX it waits for the next
 * generation. */
void latecomers_add(struct latecomers *latecomers, int32_t item);
/* Makes the row of the next who waits and has known attributes; false: nobody does. */
bool latecomers_next(struct latecomers *latecomers, struct pool *pool, struct late_row *ret_row);
/* Ends a turn: what was told since the last one has arrived. */
void latecomers_settle(struct latecomers *latecomers);
/* Takes a turn back: what was told since the last one is told again. */
void latecomers_take_back(struct latecomers *latecomers);

#endif
