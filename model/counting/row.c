/* Neighbours are in one array in any order, and base/hash_index.h finds them by item. Two functions
 * are costly: row_add_all() prefetches many cells before it uses the first; arrange() sorts by co
 * with radix keys, then neighbours of equal co by forward + backward at the bound, then by id text.
 * A row that is in published order already is not sorted again.
 *
 * Hazard: sums that cancel under decay leave values near 0; values below ROW_DUST count as 0.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "model/counting/decay.h"
#include "model/counting/row.h"

#include <endian.h>

enum {
    ROW_FIRST = 8,
    ROW_STEP = 128,
    ROW_STEPS_TO = 1024,
    ROW_AHEAD = 64, /* terms whose cells are prefetched before the first is added to */
    ROW_FEW = 8,    /* of them, those that are prefetched while other rows are added to */
};

/* Far below the 2^-32 to which contributions are rounded, and far above the rounding error of sums
 * that cancel (decay.h). */
#define ROW_DUST 0x1p-40

void row_init(struct row *row)
{
    *row = (struct row){.epoch = ROW_EPOCH_NONE, .trend_epoch = ROW_EPOCH_NONE};
}

void row_release(struct row *row)
{
    free(row->neighbours);
    hash_index_release(&row->index);
    row_init(row);
}

size_t row_bytes(const struct row *row)
{
    return (size_t)row->capacity * sizeof(*row->neighbours) + hash_index_bytes(&row->index);
}

static double move_epoch(int64_t *epoch, int64_t to, bool *ret_moved)
{
    *ret_moved = false;
    if (*epoch == to) { return 1.0; }
    if (*epoch == ROW_EPOCH_NONE) {
        *epoch = to;
        return 1.0;
    }
    if (to < *epoch) { return decay_rescale(1.0, to, *epoch); }
    double factor = decay_rescale(1.0, *epoch, to);
    *epoch = to;
    *ret_moved = true;
    return factor;
}

double row_scale(struct row *row, int64_t epoch)
{
    bool moved;
    double factor = move_epoch(&row->epoch, epoch, &moved);
    if (!moved) { return factor; }
    row->mass *= factor;
    row->actions *= factor;
    row->ordered = false; /* values that underflow to 0 become equal */
    for (int32_t i = 0; i < row->count; i++) {
        row->neighbours[i].co *= factor;
        row->neighbours[i].forward *= factor;
        row->neighbours[i].backward *= factor;
    }
    return 1.0;
}

double row_trend_scale(struct row *row, int64_t epoch)
{
    bool moved;
    double factor = move_epoch(&row->trend_epoch, epoch, &moved);
    if (!moved) { return factor; }
    row->trend *= factor;
    return 1.0;
}

/* ---- The index ---- */

static uint64_t hash_of(const void *row, uint32_t at)
{
    return (uint32_t)((const struct row *)row)->neighbours[at].item;
}

static bool is(const void *row, uint32_t at, const void *item)
{
    return ((const struct row *)row)->neighbours[at].item == *(const int32_t *)item;
}

static inline uint32_t slot_of(const struct row *row, int32_t item)
{
    return hash_index_slot(&row->index, (uint32_t)item, is, row, &item);
}

static inline uint32_t home_of(const struct row *row, int32_t item)
{
    return hash_index_home(&row->index, (uint32_t)item);
}

/* Grows by half, but in small steps near the size of full rows: a process holds thousands. */
static void grow(struct row *row)
{
    int32_t step = row->capacity / 2;
    if (row->capacity < ROW_STEPS_TO) { step = MIN_OF(step, (int32_t)ROW_STEP); }
    assert(row->capacity < INT32_MAX / 4);
    row->capacity = MAX_OF(row->capacity + step, (int32_t)ROW_FIRST);
    row->neighbours =
        xreallocarray(row->neighbours, (size_t)row->capacity, sizeof(*row->neighbours));
    hash_index_reserve(&row->index, (uint32_t)(row->capacity - row->count), hash_of, row);
}

static void remove_at(struct row *row, int32_t index)
{
    int32_t last = --row->count;
    hash_index_remove(&row->index, hash_of(row, (uint32_t)index), (uint32_t)index, hash_of, row);
    if (index == last) { return; }
    hash_index_move(&row->index, hash_of(row, (uint32_t)last), (uint32_t)last, (uint32_t)index);
    row->neighbours[index] = row->neighbours[last];
}

/* Adds to one neighbour, and returns whether that made it pass the mark. */
static bool add(struct row *row, int32_t item, double co, double forward, double backward,
                double mark)
{
    assert(item >= 0);
    if (row->count == row->capacity) { grow(row); }
    row->ordered = false;
    uint32_t slot = slot_of(row, item);
    int32_t index = hash_index_get(&row->index, slot);
    if (index < 0) {
        if (co == 0.0 && forward == 0.0 && backward == 0.0) { return false; }
        index = row->count++;
        hash_index_occupy(&row->index, slot, (uint32_t)index);
        row->neighbours[index] = (struct neighbour){item, co, forward, backward};
        return neighbour_strength(co, forward, backward) >= mark;
    }
    struct neighbour *neighbour = &row->neighbours[index];
    double before = neighbour_strength(neighbour->co, neighbour->forward, neighbour->backward);
    neighbour->co += co;
    neighbour->forward += forward;
    neighbour->backward += backward;
    if (neighbour->co == 0.0 && neighbour->forward == 0.0 && neighbour->backward == 0.0) {
        remove_at(row, index);
        return false;
    }
    return before < mark && mark <= neighbour_strength(neighbour->co, neighbour->forward,
                                                       neighbour->backward);
}

void row_add(struct row *row, int32_t item, double co, double forward, double backward)
{
    (void)add(row, item, co, forward, backward, INFINITY);
}

/* The cells of a row that was not used lately are not in the caches: prefetches many first. */
bool row_add_all(struct row *row, const struct neighbour *terms, size_t count, double scale,
                 double mark)
{
    bool passed = false;
    while (count > 0) {
        size_t some = MIN_OF(count, (size_t)ROW_AHEAD);
        for (size_t i = 0; i < some && row->count > 0; i++) {
            hash_index_prefetch(&row->index, home_of(row, terms[i].item));
        }
        for (size_t i = 0; i < some && row->count > 0; i++) {
            int32_t index = hash_index_get(&row->index, home_of(row, terms[i].item));
            if (index >= 0) { __builtin_prefetch(&row->neighbours[index], 1); }
        }
        for (size_t i = 0; i < some; i++) {
            const struct neighbour *term = &terms[i];
            passed |= add(row, term->item, term->co * scale, term->forward * scale,
                          term->backward * scale, mark);
        }
        terms += some;
        count -= some;
    }
    return passed;
}

void row_prefetch_slots(const struct row *row, const struct neighbour *terms, size_t count)
{
    if (row->count == 0) { return; }
    for (size_t i = 0; i < MIN_OF(count, (size_t)ROW_FEW); i++) {
        hash_index_prefetch(&row->index, home_of(row, terms[i].item));
    }
}

void row_prefetch_cells(const struct row *row, const struct neighbour *terms, size_t count)
{
    if (row->count == 0) { return; }
    for (size_t i = 0; i < MIN_OF(count, (size_t)ROW_FEW); i++) {
        int32_t index = hash_index_get(&row->index, home_of(row, terms[i].item));
        if (index >= 0) { __builtin_prefetch(&row->neighbours[index], 1); }
    }
}

void row_sweep(struct row *row)
{
    for (int32_t i = row->count - 1; i >= 0; i--) {
        const struct neighbour *at = &row->neighbours[i];
        if (at->co <= ROW_DUST && at->forward <= ROW_DUST && at->backward <= ROW_DUST) {
            remove_at(row, i);
        }
    }
}

bool row_empty(const struct row *row)
{
    return row->count == 0 && fabs(row->mass) <= ROW_DUST && fabs(row->actions) <= ROW_DUST;
}

const struct neighbour *row_find(const struct row *row, int32_t item)
{
    int32_t index = hash_index_find(&row->index, (uint32_t)item, is, row, &item);
    return index < 0 ? NULL : &row->neighbours[index];
}

void row_best(const struct row *row, struct topk *best)
{
    for (int32_t i = 0; i < row->count; i++) {
        const struct neighbour *at = &row->neighbours[i];
        topk_push(best, neighbour_strength(at->co, at->forward, at->backward), at->item);
    }
    topk_sort(best);
}

/* ---- Order ---- */

/* A neighbour in a line that is sorted: by key, least first. */
struct rank {
    uint64_t key;
    int32_t index; /* in the row */
    int32_t item;
};

/* The number as a key: the greater, the earlier. */
static inline uint64_t falling(double number)
{
    double plain = number + 0.0; /* -0 is 0 */
    uint64_t bits;
    memcpy(&bits, &plain, sizeof(bits));
    return bits >> 63 ? bits : ~bits & (uint64_t)INT64_MAX;
}

/* The first bytes of a text as a key. */
static inline uint64_t beginning(struct slice text)
{
    unsigned char bytes[8] = {0};
    memcpy(bytes, text.data, MIN_OF(text.size, sizeof(bytes)));
    uint64_t key;
    memcpy(&key, bytes, sizeof(key));
    return be64toh(key);
}

static void sort_few(struct rank *at, int32_t count)
{
    for (int32_t i = 1; i < count; i++) {
        struct rank rank = at[i];
        int32_t to = i;
        for (; to > 0 && rank.key < at[to - 1].key; to--) { at[to] = at[to - 1]; }
        at[to] = rank;
    }
}

static void sort_by_byte(const struct rank *from, struct rank *to, int32_t count, int shift)
{
    int32_t starts[257] = {0};
    for (int32_t i = 0; i < count; i++) { starts[(from[i].key >> shift & 0xff) + 1]++; }
    for (int b = 1; b < 256; b++) { starts[b] += starts[b - 1]; }
    for (int32_t i = 0; i < count; i++) { to[starts[from[i].key >> shift & 0xff]++] = from[i]; }
}

/* Sorts by key, stable: a radix sort over the bytes in which the keys differ, the last one first.
 * Counts are sums of similar weights, so their keys differ in few bytes. */
static void sort_by_key(struct rank *at, int32_t count, struct rank *spare)
{
    enum { FEW = 24 };
    if (count <= FEW) {
        sort_few(at, count);
        return;
    }
    uint64_t differ = 0;
    bool in_order = true;
    for (int32_t i = 1; i < count; i++) {
        differ |= at[i].key ^ at[0].key;
        in_order &= at[i - 1].key <= at[i].key;
    }
    if (in_order) { return; }
    struct rank *from = at, *to = spare;
    for (int shift = 0; shift < 64; shift += 8) {
        if (!(differ >> shift & 0xff)) { continue; }
        sort_by_byte(from, to, count, shift);
        struct rank *next = from;
        from = to;
        to = next;
    }
    if (from != at) { memcpy(at, from, (size_t)count * sizeof(*at)); }
}

static inline bool text_before(const struct rank *a, const struct rank *b, const struct ids *ids)
{
    return slice_compare(ids_text(ids, a->item), ids_text(ids, b->item)) < 0;
}

/* Merge sort by the whole text; runs that are in order already cost one comparison. */
static void sort_by_text(struct rank *at, int32_t count, struct rank *spare, const struct ids *ids)
{
    if (count < 2) { return; }
    int32_t half = count / 2;
    sort_by_text(at, half, spare, ids);
    sort_by_text(at + half, count - half, spare, ids);
    if (!text_before(&at[half], &at[half - 1], ids)) { return; }
    memcpy(spare, at, (size_t)half * sizeof(*at));
    int32_t left = 0, right = half, to = 0;
    while (left < half && right < count) {
        at[to++] = text_before(&at[right], &spare[left], ids) ? at[right++] : spare[left++];
    }
    memcpy(at + to, spare + left, (size_t)(half - left) * sizeof(*at));
}

static int32_t run_end(const struct rank *at, int32_t from, int32_t count)
{
    int32_t to = from + 1;
    while (to < count && at[to].key == at[from].key) { to++; }
    return to;
}

/* Sorts a run by the ranks of the ids' texts; false when an id has none. */
static bool sort_by_rank(struct rank *at, int32_t count, struct rank *spare, const struct ids *ids)
{
    for (int32_t i = 0; i < count; i++) {
        int32_t rank = ids_rank(ids, at[i].item);
        if (rank == ID_NONE) { return false; }
        at[i].key = (uint64_t)rank;
    }
    sort_by_key(at, count, spare);
    return true;
}

/* The same by the texts. */
static void sort_by_texts(struct rank *at, int32_t count, struct rank *spare,
                          const struct ids *ids)
{
    for (int32_t i = 0; i < count; i++) { at[i].key = beginning(ids_text(ids, at[i].item)); }
    sort_by_key(at, count, spare);
    for (int32_t i = 0, to; i < count; i = to) {
        to = run_end(at, i, count);
        sort_by_text(at + i, to - i, spare, ids);
    }
}

/* Sorts a run of equal keys by id text, and leaves the key. */
static void sort_equal(struct rank *at, int32_t count, struct rank *spare, const struct ids *ids)
{
    uint64_t key = at->key;
    if (!sort_by_rank(at, count, spare, ids)) { sort_by_texts(at, count, spare, ids); }
    for (int32_t i = 0; i < count; i++) { at[i].key = key; }
}

/* Puts all neighbours of a row into published order: co falling, then text rising. */
static void rank_all(const struct row *row, struct rank *at, struct rank *spare,
                     const struct ids *ids)
{
    for (int32_t i = 0; i < row->count; i++) {
        const struct neighbour *from = &row->neighbours[i];
        at[i] = (struct rank){falling(from->co), i, from->item};
    }
    sort_by_key(at, row->count, spare);
    for (int32_t i = 0, to; i < row->count; i = to) {
        to = run_end(at, i, row->count);
        if (to - i > 1) { sort_equal(at + i, to - i, spare, ids); }
    }
}

/* Of the neighbours of equal co at the bound, keeps those with the greatest forward + backward,
 * then those first in text; their order does not change. */
static void choose(const struct row *row, struct rank *at, int32_t bound, struct rank *spare)
{
    int32_t from = bound - 1;
    while (from > 0 && at[from - 1].key == at[bound].key) { from--; }
    int32_t count = run_end(at, from, row->count) - from, room = bound - from;
    at += from;
    for (int32_t i = 0; i < count; i++) {
        const struct neighbour *neighbour = &row->neighbours[at[i].index];
        at[i].key = falling(neighbour->forward + neighbour->backward);
    }
    struct rank *sorted = spare + count;
    memcpy(sorted, at, (size_t)count * sizeof(*at));
    sort_by_key(sorted, count, spare);
    uint64_t last = sorted[room - 1].key;
    int32_t equal = 0; /* of the last key, how many stay */
    for (int32_t i = room; i > 0 && sorted[i - 1].key == last; i--) { equal++; }
    for (int32_t i = 0, to = 0; to < room; i++) {
        if (at[i].key > last || (at[i].key == last && equal-- <= 0)) { continue; }
        at[to++] = at[i];
    }
}

/* Moves the neighbours into the order of the ranks; where[i] is the old index of the new one i. */
static void move_all(struct row *row, const struct rank *where, int32_t count,
                     struct neighbour *spare)
{
    for (int32_t i = 0; i < count; i++) { spare[i] = row->neighbours[where[i].index]; }
    memcpy(row->neighbours, spare, (size_t)count * sizeof(*spare));
    row->count = count;
    hash_index_refill(&row->index, (uint32_t)count, hash_of, row);
}

static bool in_place(const struct rank *ranks, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        if (ranks[i].index != i) { return false; }
    }
    return true;
}

/* Puts the row into published order and keeps the best `bound` of it. */
static void arrange(struct row *row, int32_t bound, const struct ids *ids)
{
    if (row->ordered && row->count <= bound) { return; }
    /* The ranks, what sorting them takes, and at last the neighbours in their new places. */
    enum { USUAL = 1024 };
    union place {
        struct rank ranks[2];
        struct neighbour neighbour;
    } usual[USUAL * 2], *places = usual;
    _cleanup_(xfreep) union place *many = NULL;
    if (row->count > USUAL) {
        places = many = xreallocarray(NULL, (size_t)row->count * 2, sizeof(*many));
    }
    struct rank *ranks = places[0].ranks, *spare = places[row->count / 2 + 1].ranks;
    rank_all(row, ranks, spare, ids);
    int32_t keep = MIN_OF(row->count, bound);
    if (keep < row->count && ranks[keep].key == ranks[keep - 1].key) {
        choose(row, ranks, bound, spare);
    }
    row->ordered = true;
    if (keep == row->count && in_place(ranks, keep)) { return; }
    move_all(row, ranks, keep, &places[row->count / 2 + 1].neighbour);
}

int32_t row_prune(struct row *row, int32_t bound, const struct ids *ids)
{
    assert(bound > 0);
    int32_t dropped = row->count - bound;
    if (dropped <= 0) { return 0; }
    arrange(row, bound, ids);
    return dropped;
}

void row_order(struct row *row, const struct ids *ids)
{
    arrange(row, INT32_MAX, ids);
}
