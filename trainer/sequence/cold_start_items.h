/* Latecomers: items that the catalogue brought after the newest generation: a vector at once.
 *
 * The vector is what their attributes' vectors make of them: (sum of those that the model knows) /
 * sqrt(their number), as in model/transformer/item_vectors.h with nothing of the item's own. It is
 * a row behind the generation's rows; the next generation has the item for itself. Rows are told in
 * turns: one whose rows may be lost is taken back, and they are told again, each at its place. One
 * thread.
 */
#ifndef FRESHET_TRAINER_SEQUENCE_COLD_START_ITEMS_H
#define FRESHET_TRAINER_SEQUENCE_COLD_START_ITEMS_H

#include "trainer/sequence/model_snapshot.h"
#include "trainer/sequence/training_set.h"

enum {
    COLD_START_ITEMS_MAX = 100000,
    COLD_START_ATTRIBUTES_MAX = 256,
    COLD_START_WIDTH_MAX = 512,
    COLD_START_NONE = -1
};

struct cold_start_items {
    struct model_snapshot *snapshot; /* the generation; NULL: none yet */
    uint8_t *there;                  /* by the training_set's item: it has a row */
    size_t there_count;
    size_t next_row, acknowledged_row;
    int32_t *waiting; /* items; COLD_START_NONE: has a row already */
    size_t count, capacity;
    size_t next, acknowledged; /* to be told next; before it all are told for good */
};

/* A latecomer's row. */
struct cold_start_row {
    int32_t item;
    size_t row;
    size_t width; /* of the vector */
    float scale;
    int8_t bytes[COLD_START_WIDTH_MAX];
};

/* Prepares an empty queue. */
void cold_start_items_init(struct cold_start_items *cold_start);
/* Frees the memory. */
void cold_start_items_release(struct cold_start_items *cold_start);
/* Takes the generation that is published now; who waits may be in it. */
void cold_start_items_follow(struct cold_start_items *cold_start, struct model_snapshot *snapshot);
/* Notes that the catalogue tells of an item; beyond COLD_START_ITEMS_MAX it waits for the next
 * generation. */
void cold_start_items_add(struct cold_start_items *cold_start, int32_t item);
/* Makes the row of the next who waits and has known attributes; false: nobody does. */
bool cold_start_items_next(struct cold_start_items *cold_start, struct training_set *training_set,
                           struct cold_start_row *ret_row);
/* Ends a turn: what was told since the last one has arrived. */
void cold_start_items_acknowledge(struct cold_start_items *cold_start);
/* Takes a turn back: what was told since the last one is told again. */
void cold_start_items_take_back(struct cold_start_items *cold_start);

#endif
