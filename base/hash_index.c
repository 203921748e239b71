/* Open addressing with linear probing. Removal closes the gap: a later entry of the run moves up
 * when that brings it nearer to its home and not before it (Knuth, The Art of Computer Programming
 * 3, section 6.4, algorithm R). So a search ends at the first free slot, and the table does not
 * fill up with tombstones. */
#include "base/base.h"
#include "base/hash_index.h"
#include "base/xalloc.h"

#include <sys/random.h>
#include <xxhash.h>

enum { SLOTS_FIRST = 16 };

uint64_t hash_index_process_seed;

/* Before main(), so that no table was used with another seed. Where the kernel has no random bytes
 * yet, an address and the time are better than nothing. */
static __attribute__((__constructor__)) void choose_seed(void)
{
    struct timespec now;
    if (getrandom(&hash_index_process_seed, sizeof(hash_index_process_seed), GRND_NONBLOCK) ==
        sizeof(hash_index_process_seed)) {
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &now);
    hash_index_process_seed = (uint64_t)(uintptr_t)&now ^ (uint64_t)now.tv_nsec << 32;
}

uint64_t hash_index_text(struct slice text)
{
    return XXH3_64bits_withSeed(text.data, text.size, hash_index_process_seed);
}

void hash_index_init(struct hash_index *index, uint64_t seed)
{
    *index = (struct hash_index){.seed = seed};
}

void hash_index_release(struct hash_index *index)
{
    free(index->slots);
    hash_index_init(index, index->seed);
}

size_t hash_index_bytes(const struct hash_index *index)
{
    bool wide = index->slots_count > HASH_INDEX_NARROW;
    return index->slots_count * (wide ? sizeof(uint32_t) : sizeof(uint16_t));
}

void hash_index_clear(struct hash_index *index)
{
    if (index->count) { memset(index->slots, 0, hash_index_bytes(index)); }
    index->count = 0;
}

/* Says whether the positions are 0 to count-1. */
static bool is_dense(const struct hash_index *index)
{
    int32_t last = HASH_INDEX_NONE;
    for (uint32_t slot = 0; slot < index->slots_count; slot++) {
        last = MAX_OF(last, hash_index_get(index, slot));
    }
    return last + 1 == (int32_t)index->count;
}

static void make_slots(struct hash_index *index)
{
    index->slots = xmalloc(hash_index_bytes(index));
    memset(index->slots, 0, hash_index_bytes(index));
}

/* Moves the positions into a wider table. */
static void move_all(const struct hash_index *index, struct hash_index *wider,
                     uint64_t (*hash_of)(const void *owner, uint32_t at), const void *owner)
{
    for (uint32_t slot = 0; slot < index->slots_count; slot++) {
        int32_t at = hash_index_get(index, slot);
        if (at < 0) { continue; }
        hash_index_add(wider, hash_of(owner, (uint32_t)at), (uint32_t)at, hash_of, owner);
    }
}

void hash_index_reserve_slow(struct hash_index *index, uint32_t more,
                             uint64_t (*hash_of)(const void *owner, uint32_t at),
                             const void *owner)
{
    assert(more <= HASH_INDEX_MAX - index->count);
    struct hash_index wider = {.seed = index->seed,
                               .slots_count = MAX_OF(index->slots_count, (uint32_t)SLOTS_FIRST)};
    while (wider.slots_count / 2 < index->count + more) { wider.slots_count *= 2; }
    /* Dense positions follow from the count: the old table goes first; keys are read in order. */
    const bool dense = is_dense(index);
    const uint32_t count = index->count;
    if (dense) { hash_index_release(index); }
    make_slots(&wider);
    if (dense) {
        hash_index_refill(&wider, count, hash_of, owner);
    } else {
        move_all(index, &wider, hash_of, owner);
        hash_index_release(index);
    }
    *index = wider;
}

/* Finds the slot of a position that is there. */
static uint32_t slot_of(const struct hash_index *index, uint64_t hash, uint32_t at)
{
    const uint32_t mask = index->slots_count - 1;
    assert(index->count > 0);
    for (uint32_t slot = hash_index_home(index, hash);; slot = (slot + 1) & mask) {
        int32_t there = hash_index_get(index, slot);
        assert(there >= 0);
        if ((uint32_t)there == at) { return slot; }
    }
}

void hash_index_remove(struct hash_index *index, uint64_t hash, uint32_t at,
                       uint64_t (*hash_of)(const void *owner, uint32_t at), const void *owner)
{
    const uint32_t mask = index->slots_count - 1;
    uint32_t gap = slot_of(index, hash, at);
    int32_t there;
    for (uint32_t next = (gap + 1) & mask; (there = hash_index_get(index, next)) >= 0;
         next = (next + 1) & mask) {
        uint32_t home = hash_index_home(index, hash_of(owner, (uint32_t)there));
        if (((next - home) & mask) < ((next - gap) & mask)) { continue; }
        hash_index_set(index, gap, there);
        gap = next;
    }
    hash_index_set(index, gap, HASH_INDEX_NONE);
    index->count--;
}

void hash_index_move(struct hash_index *index, uint64_t hash, uint32_t from, uint32_t to)
{
    assert(to < HASH_INDEX_MAX);
    hash_index_set(index, slot_of(index, hash, from), (int32_t)to);
}
