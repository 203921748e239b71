/* Intake: one PairDeltas message, checked whole and turned into what it adds to each of our rows.
 *
 * A message is refused before anything of it is applied. What it says of items of other partitions
 * is left out; every pair adds to the rows of its two items, seen from each.
 */
#ifndef FRESHET_TRAINER_SIMILARITY_DELTA_READER_H
#define FRESHET_TRAINER_SIMILARITY_DELTA_READER_H

#include "model/counting/row.h"
#include "schemas/pair_deltas.h"

/* The greatest value, either side of 0, and the greatest epoch that are believed. */
#define DELTA_READER_VALUE_MAX 1e15
#define DELTA_READER_EPOCH_MAX (INT64_C(1) << 53)

/* What a message adds to one row; values at the message's epochs. */
struct delta_row {
    int32_t item;
    int32_t new_users; /* below 0: more were forgotten than came */
    double mass;
    double actions;
    double trend;
    const struct neighbour *terms; /* seen from this row; an item may come more than once */
    size_t terms_count;
};

/* Why a message was refused: a fixed word, and where. */
struct delta_error {
    const char *reason;
    char detail[200];
};

struct delta_reader;

/* Makes an delta_reader where rows are shared out over so many partitions; borrows ids for its
 * life. Free with delta_reader_free(). */
struct delta_reader *delta_reader_new(struct ids *ids, int32_t partitions);
/* Frees the delta_reader; takes NULL; returns NULL. */
struct delta_reader *delta_reader_free(struct delta_reader *delta_reader);
/* Reads a message for one partition. 0 with the rows, borrowed until the next read; -EINVAL with
 * the error told ("bad_columns", "bad_index", "bad_value", "bad_item"); -ENOSPC when ids are
 * full. */
int delta_reader_read(struct delta_reader *delta_reader, const struct pair_deltas *message,
                      int32_t partition, const struct delta_row **ret_rows, size_t *ret_count,
                      struct delta_error *ret_error);

#endif
