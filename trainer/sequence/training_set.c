/* Users are entries of one growing array. hash_index finds them by fingerprint; a doubly linked
 * list through `older` and `newer` keeps them in the order of their last change; removed ones form
 * a list of free entries. A user's entry does not move, so a roster refers to it by index; a reader
 * checks that the entry still belongs to the user, who may have been removed since.
 *
 * One mutex guards everything. It is held for a copy only, never during training.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/hash_index.h"
#include "base/xalloc.h"
#include "trainer/sequence/training_set.h"

#include <pthread.h>

enum { NO_ENTRY = -1, CAPACITY_FIRST = 64 };

struct training_set_entry {
    uint64_t user;
    int32_t *items; /* NULL: the entry is free */
    float *weights; /* NULL: all are 1 */
    size_t count;
    int64_t total;
    uint64_t stamp;
    int32_t older, newer; /* entries, by stamp */
};

struct item_facts {
    uint64_t hash;
    uint64_t *attributes;
    size_t attributes_count;
    bool acted;
    bool wanted;
    bool listed; /* in the catalogue */
};

struct training_set {
    pthread_mutex_t lock;
    size_t length, bytes_max;
    struct training_set_entry *entries;
    size_t entries_count, entries_capacity;
    int32_t free_entry; /* first of a list, linked by `older` */
    int32_t oldest, newest;
    struct hash_index index; /* of the entries, by user */
    size_t users, bytes;
    uint64_t stamp, version;
    int64_t arrived, dropped;
    struct item_facts *items;
    size_t items_count, items_capacity;
};

struct training_set *training_set_new(size_t length, size_t bytes_max)
{
    struct training_set *training_set = xcalloc(1, sizeof(*training_set));
    pthread_mutex_init(&training_set->lock, NULL);
    training_set->length = length;
    training_set->bytes_max = bytes_max;
    training_set->free_entry = training_set->oldest = training_set->newest = NO_ENTRY;
    return training_set;
}

struct training_set *training_set_free(struct training_set *training_set)
{
    if (!training_set) { return NULL; }
    for (size_t i = 0; i < training_set->entries_count; i++) {
        free(training_set->entries[i].items);
        free(training_set->entries[i].weights);
    }
    for (size_t i = 0; i < training_set->items_count; i++) {
        free(training_set->items[i].attributes);
    }
    pthread_mutex_destroy(&training_set->lock);
    free(training_set->entries);
    free(training_set->items);
    hash_index_release(&training_set->index);
    free(training_set);
    return NULL;
}

/* ---- Items ---- */

void training_set_add_item(struct training_set *training_set, uint64_t hash)
{
    pthread_mutex_lock(&training_set->lock);
    ARRAY_RESERVE(training_set->items, training_set->items_capacity, training_set->items_count + 1,
                  CAPACITY_FIRST);
    training_set->items[training_set->items_count++] = (struct item_facts){.hash = hash};
    training_set->version++;
    pthread_mutex_unlock(&training_set->lock);
}

void training_set_list(struct training_set *training_set, int32_t item, bool listed)
{
    pthread_mutex_lock(&training_set->lock);
    assert(item >= 0 && (size_t)item < training_set->items_count);
    training_set->version += training_set->items[item].listed != listed;
    training_set->items[item].listed = listed;
    pthread_mutex_unlock(&training_set->lock);
}

void training_set_want(struct training_set *training_set, int32_t item)
{
    pthread_mutex_lock(&training_set->lock);
    assert(item >= 0 && (size_t)item < training_set->items_count);
    training_set->version += !training_set->items[item].wanted;
    training_set->items[item].wanted = true;
    pthread_mutex_unlock(&training_set->lock);
}

void training_set_describe(struct training_set *training_set, int32_t item,
                           const uint64_t *attributes, size_t count)
{
    pthread_mutex_lock(&training_set->lock);
    assert(item >= 0 && (size_t)item < training_set->items_count);
    struct item_facts *facts = &training_set->items[item];
    free(facts->attributes);
    facts->attributes = count ? xmemdup(attributes, count * sizeof(*attributes)) : NULL;
    facts->attributes_count = count;
    training_set->version++;
    pthread_mutex_unlock(&training_set->lock);
}

/* ---- Users: the index ---- */

static uint64_t hash_of(const void *training_set, uint32_t at)
{
    return ((const struct training_set *)training_set)->entries[at].user;
}

static bool has_user(const void *training_set, uint32_t at, const void *user)
{
    return ((const struct training_set *)training_set)->entries[at].user == *(const uint64_t *)user;
}

static int32_t find(const struct training_set *training_set, uint64_t user)
{
    return hash_index_find(&training_set->index, user, has_user, training_set, &user);
}

/* ---- Users: in the order of their last change ---- */

static void unlink_entry(struct training_set *training_set, int32_t at)
{
    struct training_set_entry *entry = &training_set->entries[at];
    int32_t *from_older = entry->older == NO_ENTRY ? &training_set->oldest
                                                   : &training_set->entries[entry->older].newer;
    int32_t *from_newer = entry->newer == NO_ENTRY ? &training_set->newest
                                                   : &training_set->entries[entry->newer].older;
    *from_older = entry->newer;
    *from_newer = entry->older;
}

static void link_newest(struct training_set *training_set, int32_t at)
{
    struct training_set_entry *entry = &training_set->entries[at];
    entry->older = training_set->newest;
    entry->newer = NO_ENTRY;
    if (training_set->newest == NO_ENTRY) {
        training_set->oldest = at;
    } else {
        training_set->entries[training_set->newest].newer = at;
    }
    training_set->newest = at;
}

static int32_t allocate_entry(struct training_set *training_set)
{
    if (training_set->free_entry != NO_ENTRY) {
        int32_t at = training_set->free_entry;
        training_set->free_entry = training_set->entries[at].older;
        return at;
    }
    ARRAY_RESERVE(training_set->entries, training_set->entries_capacity,
                  training_set->entries_count + 1, CAPACITY_FIRST);
    assert(training_set->entries_count < INT32_MAX);
    return (int32_t)training_set->entries_count++;
}

static size_t bytes_of(const struct training_set_entry *entry)
{
    size_t each = sizeof(*entry->items) + (entry->weights ? sizeof(*entry->weights) : 0);
    return entry->count * each + sizeof(*entry) + 2 * sizeof(int32_t);
}

static void remove_entry(struct training_set *training_set, int32_t at)
{
    struct training_set_entry *entry = &training_set->entries[at];
    hash_index_remove(&training_set->index, entry->user, (uint32_t)at, hash_of, training_set);
    unlink_entry(training_set, at);
    training_set->bytes -= bytes_of(entry);
    training_set->users--;
    free(entry->items);
    free(entry->weights);
    *entry = (struct training_set_entry){.older = training_set->free_entry};
    training_set->free_entry = at;
}

static int32_t add_entry(struct training_set *training_set, uint64_t user)
{
    int32_t at = allocate_entry(training_set);
    training_set->entries[at] = (struct training_set_entry){.user = user};
    hash_index_add(&training_set->index, user, (uint32_t)at, hash_of, training_set);
    link_newest(training_set, at);
    training_set->users++;
    training_set->bytes += bytes_of(&training_set->entries[at]);
    return at;
}

/* Most sequences have equal weights, which then take no memory. */
static void set_weights(struct training_set_entry *entry, const float *weights, size_t count)
{
    bool differ = false;
    for (size_t i = 0; weights && i < count; i++) { differ = differ || weights[i] != 1.0f; }
    if (!differ) {
        free(entry->weights);
        entry->weights = NULL;
        return;
    }
    entry->weights = xreallocarray(entry->weights, count, sizeof(*weights));
    for (size_t i = 0; i < count; i++) {
        bool above = weights[i] > TRAINING_SET_WEIGHT_MIN;
        entry->weights[i] =
            above ? MIN_OF(weights[i], TRAINING_SET_WEIGHT_MAX) : TRAINING_SET_WEIGHT_MIN;
    }
}

static void set_items(struct training_set *training_set, struct training_set_entry *entry,
                      const int32_t *items, const float *weights, size_t count)
{
    training_set->bytes -= bytes_of(entry);
    entry->items = xreallocarray(entry->items, count + 1, sizeof(*items));
    if (count) { memcpy(entry->items, items, count * sizeof(*items)); }
    set_weights(entry, weights, count);
    entry->count = count;
    training_set->bytes += bytes_of(entry);
    for (size_t i = 0; i < count; i++) {
        if (items[i] < 0) { continue; }
        struct item_facts *facts = &training_set->items[items[i]];
        training_set->version += !facts->acted;
        facts->acted = true;
    }
}

void training_set_put(struct training_set *training_set, uint64_t user, const int32_t *items,
                      const float *weights, size_t count, int64_t total)
{
    total = MIN_OF(MAX_OF(total, (int64_t)0), TRAINING_SET_TOTAL_MAX);
    pthread_mutex_lock(&training_set->lock);
    const size_t kept = MIN_OF(count, training_set->length);
    int32_t at = find(training_set, user);
    if (at != NO_ENTRY && total < training_set->entries[at].total) {
        pthread_mutex_unlock(&training_set->lock);
        return;
    }
    if (at == NO_ENTRY) { at = add_entry(training_set, user); }
    struct training_set_entry *entry = &training_set->entries[at];
    const float *kept_weights = weights ? weights + (count - kept) : NULL;
    set_items(training_set, entry, items + (count - kept), kept_weights, kept);
    training_set->arrived += MAX_OF(total - entry->total, (int64_t)0);
    entry->total = total;
    entry->stamp = ++training_set->stamp;
    unlink_entry(training_set, at);
    link_newest(training_set, at);
    while (training_set->bytes > training_set->bytes_max && training_set->oldest != at) {
        remove_entry(training_set, training_set->oldest);
        training_set->dropped++;
    }
    pthread_mutex_unlock(&training_set->lock);
}

void training_set_remove(struct training_set *training_set, uint64_t user)
{
    pthread_mutex_lock(&training_set->lock);
    int32_t at = find(training_set, user);
    if (at != NO_ENTRY) { remove_entry(training_set, at); }
    pthread_mutex_unlock(&training_set->lock);
}

/* ---- Reading ---- */

static int compare_roster_entries(const void *a, const void *b)
{
    uint64_t left = ((const struct roster_entry *)a)->user;
    uint64_t right = ((const struct roster_entry *)b)->user;
    return (left > right) - (left < right);
}

struct roster_entry *training_set_roster(struct training_set *training_set, uint64_t since,
                                         size_t *ret_count)
{
    pthread_mutex_lock(&training_set->lock);
    struct roster_entry *roster = xcalloc(training_set->users + 1, sizeof(*roster));
    size_t count = 0;
    for (int32_t at = training_set->newest; at != NO_ENTRY; at = training_set->entries[at].older) {
        const struct training_set_entry *entry = &training_set->entries[at];
        if (entry->stamp <= since) { break; }
        roster[count++] = (struct roster_entry){entry->user, (size_t)at, entry->stamp};
    }
    pthread_mutex_unlock(&training_set->lock);
    qsort(roster, count, sizeof(*roster), compare_roster_entries);
    *ret_count = count;
    return roster;
}

size_t training_set_read(struct training_set *training_set, const struct roster_entry *listed,
                         int32_t *ret_items, float *ret_weights, size_t most)
{
    pthread_mutex_lock(&training_set->lock);
    const struct training_set_entry *entry = &training_set->entries[listed->at];
    bool found = entry->items && entry->user == listed->user;
    size_t count = found ? MIN_OF(entry->count, most) : 0;
    if (count) {
        memcpy(ret_items, entry->items + entry->count - count, count * sizeof(*ret_items));
    }
    for (size_t i = 0; ret_weights && i < count; i++) {
        ret_weights[i] = entry->weights ? entry->weights[entry->count - count + i] : 1.0f;
    }
    pthread_mutex_unlock(&training_set->lock);
    return count;
}

/* Reads one number under the lock. */
#define TRAINING_SET_NUMBER(type, name, member)                                                    \
    type name(struct training_set *training_set)                                                   \
    {                                                                                              \
        pthread_mutex_lock(&training_set->lock);                                                   \
        type value = training_set->member;                                                         \
        pthread_mutex_unlock(&training_set->lock);                                                 \
        return value;                                                                              \
    }

TRAINING_SET_NUMBER(size_t, training_set_users, users)
TRAINING_SET_NUMBER(size_t, training_set_items, items_count)
TRAINING_SET_NUMBER(int64_t, training_set_arrived, arrived)
TRAINING_SET_NUMBER(uint64_t, training_set_stamp, stamp)
TRAINING_SET_NUMBER(uint64_t, training_set_version, version)
TRAINING_SET_NUMBER(size_t, training_set_bytes, bytes)
TRAINING_SET_NUMBER(int64_t, training_set_dropped, dropped)

uint64_t *training_set_hashes(struct training_set *training_set, size_t *ret_count)
{
    pthread_mutex_lock(&training_set->lock);
    uint64_t *hashes = xcalloc(training_set->items_count + 1, sizeof(*hashes));
    for (size_t i = 0; i < training_set->items_count; i++) {
        hashes[i] = training_set->items[i].hash;
    }
    *ret_count = training_set->items_count;
    pthread_mutex_unlock(&training_set->lock);
    return hashes;
}

void training_set_wanted(struct training_set *training_set, uint8_t *ret_wanted, size_t count)
{
    pthread_mutex_lock(&training_set->lock);
    assert(count <= training_set->items_count);
    for (size_t i = 0; i < count; i++) {
        ret_wanted[i] = training_set->items[i].acted || training_set->items[i].wanted;
    }
    pthread_mutex_unlock(&training_set->lock);
}

void training_set_rank(struct training_set *training_set, uint32_t *ret_ranks, size_t count)
{
    pthread_mutex_lock(&training_set->lock);
    assert(count <= training_set->items_count);
    memset(ret_ranks, 0, count * sizeof(*ret_ranks));
    for (size_t e = 0; e < training_set->entries_count; e++) {
        const struct training_set_entry *entry = &training_set->entries[e];
        for (size_t k = 0; entry->items && k < entry->count; k++) {
            if (entry->items[k] < 0) { continue; }
            size_t item = (size_t)entry->items[k];
            if (item < count && ret_ranks[item] < TRAINING_SET_LISTED - 1) { ret_ranks[item]++; }
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (training_set->items[i].listed) { ret_ranks[i] = TRAINING_SET_LISTED; }
    }
    pthread_mutex_unlock(&training_set->lock);
}

void training_set_attributes(struct training_set *training_set,
                             struct training_set_attributes *ret_attributes)
{
    pthread_mutex_lock(&training_set->lock);
    size_t total = 0, at = 0;
    for (size_t i = 0; i < training_set->items_count; i++) {
        total += training_set->items[i].attributes_count;
    }
    struct training_set_attributes attributes = {
        .starts = xcalloc(training_set->items_count + 1, sizeof(*attributes.starts)),
        .at = xcalloc(total + 1, sizeof(*attributes.at)),
        .items = training_set->items_count,
    };
    for (size_t i = 0; i < training_set->items_count; i++) {
        const struct item_facts *facts = &training_set->items[i];
        for (size_t k = 0; k < facts->attributes_count; k++) {
            attributes.at[at++] = facts->attributes[k];
        }
        attributes.starts[i + 1] = at;
    }
    pthread_mutex_unlock(&training_set->lock);
    *ret_attributes = attributes;
}

void training_set_attributes_release(struct training_set_attributes *attributes)
{
    free(attributes->starts);
    free(attributes->at);
    *attributes = (struct training_set_attributes){0};
}

size_t training_set_attributes_of(struct training_set *training_set, int32_t item,
                                  uint64_t *ret_attributes, size_t most)
{
    pthread_mutex_lock(&training_set->lock);
    assert(item >= 0 && (size_t)item < training_set->items_count);
    const struct item_facts *facts = &training_set->items[item];
    size_t count = MIN_OF(facts->attributes_count, most);
    if (count) { memcpy(ret_attributes, facts->attributes, count * sizeof(*ret_attributes)); }
    pthread_mutex_unlock(&training_set->lock);
    return count;
}
