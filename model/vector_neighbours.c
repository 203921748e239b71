/* Vectors stand in slots without gaps: the last one takes the place of one that goes.
 *
 * A row that is not full has all items with a cosine above 0. Such a row is corrected by taking an
 * item out or putting it in. A full row that loses an item lacks the next one, which is not known:
 * it is computed again when it is asked for.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "model/ids.h"
#include "model/topk.h"
#include "model/vector_neighbours.h"

enum { SLOT_NONE = -1, STEP = 16, SLOTS_FIRST = 64, ITEMS_FIRST = 1024 };

struct slot {
    int32_t item;
    float inverse; /* 1 / length of the vector; 0: it is all 0 */
    bool computed;
    uint32_t alike_count;
    struct alike *alike; /* of VECTOR_NEAREST, once it was computed */
};

struct vector_neighbours {
    int32_t items_max;
    int32_t *slot_of; /* by item */
    int32_t slot_of_count;
    struct slot *slots;
    int8_t *numbers; /* slots x stride; 0 behind the width */
    size_t count, capacity;
    size_t computed; /* slots with a row */
    size_t width, stride;
    float *cosines; /* scratch: of one item with each slot */
    struct topk top;
};

static bool smaller(const void *arg _unused_, int32_t a, int32_t b)
{
    return a < b;
}

struct vector_neighbours *vector_neighbours_new(int32_t items_max)
{
    struct vector_neighbours *neighbours = xcalloc(1, sizeof(*neighbours));
    neighbours->items_max = items_max;
    topk_init(&neighbours->top, smaller, NULL);
    return neighbours;
}

static void clear(struct vector_neighbours *neighbours)
{
    for (size_t i = 0; i < neighbours->count; i++) {
        neighbours->slot_of[neighbours->slots[i].item] = SLOT_NONE;
        free(neighbours->slots[i].alike);
    }
    free(neighbours->slots);
    free(neighbours->numbers);
    free(neighbours->cosines);
    neighbours->slots = NULL;
    neighbours->numbers = NULL;
    neighbours->cosines = NULL;
    neighbours->count = neighbours->capacity = neighbours->computed = 0;
}

struct vector_neighbours *vector_neighbours_free(struct vector_neighbours *neighbours)
{
    if (!neighbours) { return NULL; }
    clear(neighbours);
    topk_release(&neighbours->top);
    free(neighbours->slot_of);
    free(neighbours);
    return NULL;
}

size_t vector_neighbours_count(const struct vector_neighbours *neighbours)
{
    return neighbours->count;
}

static int32_t slot_of(const struct vector_neighbours *neighbours, int32_t item)
{
    return item >= 0 && item < neighbours->slot_of_count ? neighbours->slot_of[item] : SLOT_NONE;
}

/* ---- Products ---- */

static int32_t dot(const int8_t *p, const int8_t *q, size_t stride)
{
    int32_t lanes[STEP] = {0}, sum = 0;
    for (size_t at = 0; at < stride; at += STEP) {
        for (size_t lane = 0; lane < STEP; lane++) {
            lanes[lane] += (int32_t)p[at + lane] * (int32_t)q[at + lane];
        }
    }
    for (size_t lane = 0; lane < STEP; lane++) { sum += lanes[lane]; }
    return sum;
}

static const int8_t *numbers_of(const struct vector_neighbours *neighbours, size_t slot)
{
    return neighbours->numbers + slot * neighbours->stride;
}

/* Computes the cosines of a slot with all. */
static void compare_all(struct vector_neighbours *neighbours, size_t slot)
{
    const int8_t *mine = numbers_of(neighbours, slot);
    const float inverse = neighbours->slots[slot].inverse;
    for (size_t i = 0; i < neighbours->count; i++) {
        int32_t product = dot(mine, numbers_of(neighbours, i), neighbours->stride);
        neighbours->cosines[i] = (float)product * inverse * neighbours->slots[i].inverse;
    }
}

/* ---- Rows ---- */

static void compute(struct vector_neighbours *neighbours, size_t at)
{
    struct slot *slot = &neighbours->slots[at];
    compare_all(neighbours, at);
    topk_clear(&neighbours->top, VECTOR_NEAREST);
    for (size_t i = 0; i < neighbours->count; i++) {
        if (i == at || !(neighbours->cosines[i] > 0.0F)) { continue; }
        topk_push(&neighbours->top, (double)neighbours->cosines[i], neighbours->slots[i].item);
    }
    topk_sort(&neighbours->top);
    if (!slot->alike) { slot->alike = xcalloc(VECTOR_NEAREST, sizeof(*slot->alike)); }
    slot->alike_count = (uint32_t)neighbours->top.count;
    for (size_t k = 0; k < neighbours->top.count; k++) {
        const struct topk_entry *entry = &neighbours->top.entries[k];
        slot->alike[k] = (struct alike){.item = entry->item, .cosine = (float)entry->score};
    }
    neighbours->computed += !slot->computed;
    slot->computed = true;
}

const struct alike *vector_neighbours_of(struct vector_neighbours *neighbours, int32_t item,
                                         size_t *ret_count)
{
    int32_t at = slot_of(neighbours, item);
    *ret_count = 0;
    if (at == SLOT_NONE) { return NULL; }
    struct slot *slot = &neighbours->slots[at];
    if (!slot->computed) { compute(neighbours, (size_t)at); }
    *ret_count = slot->alike_count;
    return slot->alike;
}

static void take_out(struct vector_neighbours *neighbours, struct slot *slot, int32_t item)
{
    for (uint32_t k = 0; k < slot->alike_count; k++) {
        if (slot->alike[k].item != item) { continue; }
        slot->computed = slot->alike_count < VECTOR_NEAREST;
        neighbours->computed -= !slot->computed;
        slot->alike_count--;
        memmove(slot->alike + k, slot->alike + k + 1,
                (slot->alike_count - k) * sizeof(*slot->alike));
        return;
    }
}

static bool is_before(const struct alike *one, int32_t item, float cosine)
{
    if (one->cosine > cosine) { return true; }
    return !(one->cosine < cosine) && one->item < item;
}

static void put_in(struct slot *slot, int32_t item, float cosine)
{
    uint32_t at = slot->alike_count;
    if (!(cosine > 0.0F)) { return; }
    while (at > 0 && !is_before(&slot->alike[at - 1], item, cosine)) { at--; }
    if (at == VECTOR_NEAREST) { return; }
    if (slot->alike_count < VECTOR_NEAREST) { slot->alike_count++; }
    memmove(slot->alike + at + 1, slot->alike + at,
            (slot->alike_count - at - 1) * sizeof(*slot->alike));
    slot->alike[at] = (struct alike){.item = item, .cosine = cosine};
}

/* Takes an item out of all rows. */
static void take_out_of_all(struct vector_neighbours *neighbours, int32_t item)
{
    for (size_t i = 0; i < neighbours->count && neighbours->computed; i++) {
        struct slot *slot = &neighbours->slots[i];
        if (slot->computed) { take_out(neighbours, slot, item); }
    }
}

/* Puts an item into the rows that it belongs to. */
static void put_into_all(struct vector_neighbours *neighbours, size_t at)
{
    if (!neighbours->computed) { return; }
    compare_all(neighbours, at);
    for (size_t i = 0; i < neighbours->count; i++) {
        struct slot *slot = &neighbours->slots[i];
        if (i == at || !slot->computed) { continue; }
        put_in(slot, neighbours->slots[at].item, neighbours->cosines[i]);
    }
}

/* ---- Vectors ---- */

static void reserve_item(struct vector_neighbours *neighbours, int32_t item)
{
    if (item < neighbours->slot_of_count) { return; }
    int64_t count = MAX_OF(2 * (int64_t)item, (int64_t)ITEMS_FIRST);
    count = MIN_OF(count, (int64_t)neighbours->items_max);
    count = MAX_OF(count, (int64_t)item + 1);
    neighbours->slot_of =
        xreallocarray(neighbours->slot_of, (size_t)count, sizeof(*neighbours->slot_of));
    for (int64_t i = neighbours->slot_of_count; i < count; i++) {
        neighbours->slot_of[i] = SLOT_NONE;
    }
    neighbours->slot_of_count = (int32_t)count;
}

static size_t add_slot(struct vector_neighbours *neighbours, int32_t item)
{
    if (neighbours->count == neighbours->capacity) {
        size_t capacity = MAX_OF(2 * neighbours->capacity, (size_t)SLOTS_FIRST);
        neighbours->slots = xreallocarray(neighbours->slots, capacity, sizeof(*neighbours->slots));
        neighbours->numbers = xreallocarray(neighbours->numbers, capacity, neighbours->stride);
        neighbours->cosines = xreallocarray(neighbours->cosines, capacity, sizeof(float));
        neighbours->capacity = capacity;
    }
    reserve_item(neighbours, item);
    neighbours->slot_of[item] = (int32_t)neighbours->count;
    neighbours->slots[neighbours->count] = (struct slot){.item = item};
    return neighbours->count++;
}

static void set_numbers(struct vector_neighbours *neighbours, size_t at, const int8_t *numbers)
{
    int8_t *to = neighbours->numbers + at * neighbours->stride;
    memset(to, 0, neighbours->stride);
    memcpy(to, numbers, neighbours->width);
    double squares = (double)dot(to, to, neighbours->stride);
    neighbours->slots[at].inverse = squares > 0.0 ? (float)(1.0 / sqrt(squares)) : 0.0F;
}

bool vector_neighbours_put(struct vector_neighbours *neighbours, int32_t item,
                           const int8_t *numbers, size_t width)
{
    if (item < 0 || item >= neighbours->items_max || !width || width > VECTOR_WIDTH_MAX) {
        return false;
    }
    if (width != neighbours->width) {
        clear(neighbours);
        neighbours->width = width;
        neighbours->stride = (width + STEP - 1) / STEP * STEP;
    }
    int32_t at = slot_of(neighbours, item);
    if (at != SLOT_NONE) {
        if (memcmp(numbers_of(neighbours, (size_t)at), numbers, width) == 0) { return false; }
        take_out_of_all(neighbours, item);
        neighbours->computed -= neighbours->slots[at].computed;
        neighbours->slots[at].computed = false;
    } else {
        at = (int32_t)add_slot(neighbours, item);
    }
    set_numbers(neighbours, (size_t)at, numbers);
    put_into_all(neighbours, (size_t)at);
    return true;
}

bool vector_neighbours_remove(struct vector_neighbours *neighbours, int32_t item)
{
    int32_t at = slot_of(neighbours, item);
    if (at == SLOT_NONE) { return false; }
    take_out_of_all(neighbours, item);
    struct slot *slot = &neighbours->slots[at];
    neighbours->computed -= slot->computed;
    free(slot->alike);
    neighbours->slot_of[item] = SLOT_NONE;
    size_t last = --neighbours->count;
    if ((size_t)at == last) { return true; }
    *slot = neighbours->slots[last];
    memcpy(neighbours->numbers + (size_t)at * neighbours->stride, numbers_of(neighbours, last),
           neighbours->stride);
    neighbours->slot_of[slot->item] = at;
    return true;
}
