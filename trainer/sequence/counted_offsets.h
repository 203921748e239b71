/* Counted offsets: up to where a table had been read when a count of it began. */
#ifndef FRESHET_TRAINER_SEQUENCE_COUNTED_OFFSETS_H
#define FRESHET_TRAINER_SEQUENCE_COUNTED_OFFSETS_H

#include "stream/state/table_store.h"

struct counted_offsets {
    int64_t *at; /* NULL: there was no count */
    size_t count;
};

/* Keeps the offsets of a view. */
void counted_offsets_keep(struct counted_offsets *offsets, const struct table_view *view);
/* Frees them: there was no count. */
void counted_offsets_release(struct counted_offsets *offsets);
/* Says whether there was a count, and a view has the same ones. */
bool counted_offsets_are(const struct counted_offsets *offsets, const struct table_view *view);
/* Returns those that a record names, borrowed: none of a table with too many partitions. */
struct longs counted_offsets_named(const struct counted_offsets *offsets);

#endif
