#include "base/base.h"
#include "base/hash_index.h"
#include "base/xalloc.h"
#include "sequence/pool.h"

#include <pthread.h>

enum { SLOT_FREE = -1, FIRST = 64 };

struct sitter {
    uint64_t user;
    int32_t *items; /* NULL: the slot is free */
    size_t count;
    int64_t total;
    uint64_t stamp;
    int32_t older, newer; /* slots, by stamp */
};

struct item_facts {
    uint64_t hash;
    uint64_t *traits;
    size_t traits_count;
    bool acted;
};

struct pool {
    pthread_mutex_t lock;
    size_t length, bytes_max;
    struct sitter *sitters;
    size_t sitters_count, sitters_capacity;
    int32_t free_slot; /* a list through `older` */
    int32_t oldest, newest;
    struct hash_index index; /* of the sitters, by user */
    size_t users, bytes;
    uint64_t stamp, version;
    int64_t arrived, dropped;
    struct item_facts *items;
    size_t items_count, items_capacity;
};

struct pool *pool_new(size_t length, size_t bytes_max)
{
    struct pool *pool = xcalloc(1, sizeof(*pool));
    pthread_mutex_init(&pool->lock, NULL);
    pool->length = length;
    pool->bytes_max = bytes_max;
    pool->free_slot = pool->oldest = pool->newest = SLOT_FREE;
    return pool;
}

struct pool *pool_free(struct pool *pool)
{
    if (!pool) { return NULL; }
    for (size_t i = 0; i < pool->sitters_count; i++) { free(pool->sitters[i].items); }
    for (size_t i = 0; i < pool->items_count; i++) { free(pool->items[i].traits); }
    pthread_mutex_destroy(&pool->lock);
    free(pool->sitters);
    free(pool->items);
    hash_index_release(&pool->index);
    free(pool);
    return NULL;
}

/* ---- Items ---- */

void pool_add_item(struct pool *pool, uint64_t hash)
{
    pthread_mutex_lock(&pool->lock);
    if (pool->items_count == pool->items_capacity) {
        pool->items_capacity = MAX_OF(pool->items_capacity * 2, (size_t)FIRST);
        pool->items = xreallocarray(pool->items, pool->items_capacity, sizeof(*pool->items));
    }
    pool->items[pool->items_count++] = (struct item_facts){.hash = hash};
    pool->version++;
    pthread_mutex_unlock(&pool->lock);
}

void pool_describe(struct pool *pool, int32_t item, const uint64_t *traits, size_t count)
{
    pthread_mutex_lock(&pool->lock);
    assert(item >= 0 && (size_t)item < pool->items_count);
    struct item_facts *facts = &pool->items[item];
    free(facts->traits);
    facts->traits = count ? xmemdup(traits, count * sizeof(*traits)) : NULL;
    facts->traits_count = count;
    pool->version++;
    pthread_mutex_unlock(&pool->lock);
}

/* ---- Users: the index ---- */

static uint64_t hash_of(const void *pool, uint32_t at)
{
    return ((const struct pool *)pool)->sitters[at].user;
}

static bool is(const void *pool, uint32_t at, const void *user)
{
    return ((const struct pool *)pool)->sitters[at].user == *(const uint64_t *)user;
}

static int32_t find(const struct pool *pool, uint64_t user)
{
    return hash_index_find(&pool->index, user, is, pool, &user);
}

/* ---- Users: who changed last ---- */

static void unlink_sitter(struct pool *pool, int32_t slot)
{
    struct sitter *sitter = &pool->sitters[slot];
    int32_t *from_older =
        sitter->older == SLOT_FREE ? &pool->oldest : &pool->sitters[sitter->older].newer;
    int32_t *from_newer =
        sitter->newer == SLOT_FREE ? &pool->newest : &pool->sitters[sitter->newer].older;
    *from_older = sitter->newer;
    *from_newer = sitter->older;
}

static void link_newest(struct pool *pool, int32_t slot)
{
    struct sitter *sitter = &pool->sitters[slot];
    sitter->older = pool->newest;
    sitter->newer = SLOT_FREE;
    if (pool->newest == SLOT_FREE) {
        pool->oldest = slot;
    } else {
        pool->sitters[pool->newest].newer = slot;
    }
    pool->newest = slot;
}

static int32_t take_slot(struct pool *pool)
{
    if (pool->free_slot != SLOT_FREE) {
        int32_t slot = pool->free_slot;
        pool->free_slot = pool->sitters[slot].older;
        return slot;
    }
    if (pool->sitters_count == pool->sitters_capacity) {
        pool->sitters_capacity = MAX_OF(pool->sitters_capacity * 2, (size_t)FIRST);
        pool->sitters =
            xreallocarray(pool->sitters, pool->sitters_capacity, sizeof(*pool->sitters));
    }
    assert(pool->sitters_count < INT32_MAX);
    return (int32_t)pool->sitters_count++;
}

static size_t bytes_of(size_t count)
{
    return count * sizeof(int32_t) + sizeof(struct sitter) + 2 * sizeof(int32_t);
}

static void leave(struct pool *pool, int32_t slot)
{
    struct sitter *sitter = &pool->sitters[slot];
    hash_index_remove(&pool->index, sitter->user, (uint32_t)slot, hash_of, pool);
    unlink_sitter(pool, slot);
    pool->bytes -= bytes_of(sitter->count);
    pool->users--;
    free(sitter->items);
    *sitter = (struct sitter){.older = pool->free_slot};
    pool->free_slot = slot;
}

static int32_t enter(struct pool *pool, uint64_t user)
{
    int32_t slot = take_slot(pool);
    pool->sitters[slot] = (struct sitter){.user = user};
    hash_index_add(&pool->index, user, (uint32_t)slot, hash_of, pool);
    link_newest(pool, slot);
    pool->users++;
    pool->bytes += bytes_of(0);
    return slot;
}

static void fill(struct pool *pool, struct sitter *sitter, const int32_t *items, size_t count)
{
    pool->bytes += (count - sitter->count) * sizeof(*items);
    sitter->items = xreallocarray(sitter->items, count + 1, sizeof(*items));
    if (count) { memcpy(sitter->items, items, count * sizeof(*items)); }
    sitter->count = count;
    for (size_t i = 0; i < count; i++) {
        struct item_facts *facts = &pool->items[items[i]];
        pool->version += !facts->acted;
        facts->acted = true;
    }
}

void pool_put(struct pool *pool, uint64_t user, const int32_t *items, size_t count, int64_t total)
{
    pthread_mutex_lock(&pool->lock);
    const size_t kept = MIN_OF(count, pool->length);
    int32_t slot = find(pool, user);
    if (slot != SLOT_FREE && total < pool->sitters[slot].total) {
        pthread_mutex_unlock(&pool->lock);
        return;
    }
    if (slot == SLOT_FREE) { slot = enter(pool, user); }
    struct sitter *sitter = &pool->sitters[slot];
    fill(pool, sitter, items + (count - kept), kept);
    pool->arrived += MAX_OF(total - sitter->total, (int64_t)0);
    sitter->total = total;
    sitter->stamp = ++pool->stamp;
    unlink_sitter(pool, slot);
    link_newest(pool, slot);
    while (pool->bytes > pool->bytes_max && pool->oldest != slot) {
        leave(pool, pool->oldest);
        pool->dropped++;
    }
    pthread_mutex_unlock(&pool->lock);
}

void pool_remove(struct pool *pool, uint64_t user)
{
    pthread_mutex_lock(&pool->lock);
    int32_t slot = find(pool, user);
    if (slot != SLOT_FREE) { leave(pool, slot); }
    pthread_mutex_unlock(&pool->lock);
}

/* ---- Reading ---- */

static int compare_places(const void *a, const void *b)
{
    uint64_t left = ((const struct pool_place *)a)->user;
    uint64_t right = ((const struct pool_place *)b)->user;
    return (left > right) - (left < right);
}

struct pool_place *pool_roster(struct pool *pool, uint64_t since, size_t *ret_count)
{
    pthread_mutex_lock(&pool->lock);
    struct pool_place *places = xcalloc(pool->users + 1, sizeof(*places));
    size_t count = 0;
    for (int32_t slot = pool->newest; slot != SLOT_FREE; slot = pool->sitters[slot].older) {
        const struct sitter *sitter = &pool->sitters[slot];
        if (sitter->stamp <= since) { break; }
        places[count++] = (struct pool_place){sitter->user, (size_t)slot, sitter->stamp};
    }
    pthread_mutex_unlock(&pool->lock);
    qsort(places, count, sizeof(*places), compare_places);
    *ret_count = count;
    return places;
}

size_t pool_read(struct pool *pool, const struct pool_place *place, int32_t *ret_items,
                 size_t most)
{
    pthread_mutex_lock(&pool->lock);
    const struct sitter *sitter = &pool->sitters[place->slot];
    bool there = sitter->items && sitter->user == place->user;
    size_t count = there ? MIN_OF(sitter->count, most) : 0;
    if (count) {
        memcpy(ret_items, sitter->items + sitter->count - count, count * sizeof(*ret_items));
    }
    pthread_mutex_unlock(&pool->lock);
    return count;
}

/* Reads one number under the lock. */
#define POOL_NUMBER(type, name, member)                                                            \
    type name(struct pool *pool)                                                                   \
    {                                                                                              \
        pthread_mutex_lock(&pool->lock);                                                           \
        type value = pool->member;                                                                 \
        pthread_mutex_unlock(&pool->lock);                                                         \
        return value;                                                                              \
    }

POOL_NUMBER(size_t, pool_users, users)
POOL_NUMBER(size_t, pool_items, items_count)
POOL_NUMBER(int64_t, pool_arrived, arrived)
POOL_NUMBER(uint64_t, pool_stamp, stamp)
POOL_NUMBER(uint64_t, pool_version, version)
POOL_NUMBER(size_t, pool_bytes, bytes)
POOL_NUMBER(int64_t, pool_dropped, dropped)

uint64_t *pool_hashes(struct pool *pool, size_t *ret_count)
{
    pthread_mutex_lock(&pool->lock);
    uint64_t *hashes = xcalloc(pool->items_count + 1, sizeof(*hashes));
    for (size_t i = 0; i < pool->items_count; i++) { hashes[i] = pool->items[i].hash; }
    *ret_count = pool->items_count;
    pthread_mutex_unlock(&pool->lock);
    return hashes;
}

void pool_acted(struct pool *pool, uint8_t *ret_acted, size_t count)
{
    pthread_mutex_lock(&pool->lock);
    assert(count <= pool->items_count);
    for (size_t i = 0; i < count; i++) { ret_acted[i] = pool->items[i].acted; }
    pthread_mutex_unlock(&pool->lock);
}

void pool_traits(struct pool *pool, struct pool_traits *ret_traits)
{
    pthread_mutex_lock(&pool->lock);
    size_t total = 0, at = 0;
    for (size_t i = 0; i < pool->items_count; i++) { total += pool->items[i].traits_count; }
    struct pool_traits traits = {
        .starts = xcalloc(pool->items_count + 1, sizeof(*traits.starts)),
        .at = xcalloc(total + 1, sizeof(*traits.at)),
        .items = pool->items_count,
    };
    for (size_t i = 0; i < pool->items_count; i++) {
        const struct item_facts *facts = &pool->items[i];
        for (size_t k = 0; k < facts->traits_count; k++) { traits.at[at++] = facts->traits[k]; }
        traits.starts[i + 1] = at;
    }
    pthread_mutex_unlock(&pool->lock);
    *ret_traits = traits;
}

void pool_traits_release(struct pool_traits *traits)
{
    free(traits->starts);
    free(traits->at);
    *traits = (struct pool_traits){0};
}

size_t pool_traits_of(struct pool *pool, int32_t item, uint64_t *ret_traits, size_t most)
{
    pthread_mutex_lock(&pool->lock);
    assert(item >= 0 && (size_t)item < pool->items_count);
    const struct item_facts *facts = &pool->items[item];
    size_t count = MIN_OF(facts->traits_count, most);
    if (count) { memcpy(ret_traits, facts->traits, count * sizeof(*ret_traits)); }
    pthread_mutex_unlock(&pool->lock);
    return count;
}
