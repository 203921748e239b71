#include "base/base.h"
#include "base/xalloc.h"
#include "stream/kafka/partition_offsets.h"
#include "stream/kafka/wire.h"

struct partition_offset *partition_offsets_find(struct partition_offsets *offsets,
                                                const char *topic, int32_t partition)
{
    for (size_t i = 0; i < offsets->count; i++) {
        struct partition_offset *entry = &offsets->at[(offsets->last + i) % offsets->count];
        if (entry->partition == partition && strcmp(entry->topic, topic) == 0) {
            offsets->last = (size_t)(entry - offsets->at);
            return entry;
        }
    }
    offsets->at = xreallocarray(offsets->at, offsets->count + 1, sizeof(*offsets->at));
    struct partition_offset *entry = &offsets->at[offsets->count];
    *entry = (struct partition_offset){.topic = xstrdup(topic),
                                       .partition = partition,
                                       .position = OFFSET_NONE,
                                       .appended = OFFSET_NONE};
    offsets->last = offsets->count++;
    return entry;
}

void partition_offset_append(struct partition_offset *entry, int64_t offset)
{
    bool known = offset >= 0;
    bool follows = offset == entry->appended + 1;
    if (known && entry->appended != OFFSET_NONE && !follows) { entry->others++; }
    entry->appended = known ? MAX_OF(entry->appended, offset) : OFFSET_NONE;
}

void partition_offsets_forget_positions(struct partition_offsets *offsets)
{
    for (size_t i = 0; i < offsets->count; i++) { offsets->at[i].position = OFFSET_NONE; }
}

void partition_offsets_release(struct partition_offsets *offsets)
{
    for (size_t i = 0; i < offsets->count; i++) { free(offsets->at[i].topic); }
    free(offsets->at);
    *offsets = (struct partition_offsets){0};
}
