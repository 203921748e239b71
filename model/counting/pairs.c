/* The pairs have an open-addressing table of their own with the values in the slots, so that a term
 * touches one cache line. With base/hash_index.h (positions in the slots, values in an array) a
 * term touches two: filling an empty table was 1.46 and draining 1.18 times as fast, but adding to
 * the pairs of a large table, which a worker does most, 0.63 times as fast (bench_model:
 * pairs_fill, pairs_drain, pairs_add). The items use the shared index.
 *
 * Phases: add, drain, reset. Draining renames the items in the slots, so nothing can be added
 * before the reset.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/hash_index.h"
#include "base/xalloc.h"
#include "model/counting/decay.h"
#include "model/counting/pairs.h"

enum {
    PAIRS_SLOTS_FIRST = 1 << 12,
    PAIRS_ITEMS_FIRST = 1 << 9,
    PAIRS_AHEAD = 64,      /* terms whose slots are prefetched before the first is used */
    PAIRS_SLOTS_KEPT = 1 << 17, /* a larger table shrinks after a batch that was too small for it */
    PAIRS_SLOTS_USED = 8,       /* one that used less than one in so many */
    PAIR_SLOTS_MOST = 3,        /* of a pair, in a table that has just grown */
};

static const int64_t epoch_none = INT64_MIN;

struct pairs {
    struct pair *slots; /* open addressing; first == -1: free */
    size_t slots_count; /* a power of two */
    size_t count;
    int shift; /* 64 - log2(slots_count) */

    struct pairs_item *items;
    struct hash_index items_index;
    size_t items_count;
    size_t items_capacity;

    int64_t epoch;
    int64_t trend_epoch;
    uint64_t updates;
    bool drained;
    struct pair *sorted; /* what a drain found, until the reset */
    uint32_t *starts;
    size_t starts_capacity;
};

static void make_slots(struct pairs *pairs, size_t slots_count)
{
    pairs->slots_count = slots_count;
    pairs->shift = 64 - __builtin_ctzll(slots_count);
    pairs->slots = xlarge(slots_count, sizeof(*pairs->slots));
    memset(pairs->slots, 0xff, slots_count * sizeof(*pairs->slots));
}

struct pairs *pairs_new(void)
{
    struct pairs *pairs = xcalloc(1, sizeof(*pairs));
    make_slots(pairs, PAIRS_SLOTS_FIRST);
    pairs_reset(pairs);
    return pairs;
}

struct pairs *pairs_free(struct pairs *pairs)
{
    if (!pairs) { return NULL; }
    free(pairs->slots);
    free(pairs->items);
    hash_index_release(&pairs->items_index);
    free(pairs->sorted);
    free(pairs->starts);
    free(pairs);
    return NULL;
}

void pairs_reset(struct pairs *pairs)
{
    free(pairs->sorted);
    pairs->sorted = NULL;
    if (pairs->slots_count > PAIRS_SLOTS_KEPT &&
        pairs->count < pairs->slots_count / PAIRS_SLOTS_USED) {
        free(pairs->slots);
        make_slots(pairs, pairs->slots_count / 2);
    } else if (pairs->count > 0) {
        memset(pairs->slots, 0xff, pairs->slots_count * sizeof(*pairs->slots));
    }
    hash_index_clear(&pairs->items_index);
    pairs->count = 0;
    pairs->items_count = 0;
    pairs->epoch = epoch_none;
    pairs->trend_epoch = epoch_none;
    pairs->drained = false;
}

static inline size_t slot_of(const struct pairs *pairs, int32_t lo, int32_t hi)
{
    uint64_t key = (uint64_t)(uint32_t)lo << 32 | (uint32_t)hi;
    key *= UINT64_C(0x9e3779b97f4a7c15);
    key ^= key >> 29;
    return (size_t)(key * UINT64_C(0xbf58476d1ce4e5b9) >> pairs->shift);
}

static void grow_slots(struct pairs *pairs)
{
    struct pair *old = pairs->slots;
    size_t old_count = pairs->slots_count;
    assert(old_count < (size_t)1 << 31);
    make_slots(pairs, old_count * 2);
    size_t mask = pairs->slots_count - 1;
    for (size_t i = 0; i < old_count; i++) {
        if (old[i].first < 0) { continue; }
        size_t slot = slot_of(pairs, old[i].first, old[i].second);
        while (pairs->slots[slot].first >= 0) { slot = (slot + 1) & mask; }
        pairs->slots[slot] = old[i];
    }
    free(old);
}

static struct pair *find_pair(struct pairs *pairs, size_t slot, int32_t lo, int32_t hi)
{
    size_t mask = pairs->slots_count - 1;
    for (;; slot = (slot + 1) & mask) {
        struct pair *pair = &pairs->slots[slot];
        if (pair->first == lo && pair->second == hi) { return pair; }
        if (pair->first < 0) {
            *pair = (struct pair){.first = lo, .second = hi};
            pairs->count++;
            return pair;
        }
    }
}

/* The slots of a large table are not in the caches: prefetches all of them, then uses them. */
static void add_some(struct pairs *pairs, int32_t item, const struct pair_term *terms, size_t count)
{
    size_t slots[PAIRS_AHEAD];
    for (size_t i = 0; i < count; i++) {
        int32_t other = terms[i].item;
        slots[i] = slot_of(pairs, MIN_OF(item, other), MAX_OF(item, other));
        __builtin_prefetch(&pairs->slots[slots[i]], 1);
    }
    for (size_t i = 0; i < count; i++) {
        int32_t other = terms[i].item;
        assert(other >= 0 && other != item);
        if (other < item) {
            struct pair *pair = find_pair(pairs, slots[i], other, item);
            pair->co += terms[i].co;
            pair->forward += terms[i].forward;
        } else {
            struct pair *pair = find_pair(pairs, slots[i], item, other);
            pair->co += terms[i].co;
            pair->backward += terms[i].forward;
        }
    }
}

void pairs_add(struct pairs *pairs, int32_t item, const struct pair_term *terms, size_t count)
{
    assert(!pairs->drained);
    assert(item >= 0);
    pairs->updates += count;
    while (count > 0) {
        size_t some = MIN_OF(count, (size_t)PAIRS_AHEAD);
        if ((pairs->count + some) * 3 > pairs->slots_count * 2) { grow_slots(pairs); }
        add_some(pairs, item, terms, some);
        terms += some;
        count -= some;
    }
}

static uint64_t hash_of_item(const void *pairs, uint32_t at)
{
    return (uint32_t)((const struct pairs *)pairs)->items[at].item;
}

static bool is_item(const void *pairs, uint32_t at, const void *item)
{
    return ((const struct pairs *)pairs)->items[at].item == *(const int32_t *)item;
}

static int32_t find_item(struct pairs *pairs, int32_t item)
{
    hash_index_reserve(&pairs->items_index, 1, hash_of_item, pairs);
    uint32_t slot = hash_index_slot(&pairs->items_index, (uint32_t)item, is_item, pairs, &item);
    int32_t index = hash_index_get(&pairs->items_index, slot);
    if (index >= 0) { return index; }
    ARRAY_RESERVE(pairs->items, pairs->items_capacity, pairs->items_count + 1, PAIRS_ITEMS_FIRST);
    index = (int32_t)pairs->items_count++;
    hash_index_occupy(&pairs->items_index, slot, (uint32_t)index);
    pairs->items[index] = (struct pairs_item){.item = item};
    return index;
}

void pairs_add_item(struct pairs *pairs, int32_t item, double mass, double actions, double trend)
{
    assert(!pairs->drained);
    assert(item >= 0);
    int32_t index = find_item(pairs, item); /* may move the items */
    struct pairs_item *at = &pairs->items[index];
    at->mass += mass;
    at->actions += actions;
    at->trend += trend;
}

void pairs_add_user(struct pairs *pairs, int32_t item)
{
    assert(!pairs->drained);
    assert(item >= 0);
    int32_t index = find_item(pairs, item); /* may move the items */
    pairs->items[index].new_users++;
}

void pairs_remove_user(struct pairs *pairs, int32_t item)
{
    assert(!pairs->drained);
    assert(item >= 0);
    int32_t index = find_item(pairs, item); /* may move the items */
    pairs->items[index].new_users--;
}

static double scale_of(int64_t from, int64_t to)
{
    return decay_rescale(1.0, from, to);
}

double pairs_scale(struct pairs *pairs, int64_t epoch)
{
    if (epoch == pairs->epoch) { return 1.0; }
    if (pairs->epoch == epoch_none) {
        pairs->epoch = epoch;
        return 1.0;
    }
    if (epoch < pairs->epoch) { return scale_of(epoch, pairs->epoch); }
    double factor = scale_of(pairs->epoch, epoch);
    for (size_t i = 0; i < pairs->slots_count; i++) {
        struct pair *pair = &pairs->slots[i];
        if (pair->first < 0) { continue; }
        pair->co *= factor;
        pair->forward *= factor;
        pair->backward *= factor;
    }
    for (size_t i = 0; i < pairs->items_count; i++) {
        pairs->items[i].mass *= factor;
        pairs->items[i].actions *= factor;
    }
    pairs->epoch = epoch;
    return 1.0;
}

double pairs_trend_scale(struct pairs *pairs, int64_t epoch)
{
    if (epoch == pairs->trend_epoch) { return 1.0; }
    if (pairs->trend_epoch == epoch_none) {
        pairs->trend_epoch = epoch;
        return 1.0;
    }
    if (epoch < pairs->trend_epoch) { return scale_of(epoch, pairs->trend_epoch); }
    double factor = scale_of(pairs->trend_epoch, epoch);
    for (size_t i = 0; i < pairs->items_count; i++) { pairs->items[i].trend *= factor; }
    pairs->trend_epoch = epoch;
    return 1.0;
}

bool pairs_empty(const struct pairs *pairs)
{
    return pairs->count == 0 && pairs->items_count == 0;
}

size_t pairs_count(const struct pairs *pairs)
{
    return pairs->count;
}

size_t pairs_bytes(const struct pairs *pairs)
{
    return pairs->count * (PAIR_SLOTS_MOST + 1) * sizeof(struct pair);
}

uint64_t pairs_updates(const struct pairs *pairs)
{
    return pairs->updates;
}

static bool pair_is_zero(const struct pair *pair)
{
    return pair->co == 0.0 && pair->forward == 0.0 && pair->backward == 0.0;
}

/* Replaces the items of every pair that is not 0 by their indices in `items` and frees the other
 * slots; returns how many pairs are left. */
static size_t drain_rename(struct pairs *pairs)
{
    size_t left = 0;
    for (size_t i = 0; i < pairs->slots_count; i++) {
        struct pair *pair = &pairs->slots[i];
        if (pair->first < 0) { continue; }
        if (pair_is_zero(pair)) {
            pair->first = -1;
            continue;
        }
        pair->first = find_item(pairs, pair->first);
        pair->second = find_item(pairs, pair->second);
        left++;
    }
    return left;
}

static void drain_reserve(struct pairs *pairs, size_t left)
{
    pairs->sorted = xlarge(left + 1, sizeof(*pairs->sorted));
    if (pairs->items_count + 1 > pairs->starts_capacity) {
        pairs->starts_capacity = pairs->items_capacity + 1;
        pairs->starts = xreallocarray(pairs->starts, pairs->starts_capacity,
                                      sizeof(*pairs->starts));
    }
}

void pairs_drain(struct pairs *pairs, struct pairs_view *ret_view)
{
    assert(!pairs->drained);
    size_t left = drain_rename(pairs);
    drain_reserve(pairs, left);
    uint32_t *starts = pairs->starts;
    memset(starts, 0, (pairs->items_count + 1) * sizeof(*starts));
    for (size_t i = 0; i < pairs->slots_count; i++) {
        if (pairs->slots[i].first >= 0) { starts[pairs->slots[i].first + 1]++; }
    }
    for (size_t i = 1; i <= pairs->items_count; i++) { starts[i] += starts[i - 1]; }
    for (size_t i = 0; i < pairs->slots_count; i++) {
        const struct pair *pair = &pairs->slots[i];
        if (pair->first >= 0) { pairs->sorted[starts[pair->first]++] = *pair; }
    }
    pairs->drained = true;
    *ret_view = (struct pairs_view){
        .items = pairs->items,
        .items_count = pairs->items_count,
        .pairs = pairs->sorted,
        .pairs_count = left,
        .epoch = pairs->epoch == epoch_none ? 0 : pairs->epoch,
        .trend_epoch = pairs->trend_epoch == epoch_none ? 0 : pairs->trend_epoch,
    };
}
