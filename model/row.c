#include "base/base.h"
#include "base/xalloc.h"
#include "model/decay.h"
#include "model/row.h"

enum { ROW_FIRST = 8 };

void row_init(struct row *row)
{
    *row = (struct row){.epoch = ROW_EPOCH_NONE, .trend_epoch = ROW_EPOCH_NONE};
}

void row_release(struct row *row)
{
    free(row->neighbours);
    free(row->slots);
    row_init(row);
}

size_t row_bytes(const struct row *row)
{
    return (size_t)row->capacity * sizeof(*row->neighbours) +
           (size_t)row->slots_count * sizeof(*row->slots);
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

static inline uint32_t slot_of(const struct row *row, int32_t item)
{
    uint32_t hash = (uint32_t)item * UINT32_C(0x9e3779b1);
    return (hash ^ hash >> 15) & (row->slots_count - 1);
}

static void place(struct row *row, int32_t index)
{
    uint32_t slot = slot_of(row, row->neighbours[index].item);
    while (row->slots[slot] >= 0) { slot = (slot + 1) & (row->slots_count - 1); }
    row->slots[slot] = index;
}

static void index_all(struct row *row)
{
    if (row->slots_count == 0) { return; }
    memset(row->slots, 0xff, (size_t)row->slots_count * sizeof(*row->slots));
    for (int32_t i = 0; i < row->count; i++) { place(row, i); }
}

static void resize(struct row *row, int32_t capacity)
{
    assert(capacity >= row->count);
    row->capacity = capacity;
    row->neighbours = xreallocarray(row->neighbours, (size_t)capacity, sizeof(*row->neighbours));
    uint32_t slots_count = ROW_FIRST * 2;
    while (slots_count < (uint32_t)capacity * 2) { slots_count *= 2; }
    row->slots_count = slots_count;
    row->slots = xreallocarray(row->slots, slots_count, sizeof(*row->slots));
    index_all(row);
}

/* Finds the slot that names the item, or the free one where it would go. */
static inline uint32_t find_slot(const struct row *row, int32_t item)
{
    uint32_t slot = slot_of(row, item);
    while (row->slots[slot] >= 0 && row->neighbours[row->slots[slot]].item != item) {
        slot = (slot + 1) & (row->slots_count - 1);
    }
    return slot;
}

/* Frees a slot and closes the gap: later entries of the run move up if that is nearer to home. */
static void free_slot(struct row *row, uint32_t slot)
{
    uint32_t mask = row->slots_count - 1;
    uint32_t gap = slot;
    for (uint32_t next = (slot + 1) & mask; row->slots[next] >= 0; next = (next + 1) & mask) {
        uint32_t home = slot_of(row, row->neighbours[row->slots[next]].item);
        if (((next - home) & mask) < ((next - gap) & mask)) { continue; }
        row->slots[gap] = row->slots[next];
        gap = next;
    }
    row->slots[gap] = -1;
}

static void remove_at(struct row *row, uint32_t slot)
{
    int32_t index = row->slots[slot];
    free_slot(row, slot);
    int32_t last = --row->count;
    if (index == last) { return; }
    uint32_t moved = find_slot(row, row->neighbours[last].item);
    row->neighbours[index] = row->neighbours[last];
    row->slots[moved] = index;
}

void row_add(struct row *row, int32_t item, double co, double forward, double backward)
{
    assert(item >= 0);
    if (row->count == row->capacity) {
        assert(row->capacity < INT32_MAX / 4);
        resize(row, MAX_OF(row->capacity + row->capacity / 2, (int32_t)ROW_FIRST));
    }
    uint32_t slot = find_slot(row, item);
    int32_t index = row->slots[slot];
    if (index < 0) {
        if (co == 0.0 && forward == 0.0 && backward == 0.0) { return; }
        index = row->count++;
        row->slots[slot] = index;
        row->neighbours[index] = (struct neighbour){item, co, forward, backward};
        return;
    }
    struct neighbour *neighbour = &row->neighbours[index];
    neighbour->co += co;
    neighbour->forward += forward;
    neighbour->backward += backward;
    if (neighbour->co == 0.0 && neighbour->forward == 0.0 && neighbour->backward == 0.0) {
        remove_at(row, slot);
    }
}

const struct neighbour *row_find(const struct row *row, int32_t item)
{
    if (row->count == 0) { return NULL; }
    int32_t index = row->slots[find_slot(row, item)];
    return index < 0 ? NULL : &row->neighbours[index];
}

/* ---- Order ---- */

/* What a neighbour is ordered by, gathered so that comparing seldom leaves the array. */
struct rank {
    double co;
    double sum;      /* 0 where it does not count */
    uint64_t prefix; /* first bytes of the id text, as a big-endian number */
    int32_t index;
    int32_t item;
};

static uint64_t prefix_of(struct slice text)
{
    unsigned char bytes[8] = {0};
    memcpy(bytes, text.data, MIN_OF(text.size, sizeof(bytes)));
    uint64_t prefix = 0;
    for (size_t i = 0; i < sizeof(bytes); i++) { prefix = prefix << 8 | bytes[i]; }
    return prefix;
}

static inline bool rank_before(const struct rank *a, const struct rank *b, const struct ids *ids)
{
    if (a->co != b->co) { return a->co > b->co; }
    if (a->sum != b->sum) { return a->sum > b->sum; }
    if (a->prefix != b->prefix) { return a->prefix < b->prefix; }
    return slice_compare(ids_text(ids, a->item), ids_text(ids, b->item)) < 0;
}

static void sort_few(struct rank *at, int32_t count, const struct ids *ids)
{
    for (int32_t i = 1; i < count; i++) {
        struct rank rank = at[i];
        int32_t to = i;
        for (; to > 0 && rank_before(&rank, &at[to - 1], ids); to--) { at[to] = at[to - 1]; }
        at[to] = rank;
    }
}

/* Merge sort: what is in order already (most of a row that was ordered at the last commit) costs
 * one comparison a run. */
static void sort(struct rank *at, int32_t count, struct rank *spare, const struct ids *ids)
{
    enum { FEW = 12 };
    if (count <= FEW) {
        sort_few(at, count, ids);
        return;
    }
    int32_t half = count / 2;
    sort(at, half, spare, ids);
    sort(at + half, count - half, spare, ids);
    if (!rank_before(&at[half], &at[half - 1], ids)) { return; }
    memcpy(spare, at, (size_t)half * sizeof(*at));
    int32_t left = 0, right = half, to = 0;
    while (left < half && right < count) {
        at[to++] = rank_before(&at[right], &spare[left], ids) ? at[right++] : spare[left++];
    }
    memcpy(at + to, spare + left, (size_t)(half - left) * sizeof(*at));
}

/* Ranks all neighbours, best first, and moves the best `keep` into that order. */
static void arrange(struct row *row, int32_t keep, bool by_sum, const struct ids *ids)
{
    size_t count = (size_t)row->count;
    _cleanup_(xfreep) struct rank *ranks = xreallocarray(NULL, count + count / 2, sizeof(*ranks));
    for (size_t i = 0; i < count; i++) {
        const struct neighbour *from = &row->neighbours[i];
        ranks[i] = (struct rank){
            .co = from->co,
            .sum = by_sum ? from->forward + from->backward : 0.0,
            .prefix = prefix_of(ids_text(ids, from->item)),
            .index = (int32_t)i,
            .item = from->item,
        };
    }
    sort(ranks, row->count, ranks + count, ids);
    int32_t capacity = row->capacity;
    struct neighbour *arranged = xreallocarray(NULL, (size_t)capacity, sizeof(*arranged));
    for (int32_t i = 0; i < keep; i++) { arranged[i] = row->neighbours[ranks[i].index]; }
    free(row->neighbours);
    row->neighbours = arranged;
    row->count = keep;
    index_all(row);
}

int32_t row_prune(struct row *row, int32_t bound, const struct ids *ids)
{
    assert(bound > 0);
    int32_t dropped = row->count - bound;
    if (dropped <= 0) { return 0; }
    arrange(row, bound, true, ids);
    return dropped;
}

void row_order(struct row *row, const struct ids *ids)
{
    if (row->count < 2) { return; }
    arrange(row, row->count, false, ids);
}
