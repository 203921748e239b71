#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "scorer/user_set.h"

enum { USER_SET_FIRST = 256 };

static uint64_t hash_of(const void *owner, uint32_t at)
{
    return ((const struct user_set *)owner)->hashes[at];
}

static bool is(const void *owner, uint32_t at, const void *key)
{
    return ((const struct user_set *)owner)->hashes[at] == *(const uint64_t *)key;
}

static int32_t find(const struct user_set *set, uint64_t hash)
{
    return hash_index_find(&set->index, hash, is, set, &hash);
}

void user_set_release(struct user_set *set)
{
    hash_index_release(&set->index);
    free(set->hashes);
    *set = (struct user_set){0};
}

void user_set_clear(struct user_set *set)
{
    hash_index_clear(&set->index);
    set->count = 0;
}

bool user_set_has(const struct user_set *set, struct slice user_id)
{
    return find(set, hash_index_text(user_id)) != HASH_INDEX_NONE;
}

bool user_set_add(struct user_set *set, struct slice user_id)
{
    uint64_t hash = hash_index_text(user_id);
    if (find(set, hash) != HASH_INDEX_NONE) { return false; }
    ARRAY_RESERVE(set->hashes, set->capacity, set->count + 1, USER_SET_FIRST);
    set->hashes[set->count] = hash;
    hash_index_add(&set->index, hash, (uint32_t)set->count, hash_of, set);
    set->count++;
    return true;
}

/* The last one takes the place of the one that goes. */
void user_set_drop(struct user_set *set, struct slice user_id)
{
    uint64_t hash = hash_index_text(user_id);
    int32_t at = find(set, hash);
    if (at == HASH_INDEX_NONE) { return; }
    size_t last = set->count - 1;
    hash_index_remove(&set->index, hash, (uint32_t)at, hash_of, set);
    if ((size_t)at != last) {
        hash_index_move(&set->index, set->hashes[last], (uint32_t)last, (uint32_t)at);
        set->hashes[at] = set->hashes[last];
    }
    set->count--;
}
