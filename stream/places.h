/* Places: what a client knows of the partitions that it reads or writes. */
#ifndef FRESHET_STREAM_PLACES_H
#define FRESHET_STREAM_PLACES_H

#include "base/base.h"

struct place {
    char *topic; /* owned; lives as long as the places */
    int32_t partition;
    int64_t position; /* next offset to deliver; OFFSET_NONE: unknown */
    int64_t appended; /* newest acknowledged offset of our own messages; OFFSET_NONE: none */
};

struct places {
    struct place *at;
    size_t count;
    size_t last; /* where the last look-up ended: records come in runs */
};

/* Finds a partition's place, or makes one that knows nothing. Valid until the next call. */
struct place *places_find(struct places *places, const char *topic, int32_t partition);
/* Forgets all positions. */
void places_forget_positions(struct places *places);
/* Frees all. */
void places_release(struct places *places);

#endif
