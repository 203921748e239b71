#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "model/ids.h"
#include "schemas/offset_order.h"
#include "scorer/pending_histories.h"

enum { PENDING_HISTORIES_FIRST = 64 };

void pending_histories_init(struct pending_histories *pending)
{
    *pending = (struct pending_histories){0};
}

void pending_histories_release(struct pending_histories *pending)
{
    free(pending->entries);
    hash_index_release(&pending->index);
    *pending = (struct pending_histories){0};
}

void pending_histories_clear(struct pending_histories *pending)
{
    hash_index_clear(&pending->index);
    pending->count = 0;
}

bool history_older(const struct user_history *history, int32_t partition, int64_t offset)
{
    return history->input_partition == partition && offset_older(history->input_offset, offset);
}

static uint64_t hash_of(const void *pending, uint32_t at)
{
    return ((const struct pending_histories *)pending)->entries[at].hash;
}

static bool has_user(const void *pending, uint32_t at, const void *wanted)
{
    const struct pending_history *entry = &((const struct pending_histories *)pending)->entries[at];
    const struct pending_history *other = wanted;
    return entry->hash == other->hash && slice_equal(entry->user_id, other->user_id);
}

static struct pending_history *add(struct pending_histories *pending, uint64_t hash)
{
    ARRAY_RESERVE(pending->entries, pending->capacity, pending->count + 1, PENDING_HISTORIES_FIRST);
    hash_index_add(&pending->index, hash, (uint32_t)pending->count, hash_of, pending);
    return &pending->entries[pending->count++];
}

bool pending_histories_put(struct pending_histories *pending, struct slice user_id,
                           const struct user_history *history, struct slice value)
{
    struct pending_history taken = {
        .user_id = user_id,
        .hash = hash_index_text(user_id),
        .tombstone = !history,
        .value = value,
    };
    if (history) { taken.history = *history; }
    int32_t at = hash_index_find(&pending->index, taken.hash, has_user, pending, &taken);
    if (at == HASH_INDEX_NONE) {
        *add(pending, taken.hash) = taken;
        return true;
    }
    struct pending_history *entry = &pending->entries[at];
    const struct user_history *held = &entry->history;
    bool compare = history && !entry->tombstone;
    if (compare && history_older(history, held->input_partition, held->input_offset)) {
        return false;
    }
    *entry = taken;
    return true;
}
