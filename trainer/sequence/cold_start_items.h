/* Cold-start items: items that entered the catalogue after the newest model version. They get a
 * vector at once, without training.
 *
 * The vector is computed from the vectors of the item's attributes: (sum of those that the model
 * knows) / sqrt(their number), as in model/transformer/item_vectors.h without a vector of the
 * item's own, and from its content vector, which the model's projection is applied to. Its row
 * comes after the rows of the model version; the next version trains the item itself.
 *
 * Rows are sent in batches. If a batch may be lost, it is rolled back, and its items get the same
 * row numbers when they are sent again. One thread.
 */
#ifndef FRESHET_TRAINER_SEQUENCE_COLD_START_ITEMS_H
#define FRESHET_TRAINER_SEQUENCE_COLD_START_ITEMS_H

#include "trainer/sequence/model_snapshot.h"
#include "trainer/sequence/training_set.h"

enum {
    COLD_START_ITEMS_MAX = 100000,
    COLD_START_ATTRIBUTES_MAX = 256,
    COLD_START_WIDTH_MAX = 512,
    COLD_START_DROPPED = -1
};

struct cold_start_items {
    struct model_snapshot *snapshot; /* the published model version; NULL: none yet */
    uint8_t *has_row;                /* by item number of the training set */
    size_t has_row_count;
    size_t next_row, acknowledged_row;
    int32_t *queue; /* items; COLD_START_DROPPED: it had a row already */
    size_t count, capacity;
    size_t sent, acknowledged; /* the first `acknowledged` entries are safe, of the first `sent` */
};

/* The row of a cold-start item. */
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
/* Takes the model version that is published now. Queued items that it contains will be skipped. */
void cold_start_items_set_model(struct cold_start_items *cold_start,
                                struct model_snapshot *snapshot);
/* Queues an item of the catalogue unless it has a row. When the queue is full
 * (COLD_START_ITEMS_MAX), the item gets its vector with the next model version. */
void cold_start_items_add(struct cold_start_items *cold_start, int32_t item);
/* Makes the row of the next queued item whose attributes the model knows, or whose content vector
 * it takes (of the table; NULL: none); false: there is none. */
bool cold_start_items_next(struct cold_start_items *cold_start, struct training_set *training_set,
                           struct content_table *content, struct cold_start_row *ret_row);
/* Ends a batch: all rows since the last end have arrived. */
void cold_start_items_acknowledge(struct cold_start_items *cold_start);
/* Rolls a batch back: all rows since the last end will be made again. */
void cold_start_items_roll_back(struct cold_start_items *cold_start);

#endif
