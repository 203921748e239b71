#include "base/base.h"
#include "base/array.h"
#include "features/taken_back.h"

enum { TAKEN_BACK_FIRST = 8 };

uint64_t taken_back_hash(uint64_t item_hash, int32_t kind)
{
    return (item_hash ^ (uint64_t)(kind + 1)) * UINT64_C(0x9e3779b97f4a7c15);
}

bool taken_back_add(struct taken_back *taken, uint64_t hash, int64_t time_ms, int32_t most)
{
    for (int32_t i = 0; i < taken->count; i++) {
        struct taken_back_entry *entry = &taken->at[i];
        bool same = entry->hash == hash &&
                    (entry->time_ms == TAKEN_BACK_EVENT) == (time_ms == TAKEN_BACK_EVENT);
        if (!same) { continue; }
        bool later = entry->time_ms < time_ms;
        entry->time_ms = MAX_OF(entry->time_ms, time_ms);
        return later;
    }
    ARRAY_RESERVE(taken->at, taken->capacity, taken->count + 1, TAKEN_BACK_FIRST);
    taken->at[taken->count++] = (struct taken_back_entry){hash, time_ms};
    int32_t over = taken->count - most;
    if (over > 0) {
        taken->count -= over;
        memmove(taken->at, taken->at + over, (size_t)taken->count * sizeof(*taken->at));
    }
    return true;
}

bool taken_back_has(const struct taken_back *taken, uint64_t id_hash, uint64_t item_hash,
                    int32_t kind, int64_t time_ms)
{
    uint64_t hash = taken->count ? taken_back_hash(item_hash, kind) : 0;
    for (int32_t i = 0; i < taken->count; i++) {
        const struct taken_back_entry *entry = &taken->at[i];
        bool event = entry->time_ms == TAKEN_BACK_EVENT;
        if (event ? entry->hash == id_hash : entry->hash == hash && time_ms <= entry->time_ms) {
            return true;
        }
    }
    return false;
}

void taken_back_release(struct taken_back *taken)
{
    free(taken->at);
    *taken = (struct taken_back){.count = 0};
}
