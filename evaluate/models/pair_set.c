#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "evaluate/models/pair_set.h"

enum { FIRST_CAPACITY = 32 };

void pair_set_release(struct pair_set *set)
{
    free(set->keys);
    hash_index_release(&set->index);
    *set = (struct pair_set){0};
}

static uint64_t key_of(int32_t user, int32_t item)
{
    assert(user >= 0 && item >= 0);
    return (uint64_t)user << 32 | (uint64_t)item;
}

static uint64_t hash_of(const void *set, uint32_t at)
{
    return ((const struct pair_set *)set)->keys[at];
}

static bool is(const void *set, uint32_t at, const void *key)
{
    return ((const struct pair_set *)set)->keys[at] == *(const uint64_t *)key;
}

bool pair_set_add(struct pair_set *set, int32_t user, int32_t item)
{
    if (pair_set_has(set, user, item)) { return false; }
    ARRAY_RESERVE(set->keys, set->capacity, set->count + 1, FIRST_CAPACITY);
    uint64_t key = key_of(user, item);
    set->keys[set->count] = key;
    hash_index_add(&set->index, key, (uint32_t)set->count++, hash_of, set);
    return true;
}

bool pair_set_has(const struct pair_set *set, int32_t user, int32_t item)
{
    uint64_t key = key_of(user, item);
    return hash_index_find(&set->index, key, is, set, &key) != HASH_INDEX_NONE;
}
