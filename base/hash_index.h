/* A hash index: finds the position of a key in an array that its owner keeps.
 *
 * The owner's array holds the keys (structs, texts of an arena, columns ...); the index holds only
 * positions, in an open-addressing table that is at most half full, with linear probing and removal
 * without tombstones. A slot has 16 bits while positions fit, then 32. The owner passes two
 * functions that hash and compare; they are inlined into the probe loop:
 *
 *     uint64_t hash_of(const void *owner, uint32_t at);               the hash of the key at `at`
 *     bool is(const void *owner, uint32_t at, const void *key);       is the key at `at` this one?
 *
 * A hash may be anything that differs between keys, e.g. a number itself: the index mixes it with
 * its own seed and with one that only this process knows. So nobody can make keys that collide in
 * the table, as long as their hashes differ; the hash of a text should be hash_index_text(), for
 * which nobody can make two texts that have the same. Seeds change neither what is found nor any
 * order. Zeroed memory is an empty index with seed 0.
 *
 * Limits: positions are below HASH_INDEX_MAX; the table grows by doubling and never shrinks.
 * Threads: one at a time, or several that only find.
 */
#ifndef FRESHET_BASE_HASH_INDEX_H
#define FRESHET_BASE_HASH_INDEX_H

#include "base/base.h"
#include "base/slice.h"

enum { HASH_INDEX_NONE = -1, HASH_INDEX_MAX = 1 << 30, HASH_INDEX_NARROW = 1 << 16 };

/* Random, from the start of the process on. */
extern uint64_t hash_index_process_seed;

/* Returns the hash of a text in this process; never let it out (ids_fingerprint() is for that). */
uint64_t hash_index_text(struct slice text);

struct hash_index {
    void *slots; /* uint16_t up to HASH_INDEX_NARROW slots, else uint32_t: position + 1; 0: free */
    uint64_t seed;
    uint32_t slots_count; /* a power of two, or 0 */
    uint32_t count;
};

/* Makes an empty index; it allocates nothing yet. */
void hash_index_init(struct hash_index *index, uint64_t seed);
/* Frees the memory; the index is empty and keeps its seed. */
void hash_index_release(struct hash_index *index);
/* Removes all positions; the memory stays. */
void hash_index_clear(struct hash_index *index);
/* Makes room for `more` further positions. Calls hash_of() for the positions that are there. */
void hash_index_reserve_slow(struct hash_index *index, uint32_t more,
                             uint64_t (*hash_of)(const void *owner, uint32_t at),
                             const void *owner);
/* Removes a position that is there, whose key has this hash. Calls hash_of() for the positions
 * behind it, so their keys must still be in the array. */
void hash_index_remove(struct hash_index *index, uint64_t hash, uint32_t at,
                       uint64_t (*hash_of)(const void *owner, uint32_t at), const void *owner);
/* Replaces a position that is there, whose key has this hash, because the owner moves the key. */
void hash_index_move(struct hash_index *index, uint64_t hash, uint32_t from, uint32_t to);
/* Returns the bytes of the table. */
size_t hash_index_bytes(const struct hash_index *index);

#define HASH_INDEX_INLINE static inline __attribute__((__always_inline__))

HASH_INDEX_INLINE void hash_index_reserve(struct hash_index *index, uint32_t more,
                                          uint64_t (*hash_of)(const void *owner, uint32_t at),
                                          const void *owner)
{
    if ((uint64_t)(index->count + more) * 2 <= index->slots_count) { return; }
    hash_index_reserve_slow(index, more, hash_of, owner);
}

/* ---- Slots: for loops that find and add in one go; everybody else calls what is below ---- */

/* Returns the slot at which the search for a hash begins. */
HASH_INDEX_INLINE uint32_t hash_index_home(const struct hash_index *index, uint64_t hash)
{
    unsigned __int128 product =
        (unsigned __int128)(hash ^ index->seed ^ hash_index_process_seed) *
        UINT64_C(0x9e3779b97f4a7c15);
    return ((uint32_t)product ^ (uint32_t)(product >> 64)) & (index->slots_count - 1);
}

/* Returns the position in a slot; HASH_INDEX_NONE: free. */
HASH_INDEX_INLINE int32_t hash_index_get(const struct hash_index *index, uint32_t slot)
{
    const uint16_t *narrow = index->slots;
    const uint32_t *wide = index->slots;
    return (int32_t)(index->slots_count > HASH_INDEX_NARROW ? wide[slot] : narrow[slot]) - 1;
}

/* Puts a position (or HASH_INDEX_NONE) into a slot; does not count it. */
HASH_INDEX_INLINE void hash_index_set(struct hash_index *index, uint32_t slot, int32_t at)
{
    uint16_t *narrow = index->slots;
    uint32_t *wide = index->slots;
    if (index->slots_count > HASH_INDEX_NARROW) {
        wide[slot] = (uint32_t)(at + 1);
    } else {
        assert(at < HASH_INDEX_NARROW - 1);
        narrow[slot] = (uint16_t)(at + 1);
    }
}

/* Prefetches the memory of a slot that will be read soon. */
HASH_INDEX_INLINE void hash_index_prefetch(const struct hash_index *index, uint32_t slot)
{
    size_t width =
        index->slots_count > HASH_INDEX_NARROW ? sizeof(uint32_t) : sizeof(uint16_t);
    __builtin_prefetch((const char *)index->slots + slot * width);
}

/* Returns the slot that holds the key's position, or the free slot where it would go. The table
 * must not be empty: hash_index_reserve() has been called. */
HASH_INDEX_INLINE uint32_t hash_index_slot(const struct hash_index *index, uint64_t hash,
                                           bool (*is)(const void *owner, uint32_t at,
                                                      const void *key),
                                           const void *owner, const void *key)
{
    const uint32_t mask = index->slots_count - 1;
    for (uint32_t slot = hash_index_home(index, hash);; slot = (slot + 1) & mask) {
        int32_t at = hash_index_get(index, slot);
        if (at < 0 || is(owner, (uint32_t)at, key)) { return slot; }
    }
}

/* Returns the free slot for a key that is not there. */
HASH_INDEX_INLINE uint32_t hash_index_free_slot(const struct hash_index *index, uint64_t hash)
{
    const uint32_t mask = index->slots_count - 1;
    uint32_t slot = hash_index_home(index, hash);
    while (hash_index_get(index, slot) >= 0) { slot = (slot + 1) & mask; }
    return slot;
}

/* Puts a position into the free slot that one of these returned. */
HASH_INDEX_INLINE void hash_index_occupy(struct hash_index *index, uint32_t slot, uint32_t at)
{
    assert(at < HASH_INDEX_MAX);
    hash_index_set(index, slot, (int32_t)at);
    index->count++;
}

/* ---- Keys ---- */

/* Finds the position of a key; HASH_INDEX_NONE when it is not there. */
HASH_INDEX_INLINE int32_t hash_index_find(const struct hash_index *index, uint64_t hash,
                                          bool (*is)(const void *owner, uint32_t at,
                                                     const void *key),
                                          const void *owner, const void *key)
{
    if (index->count == 0) { return HASH_INDEX_NONE; }
    const uint32_t mask = index->slots_count - 1;
    for (uint32_t slot = hash_index_home(index, hash);; slot = (slot + 1) & mask) {
        int32_t at = hash_index_get(index, slot);
        if (at < 0 || is(owner, (uint32_t)at, key)) { return at; }
    }
}

/* Adds the position of a key that is not there. */
HASH_INDEX_INLINE void hash_index_add(struct hash_index *index, uint64_t hash, uint32_t at,
                                      uint64_t (*hash_of)(const void *owner, uint32_t at),
                                      const void *owner)
{
    hash_index_reserve(index, 1, hash_of, owner);
    hash_index_occupy(index, hash_index_free_slot(index, hash), at);
}

/* Removes all positions and adds 0 to count-1: for an owner that has put its keys into a new
 * order. */
HASH_INDEX_INLINE void hash_index_refill(struct hash_index *index, uint32_t count,
                                         uint64_t (*hash_of)(const void *owner, uint32_t at),
                                         const void *owner)
{
    hash_index_clear(index);
    hash_index_reserve(index, count, hash_of, owner);
    index->count = count;
    for (uint32_t at = 0; at < count; at++) {
        hash_index_set(index, hash_index_free_slot(index, hash_of(owner, at)), (int32_t)at);
    }
}

#endif
