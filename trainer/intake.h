/* Intake: one PairDeltas message, checked whole and turned into what it adds to each of our rows.
 *
 * A message is refused before anything of it is applied. What it says of items of other partitions
 * is left out; every pair adds to the rows of its two items, seen from each.
 */
#ifndef FRESHET_TRAINER_INTAKE_H
#define FRESHET_TRAINER_INTAKE_H

#include "model/row.h"
#include "schemas/pair_deltas.h"

/* The greatest value, either side of 0, and the greatest epoch that are believed. */
#define INTAKE_VALUE_MAX 1e15
#define INTAKE_EPOCH_MAX (INT64_C(1) << 53)

/* What a message adds to one row; values at the message's epochs. */
struct intake_row {
    int32_t item;
    int32_t new_users; /* below 0: more were forgotten than came */
    double mass;
    double actions;
    double trend;
    const struct neighbour *terms; /* seen from this row; an item may come more than once */
    size_t terms_count;
};

/* Why a message was refused: a fixed word, and where. */
struct intake_error {
    const char *reason;
    char detail[200];
};

struct intake;

/* Makes an intake where rows are shared out over so many partitions; borrows ids for its life.
 * Free with intake_free(). */
struct intake *intake_new(struct ids *ids, int32_t partitions);
/* Frees the intake; takes NULL; returns NULL. */
struct intake *intake_free(struct intake *intake);
/* Reads a message for one partition. 0 with the rows, borrowed until the next read; -EINVAL with
 * the error told ("bad_columns", "bad_index", "bad_value", "bad_item"); -ENOSPC when ids are
 * full. */
int intake_read(struct intake *intake, const struct pair_deltas *message, int32_t partition,
                const struct intake_row **ret_rows, size_t *ret_count,
                struct intake_error *ret_error);

#endif
