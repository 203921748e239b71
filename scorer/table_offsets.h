/* Table offsets: how far a broadcast topic has been read, by partition, as lists carry it. */
#ifndef FRESHET_SCORER_TABLE_OFFSETS_H
#define FRESHET_SCORER_TABLE_OFFSETS_H

#include "base/array.h"
#include "schemas/recommendation_list.h"

struct table_offsets {
    int64_t *at;
    size_t count, capacity;
};

/* Frees the memory; init with zeros. */
static inline void table_offsets_release(struct table_offsets *offsets)
{
    free(offsets->at);
    *offsets = (struct table_offsets){0};
}

/* As a list names them; borrowed until the next record. */
static inline struct longs table_offsets_longs(const struct table_offsets *offsets)
{
    return (struct longs){offsets->at, offsets->count};
}

/* Records that a record was read. */
static inline void table_offsets_read(struct table_offsets *offsets, int32_t partition,
                                      int64_t offset)
{
    if (partition < 0 || partition >= LIST_OFFSETS_MAX) { return; }
    ARRAY_RESERVE(offsets->at, offsets->capacity, (size_t)partition + 1, 16);
    while (offsets->count <= (size_t)partition) { offsets->at[offsets->count++] = 0; }
    offsets->at[partition] = offset + 1;
}

#endif
