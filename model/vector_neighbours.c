/* Vectors stand in slots without gaps: the last one takes the place of one that goes. */
#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "model/ids.h"
#include "model/vector_neighbours.h"

enum { SLOT_NONE = -1, STEP = 16, SLOTS_FIRST = 64, ITEMS_FIRST = 1024 };

struct slot {
    int32_t item;
    float inverse; /* 1 / length of the vector; 0: it is all 0 */
    bool marked;
};

_Static_assert(VECTOR_WIDTH_MAX % STEP == 0, "a query has room for a whole stride");

struct vector_neighbours {
    int32_t items_max;
    int32_t *slot_of; /* by item */
    int32_t slot_of_count;
    struct slot *slots;
    int8_t *numbers; /* slots x stride; 0 behind the width */
    size_t count, capacity, marked;
    size_t width, stride;
    uint64_t moves;
    struct nearest_rows *rows;
};

static void offer(void *owner, int32_t item, struct topk *top);
static float compare(void *owner, int32_t item, int32_t other);

struct vector_neighbours *vector_neighbours_new(int32_t items_max, const struct ids *ids)
{
    struct vector_neighbours *neighbours = xcalloc(1, sizeof(*neighbours));
    const struct nearest_measure measure = {offer, compare, neighbours};
    neighbours->items_max = items_max;
    neighbours->rows = nearest_rows_new(&measure, ids, NEAREST_ROWS_MOST);
    return neighbours;
}

static void clear(struct vector_neighbours *neighbours)
{
    for (size_t i = 0; i < neighbours->count; i++) {
        neighbours->slot_of[neighbours->slots[i].item] = SLOT_NONE;
    }
    free(neighbours->slots);
    free(neighbours->numbers);
    neighbours->slots = NULL;
    neighbours->numbers = NULL;
    neighbours->count = neighbours->capacity = neighbours->marked = 0;
    neighbours->moves++;
    nearest_rows_change_all(neighbours->rows);
}

struct vector_neighbours *vector_neighbours_free(struct vector_neighbours *neighbours)
{
    if (!neighbours) { return NULL; }
    clear(neighbours);
    nearest_rows_free(neighbours->rows);
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

/* Returns 1 / length of a vector; 0: it is all 0. */
static float inverse_of(const int8_t *numbers, size_t stride)
{
    double squares = (double)dot(numbers, numbers, stride);
    return squares > 0.0 ? (float)(1.0 / sqrt(squares)) : 0.0F;
}

static const int8_t *numbers_of(const struct vector_neighbours *neighbours, size_t slot)
{
    return neighbours->numbers + slot * neighbours->stride;
}

static float cosine(const struct vector_neighbours *neighbours, size_t a, size_t b)
{
    int32_t product = dot(numbers_of(neighbours, a), numbers_of(neighbours, b), neighbours->stride);
    return (float)product * (neighbours->slots[a].inverse * neighbours->slots[b].inverse);
}

static void offer(void *owner, int32_t item, struct topk *top)
{
    const struct vector_neighbours *neighbours = owner;
    size_t mine = (size_t)slot_of(neighbours, item);
    for (size_t i = 0; i < neighbours->count; i++) {
        if (i == mine) { continue; }
        topk_push(top, (double)cosine(neighbours, mine, i), neighbours->slots[i].item);
    }
}

float vector_neighbours_between(const struct vector_neighbours *neighbours, int32_t item,
                                int32_t other)
{
    int32_t a = slot_of(neighbours, item), b = slot_of(neighbours, other);
    return a == SLOT_NONE || b == SLOT_NONE ? 0.0F : cosine(neighbours, (size_t)a, (size_t)b);
}

static float compare(void *owner, int32_t item, int32_t other)
{
    return vector_neighbours_between(owner, item, other);
}

const struct alike *vector_neighbours_of(struct vector_neighbours *neighbours, int32_t item,
                                         size_t *ret_count)
{
    *ret_count = 0;
    if (slot_of(neighbours, item) == SLOT_NONE) { return NULL; }
    return nearest_rows_of(neighbours->rows, item, ret_count);
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
    neighbours->slots[at].inverse = inverse_of(to, neighbours->stride);
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
    } else {
        at = (int32_t)add_slot(neighbours, item);
    }
    set_numbers(neighbours, (size_t)at, numbers);
    nearest_rows_change(neighbours->rows, item);
    return true;
}

bool vector_neighbours_remove(struct vector_neighbours *neighbours, int32_t item)
{
    int32_t at = slot_of(neighbours, item);
    if (at == SLOT_NONE) { return false; }
    struct slot *slot = &neighbours->slots[at];
    nearest_rows_change(neighbours->rows, item);
    neighbours->slot_of[item] = SLOT_NONE;
    neighbours->marked -= slot->marked;
    neighbours->moves++;
    size_t last = --neighbours->count;
    if ((size_t)at == last) { return true; }
    *slot = neighbours->slots[last];
    memcpy(neighbours->numbers + (size_t)at * neighbours->stride, numbers_of(neighbours, last),
           neighbours->stride);
    neighbours->slot_of[slot->item] = at;
    return true;
}

/* ---- Queries ---- */

void vector_neighbours_mark(struct vector_neighbours *neighbours, int32_t item, bool marked)
{
    int32_t at = slot_of(neighbours, item);
    if (at == SLOT_NONE || neighbours->slots[at].marked == marked) { return; }
    neighbours->slots[at].marked = marked;
    if (marked) {
        neighbours->marked++;
    } else {
        neighbours->marked--;
    }
}

size_t vector_neighbours_marked(const struct vector_neighbours *neighbours)
{
    return neighbours->marked;
}

void vector_query_set(struct vector_query *query, const int8_t *numbers, size_t width)
{
    assert(width && width <= VECTOR_WIDTH_MAX);
    memset(query->numbers, 0, sizeof(query->numbers));
    memcpy(query->numbers, numbers, width);
    query->width = width;
    query->inverse = inverse_of(query->numbers, VECTOR_WIDTH_MAX);
}

static float cosine_with(const struct vector_neighbours *neighbours,
                         const struct vector_query *query, size_t at)
{
    int32_t product = dot(query->numbers, numbers_of(neighbours, at), neighbours->stride);
    return (float)product * (query->inverse * neighbours->slots[at].inverse);
}

bool vector_neighbours_offer(const struct vector_neighbours *neighbours,
                             const struct vector_query *query, size_t from, size_t count,
                             bool (*allows)(const void *arg, int32_t item), const void *arg,
                             struct topk *top)
{
    if (query->width != neighbours->width) { return false; }
    size_t end = MIN_OF(neighbours->count, from + MIN_OF(count, SIZE_MAX - from));
    for (size_t at = from; at < end; at++) {
        const struct slot *slot = &neighbours->slots[at];
        if (!slot->marked || (allows && !allows(arg, slot->item))) { continue; }
        float cosine = cosine_with(neighbours, query, at);
        if (cosine > 0.0F) { topk_push(top, (double)cosine, slot->item); }
    }
    return end < neighbours->count;
}

uint64_t vector_neighbours_moves(const struct vector_neighbours *neighbours)
{
    return neighbours->moves;
}

float vector_neighbours_cosine(const struct vector_neighbours *neighbours,
                               const struct vector_query *query, int32_t item)
{
    int32_t at = slot_of(neighbours, item);
    bool marked = at != SLOT_NONE && neighbours->slots[at].marked;
    if (!marked || query->width != neighbours->width) { return 0.0F; }
    return cosine_with(neighbours, query, (size_t)at);
}
