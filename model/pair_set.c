#include "base/base.h"
#include "base/xalloc.h"
#include "model/pair_set.h"

enum { FIRST_CAPACITY = 64 };

void pair_set_release(struct pair_set *set)
{
    free(set->keys);
    *set = (struct pair_set){0};
}

static uint64_t key_of(int32_t user, int32_t item)
{
    assert(user >= 0 && item >= 0);
    return ((uint64_t)user << 32 | (uint64_t)item) + 1;
}

/* The slot that holds the key, or the empty one where it belongs. */
static size_t slot_of(const struct pair_set *set, uint64_t key)
{
    size_t slot = (size_t)((key * 0x9e3779b97f4a7c15U) >> 20) & (set->capacity - 1);
    while (set->keys[slot] && set->keys[slot] != key) { slot = (slot + 1) & (set->capacity - 1); }
    return slot;
}

static void widen(struct pair_set *set)
{
    struct pair_set wider = {.capacity = MAX_OF(set->capacity * 2, (size_t)FIRST_CAPACITY),
                             .count = set->count};
    wider.keys = xcalloc(wider.capacity, sizeof(*wider.keys));
    for (size_t slot = 0; slot < set->capacity; slot++) {
        uint64_t key = set->keys[slot];
        if (key) { wider.keys[slot_of(&wider, key)] = key; }
    }
    free(set->keys);
    *set = wider;
}

bool pair_set_add(struct pair_set *set, int32_t user, int32_t item)
{
    uint64_t key = key_of(user, item);
    if (set->count * 2 >= set->capacity) { widen(set); }
    size_t slot = slot_of(set, key);
    if (set->keys[slot]) { return false; }
    set->keys[slot] = key;
    set->count++;
    return true;
}

bool pair_set_has(const struct pair_set *set, int32_t user, int32_t item)
{
    return set->capacity && set->keys[slot_of(set, key_of(user, item))];
}
