/* Offsets that a client keeps for the partitions that it reads or writes, by topic and partition.
 * One thread. */
#ifndef FRESHET_STREAM_KAFKA_PARTITION_OFFSETS_H
#define FRESHET_STREAM_KAFKA_PARTITION_OFFSETS_H

#include "base/base.h"

struct partition_offset {
    char *topic; /* owned; lives as long as the offsets */
    int32_t partition;
    int64_t position; /* next offset to deliver; OFFSET_NONE: unknown */
    int64_t appended; /* newest acknowledged offset of our own messages; OFFSET_NONE: none */
    uint64_t others; /* how often one did not follow the one before: others wrote, or a broker lost
                      * what was acknowledged */
};

struct partition_offsets {
    struct partition_offset *at;
    size_t count;
    size_t last; /* index of the last look-up: records of a partition come in runs */
};

/* Finds a partition's entry, or adds one with unknown offsets. Valid until the next call. */
struct partition_offset *partition_offsets_find(struct partition_offsets *offsets,
                                                const char *topic, int32_t partition);
/* Records that a message of our own was acknowledged at an offset; below 0: somewhere. */
void partition_offset_append(struct partition_offset *entry, int64_t offset);
/* Sets all positions to unknown. */
void partition_offsets_forget_positions(struct partition_offsets *offsets);
/* Frees all. */
void partition_offsets_release(struct partition_offsets *offsets);

#endif
