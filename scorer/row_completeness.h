/* Row completeness: whether all rows of the item-item table have been read, so that lists may be
 * made.
 *
 * A trainer sends all rows of a partition and then a message that says so
 * (SERVING_ROWS_COMPLETE_KEY). After an upgrade from a release without serving rows, `neighbours`
 * has rows while `serving-rows` has none, or not all: lists made then would be empty or poor, and
 * replace good ones. So a scorer waits until the trainer has sent the rows. One thread.
 */
#ifndef FRESHET_SCORER_ROW_COMPLETENESS_H
#define FRESHET_SCORER_ROW_COMPLETENESS_H

#include "stream/worker.h"

struct row_completeness {
    uint8_t *partitions; /* what was read of each */
    size_t count;
    bool complete; /* of all partitions, once and for all */
    int64_t asked_ms;
    int64_t told_ms;
};

/* Frees the memory; init with zeros. */
void row_completeness_release(struct row_completeness *completeness);
/* Records that a row of a partition was read, or the message that there are no more. */
void row_completeness_row(struct row_completeness *completeness, int32_t partition);
void row_completeness_end(struct row_completeness *completeness, int32_t partition);
/* Says whether lists may be made; asks the broker now and then while not, and logs what it waits
 * for. */
bool row_completeness_reached(struct row_completeness *completeness, struct run *run);

#endif
