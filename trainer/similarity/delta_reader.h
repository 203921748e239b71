/* Delta reader: checks a whole PairDeltas message and computes what it adds to each row of one
 * partition.
 *
 * A message is refused before any part of it is applied. Rows of other partitions are left out.
 * Every pair adds to the rows of both its items, in each from that item's side: what is "forward"
 * in one row is "backward" in the other.
 */
#ifndef FRESHET_TRAINER_SIMILARITY_DELTA_READER_H
#define FRESHET_TRAINER_SIMILARITY_DELTA_READER_H

#include "model/counting/row.h"
#include "schemas/pair_deltas.h"

/* Limits of valid input: of the absolute value of a number, and of an epoch. */
#define DELTA_READER_VALUE_MAX 1e15
#define DELTA_READER_EPOCH_MAX (INT64_C(1) << 53)

/* What a message adds to one row; values are decayed to the message's epochs. */
struct delta_row {
    int32_t item;
    int32_t new_users; /* below 0: more users were erased than added */
    double mass;
    double actions;
    double trend;
    const struct neighbour *terms; /* from this row's side; an item may occur more than once */
    size_t terms_count;
};

/* Why a message was refused: a fixed word, and details for people. */
struct delta_error {
    const char *reason;
    char detail[200];
};

struct delta_reader;

/* Makes a delta reader for rows that are spread over this many partitions; borrows ids for its
 * life. Free with delta_reader_free(). */
struct delta_reader *delta_reader_new(struct ids *ids, int32_t partitions);
/* Frees the delta reader; takes NULL; returns NULL. */
struct delta_reader *delta_reader_free(struct delta_reader *delta_reader);
/* Reads a message for one partition. 0 with the rows, borrowed until the next read; -EINVAL with
 * *ret_error ("bad_columns", "bad_index", "bad_value", "bad_item"); -ENOSPC when ids are full. */
int delta_reader_read(struct delta_reader *delta_reader, const struct pair_deltas *message,
                      int32_t partition, const struct delta_row **ret_rows, size_t *ret_count,
                      struct delta_error *ret_error);

#endif
