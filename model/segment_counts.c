/* A cell is a pair of segment and item. The cells of a segment are a chain, from the newest one on,
 * so a list reads these alone; an index finds a cell by its pair. */
#include "base/base.h"
#include "base/array.h"
#include "base/hash_index.h"
#include "base/xalloc.h"
#include "model/segment_counts.h"

enum { CELL_NONE = -1 };

struct cell {
    int32_t segment, item;
    uint32_t users;
    int32_t next; /* of the same segment; CELL_NONE: the last */
};

struct segment {
    uint32_t users;
    int32_t newest; /* cell + 1; 0: none */
};

struct segment_counts {
    size_t bytes_max;
    struct cell *cells;
    size_t cells_count, cells_capacity;
    struct hash_index index;
    struct segment *segments;
    size_t segments_capacity;
    int32_t segments_count;
    uint32_t *item_users;
    size_t items_capacity;
    uint32_t all_users;
    struct segment_item *found; /* scratch of a list */
    size_t found_capacity;
};

/* ---- Formulas ---- */

static double part(double rate, double share)
{
    return rate > 0.0 ? rate * log(rate / share) : 0.0;
}

double segment_gain(double segment_item_users, double segment_users, double item_users,
                    double all_users)
{
    double p = item_users / all_users;
    double r = segment_rate(segment_item_users, segment_users, item_users, all_users);
    if (!(p > 0.0)) { return 0.0; }
    double gain = segment_users * (part(r, p) + (p < 1.0 ? part(1.0 - r, 1.0 - p) : 0.0));
    return r > p ? MAX_OF(gain, 0.0) : MIN_OF(-gain, 0.0);
}

/* ---- Counting ---- */

struct segment_counts *segment_counts_new(size_t bytes_max)
{
    struct segment_counts *counts = xcalloc(1, sizeof(*counts));
    counts->bytes_max = bytes_max;
    return counts;
}

struct segment_counts *segment_counts_free(struct segment_counts *counts)
{
    if (!counts) { return NULL; }
    hash_index_release(&counts->index);
    free(counts->cells);
    free(counts->segments);
    free(counts->item_users);
    free(counts->found);
    free(counts);
    return NULL;
}

size_t segment_counts_bytes(const struct segment_counts *counts)
{
    return counts->cells_capacity * sizeof(*counts->cells) + hash_index_bytes(&counts->index) +
           counts->segments_capacity * sizeof(*counts->segments) +
           counts->items_capacity * sizeof(*counts->item_users) +
           counts->found_capacity * sizeof(*counts->found);
}

static uint64_t hash_of_pair(int32_t segment, int32_t item)
{
    return (uint64_t)(uint32_t)segment << 32 | (uint32_t)item;
}

static uint64_t hash_of(const void *owner, uint32_t at)
{
    const struct cell *cell = &((const struct segment_counts *)owner)->cells[at];
    return hash_of_pair(cell->segment, cell->item);
}

static bool is(const void *owner, uint32_t at, const void *key)
{
    const struct cell *cell = &((const struct segment_counts *)owner)->cells[at], *other = key;
    return cell->segment == other->segment && cell->item == other->item;
}

/* Says whether so many more cells fit, with what doubling takes. */
static bool fits(const struct segment_counts *counts, size_t cells, int32_t item)
{
    size_t wanted = counts->cells_count + cells, more = 0;
    if (wanted > HASH_INDEX_MAX) { return false; }
    if (wanted > counts->cells_capacity) { more += MAX_OF(wanted, counts->cells_capacity * 2); }
    if (wanted * 2 > counts->index.slots_count) { more += wanted; }
    if ((size_t)item >= counts->items_capacity) { more += (size_t)item / 2 + 1; }
    return segment_counts_bytes(counts) + more * sizeof(struct cell) <= counts->bytes_max;
}

static void count_pair(struct segment_counts *counts, int32_t segment, int32_t item)
{
    struct cell wanted = {.segment = segment, .item = item, .users = 1};
    uint64_t hash = hash_of_pair(segment, item);
    int32_t at = hash_index_find(&counts->index, hash, is, counts, &wanted);
    if (at != HASH_INDEX_NONE) {
        counts->cells[at].users++;
        return;
    }
    struct segment *owner = &counts->segments[segment];
    wanted.next = owner->newest - 1;
    ARRAY_RESERVE(counts->cells, counts->cells_capacity, counts->cells_count + 1, 256);
    counts->cells[counts->cells_count] = wanted;
    hash_index_add(&counts->index, hash, (uint32_t)counts->cells_count++, hash_of, counts);
    owner->newest = (int32_t)counts->cells_count;
}

static int32_t greatest(const int32_t *numbers, size_t count)
{
    int32_t most = 0;
    for (size_t k = 0; k < count; k++) {
        assert(numbers[k] >= 0);
        most = MAX_OF(most, numbers[k]);
    }
    return most;
}

bool segment_counts_add(struct segment_counts *counts, const int32_t *segments,
                        size_t segments_count, const int32_t *items, size_t items_count)
{
    int32_t item = greatest(items, items_count), segment = greatest(segments, segments_count);
    if (!fits(counts, segments_count * items_count, item)) { return false; }
    ARRAY_RESERVE_ZEROS(counts->item_users, counts->items_capacity, (size_t)item + 1, 256);
    ARRAY_RESERVE_ZEROS(counts->segments, counts->segments_capacity, (size_t)segment + 1, 64);
    counts->all_users++;
    for (size_t k = 0; k < items_count; k++) { counts->item_users[items[k]]++; }
    for (size_t s = 0; s < segments_count; s++) {
        counts->segments[segments[s]].users++;
        counts->segments_count = MAX_OF(counts->segments_count, segments[s] + 1);
        for (size_t k = 0; k < items_count; k++) { count_pair(counts, segments[s], items[k]); }
    }
    return true;
}

uint32_t segment_counts_all_users(const struct segment_counts *counts)
{
    return counts->all_users;
}

int32_t segment_counts_segments(const struct segment_counts *counts)
{
    return counts->segments_count;
}

uint32_t segment_counts_users(const struct segment_counts *counts, int32_t segment)
{
    return segment < counts->segments_count ? counts->segments[segment].users : 0;
}

/* ---- Lists ---- */

static int by_gain(const void *a, const void *b, void *arg)
{
    const struct segment_item *x = a, *y = b;
    const struct segment_list_settings *settings = arg;
    if (x->gain != y->gain) { return x->gain < y->gain ? 1 : -1; }
    return settings->before(settings->arg, x->item, y->item) ? -1 : 1;
}

static int by_users(const void *a, const void *b, void *arg)
{
    const struct segment_item *x = a, *y = b;
    if (x->users != y->users) { return x->users < y->users ? 1 : -1; }
    return by_gain(a, b, arg);
}

/* Collects a segment's items; returns how many. */
static size_t collect(struct segment_counts *counts, int32_t segment)
{
    const struct segment *owner = &counts->segments[segment];
    size_t count = 0;
    for (int32_t at = owner->newest - 1; at != CELL_NONE; at = counts->cells[at].next) {
        const struct cell *cell = &counts->cells[at];
        uint32_t all = counts->item_users[cell->item];
        ARRAY_RESERVE(counts->found, counts->found_capacity, count + 1, 256);
        counts->found[count++] = (struct segment_item){
            .item = cell->item,
            .users = cell->users,
            .all_users = all,
            .gain = segment_gain(cell->users, owner->users, all, counts->all_users),
        };
    }
    return count;
}

/* The most acted on come first, then the best gains of the rest; what lies behind is left out. */
size_t segment_counts_list(struct segment_counts *counts, int32_t segment,
                           const struct segment_list_settings *settings,
                           struct segment_item *ret_items, uint32_t *ret_rest)
{
    *ret_rest = 0;
    if (!segment_counts_users(counts, segment)) { return 0; }
    size_t all = collect(counts, segment), kept = 0, gains = 0;
    void *order = (void *)(uintptr_t)settings;
    struct segment_item *found = counts->found;
    qsort_r(found, all, sizeof(*found), by_gain, order);
    for (size_t k = 0; k < all; k++) {
        bool gained = gains < settings->gains_max && found[k].gain > 0.0 &&
                      found[k].users >= settings->item_users_min;
        if (!gained) { continue; }
        struct segment_item taken = found[k];
        found[k] = found[gains];
        found[gains++] = taken;
    }
    qsort_r(found + gains, all - gains, sizeof(*found), by_users, order);
    for (kept = gains; kept < all && kept - gains < settings->users_max; kept++) {
        if (found[kept].users < settings->item_users_min) { break; }
    }
    if (kept < all) { *ret_rest = found[kept].users; }
    memcpy(ret_items, found, kept * sizeof(*found));
    qsort_r(ret_items, kept, sizeof(*ret_items), by_gain, order);
    return kept;
}
