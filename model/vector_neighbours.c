/* Vectors stand in slots without gaps: the last one takes the place of one that goes. Items are
 * compared by their cards: the codes where there are some, else the vectors.
 *
 * Codes are made when they are used next, so that loading a catalogue makes them once. From then on
 * a vector that comes has its code at once, unless it is of the sample.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/mapped_bytes.h"
#include "base/xalloc.h"
#include "model/ids.h"
#include "model/vector_neighbours.h"

enum { SLOT_NONE = -1, STEP = 16, SLOTS_FIRST = 64, ITEMS_FIRST = 1024 };

struct slot {
    int32_t item;
    float inverse; /* 1 / length of the vector; 0: it is all 0 */
    float code_inverse;
    bool marked;
};

/* How items are compared: by codes, of the present sample or of a former one, or by vectors. */
enum compared { BY_VECTORS, BY_CODES, BY_OLD_CODES };

_Static_assert(VECTOR_WIDTH_MAX % STEP == 0, "a query has room for a whole stride");

struct vector_neighbours {
    int32_t items_max;
    int32_t *slot_of; /* by item */
    int32_t slot_of_count;
    struct slot *slots;
    struct mapped_bytes numbers; /* slots x stride; 0 behind the width */
    struct mapped_bytes code_bytes; /* slots x CODE_BYTES */
    const char *directory; /* of mapped files; NULL: in memory */
    const struct ids *ids;
    struct vector_codes *codes;
    enum compared compared;
    double sample_end; /* the last place of the sample */
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
    neighbours->ids = ids;
    neighbours->rows = nearest_rows_new(&measure, ids, NEAREST_ROWS_MOST);
    return neighbours;
}

void vector_neighbours_map(struct vector_neighbours *neighbours, const char *directory)
{
    assert(!neighbours->count);
    neighbours->directory = directory;
}

static void clear(struct vector_neighbours *neighbours)
{
    for (size_t i = 0; i < neighbours->count; i++) {
        neighbours->slot_of[neighbours->slots[i].item] = SLOT_NONE;
    }
    free(neighbours->slots);
    mapped_bytes_release(&neighbours->numbers);
    mapped_bytes_release(&neighbours->code_bytes);
    neighbours->slots = NULL;
    neighbours->codes = vector_codes_free(neighbours->codes);
    neighbours->compared = BY_VECTORS;
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
    return (const int8_t *)neighbours->numbers.at + slot * neighbours->stride;
}

/* ---- Codes ---- */

static int8_t *code_of(const struct vector_neighbours *neighbours, size_t slot)
{
    return (int8_t *)neighbours->code_bytes.at + slot * CODE_BYTES;
}

/* The places of items in the order by which the sample is taken. */
static double sample_place(const struct vector_neighbours *neighbours, int32_t item)
{
    uint64_t hash = neighbours->ids ? ids_fingerprint(ids_text(neighbours->ids, item))
                                    : (uint64_t)item * 0x9E3779B97F4A7C15U; /* Knuth */
    return (double)(hash >> 11);
}

static bool item_before(const void *arg, int32_t a, int32_t b)
{
    const struct vector_neighbours *neighbours = arg;
    return neighbours->ids ? ids_before(neighbours->ids, a, b) : a < b;
}

/* Finds the components of the sample. */
static struct vector_codes *find_codes(struct vector_neighbours *neighbours)
{
    const int8_t *sample[CODES_SAMPLE];
    struct topk first;
    topk_init(&first, item_before, neighbours);
    topk_clear(&first, CODES_SAMPLE);
    for (size_t i = 0; i < neighbours->count; i++) {
        int32_t item = neighbours->slots[i].item;
        topk_push(&first, -sample_place(neighbours, item), item);
    }
    topk_sort(&first);
    for (size_t k = 0; k < CODES_SAMPLE; k++) {
        int32_t item = first.entries[k].item;
        sample[k] = numbers_of(neighbours, (size_t)slot_of(neighbours, item));
        neighbours->sample_end = -first.entries[k].score;
    }
    topk_release(&first);
    return vector_codes_new(sample, neighbours->width);
}

/* Makes the code of a slot; without components it is all 0. */
static void make_code(struct vector_neighbours *neighbours, size_t slot)
{
    int8_t *code = code_of(neighbours, slot);
    if (neighbours->codes) {
        vector_codes_make(neighbours->codes, numbers_of(neighbours, slot), code);
    } else {
        memset(code, 0, CODE_BYTES);
    }
    neighbours->slots[slot].code_inverse = inverse_of(code, CODE_BYTES);
}

/* Brings what items are compared by in step with the vectors that there are. */
static void prepare(struct vector_neighbours *neighbours)
{
    bool coded = neighbours->width > CODE_BYTES && neighbours->count >= CODES_SAMPLE;
    enum compared wanted = coded ? BY_CODES : BY_VECTORS;
    if (neighbours->compared == wanted) { return; }
    nearest_rows_change_all(neighbours->rows);
    neighbours->codes = vector_codes_free(neighbours->codes);
    neighbours->compared = wanted;
    if (!coded) { return; }
    neighbours->codes = find_codes(neighbours);
    for (size_t i = 0; i < neighbours->count; i++) { make_code(neighbours, i); }
}

/* Takes note that an item's vector comes, changes or goes: codes do not stay if it is of the
 * sample. */
static void touch_sample(struct vector_neighbours *neighbours, int32_t item)
{
    if (neighbours->compared != BY_CODES) { return; }
    if (sample_place(neighbours, item) <= neighbours->sample_end) {
        neighbours->compared = BY_OLD_CODES;
    }
}

/* ---- Likeness ---- */

/* What a slot is compared by. */
struct card {
    const int8_t *numbers;
    size_t stride;
    float inverse;
};

static struct card card_of(const struct vector_neighbours *neighbours, size_t slot)
{
    const struct slot *at = &neighbours->slots[slot];
    if (neighbours->compared == BY_CODES) {
        return (struct card){code_of(neighbours, slot), CODE_BYTES, at->code_inverse};
    }
    return (struct card){numbers_of(neighbours, slot), neighbours->stride, at->inverse};
}

static float cosine(const struct card *a, const struct card *b)
{
    return (float)dot(a->numbers, b->numbers, a->stride) * (a->inverse * b->inverse);
}

static void offer(void *owner, int32_t item, struct topk *top)
{
    const struct vector_neighbours *neighbours = owner;
    const size_t mine = (size_t)slot_of(neighbours, item);
    const struct card card = card_of(neighbours, mine);
    for (size_t i = 0; i < neighbours->count; i++) {
        const struct card other = card_of(neighbours, i);
        if (i == mine) { continue; }
        topk_push(top, (double)cosine(&card, &other), neighbours->slots[i].item);
    }
}

float vector_neighbours_between(struct vector_neighbours *neighbours, int32_t item,
                                int32_t other)
{
    prepare(neighbours);
    int32_t a = slot_of(neighbours, item), b = slot_of(neighbours, other);
    if (a == SLOT_NONE || b == SLOT_NONE) { return 0.0F; }
    const struct card of_a = card_of(neighbours, (size_t)a), of_b = card_of(neighbours, (size_t)b);
    return cosine(&of_a, &of_b);
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
    prepare(neighbours);
    return nearest_rows_of(neighbours->rows, item, ret_count);
}

/* ---- Profiles ---- */

bool vector_neighbours_profile_add(struct vector_neighbours *neighbours, int32_t item,
                                   float weight, float *profile)
{
    int32_t at = slot_of(neighbours, item);
    if (at == SLOT_NONE) { return false; }
    prepare(neighbours);
    const struct card card = card_of(neighbours, (size_t)at);
    const float scale = weight * card.inverse;
    for (size_t i = 0; i < card.stride; i++) { profile[i] += scale * (float)card.numbers[i]; }
    return true;
}

float vector_neighbours_profile_score(struct vector_neighbours *neighbours, const float *profile,
                                      int32_t item)
{
    int32_t at = slot_of(neighbours, item);
    float lanes[STEP] = {0}, sum = 0.0F;
    if (at == SLOT_NONE) { return 0.0F; }
    prepare(neighbours);
    const struct card card = card_of(neighbours, (size_t)at);
    for (size_t i = 0; i < card.stride; i += STEP) {
        for (size_t lane = 0; lane < STEP; lane++) {
            lanes[lane] += profile[i + lane] * (float)card.numbers[i + lane];
        }
    }
    for (size_t lane = 0; lane < STEP; lane++) { sum += lanes[lane]; }
    return sum * card.inverse;
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

/* Makes room for vectors and codes; where a file cannot grow, in memory. */
static void reserve_bytes(struct vector_neighbours *neighbours, size_t capacity)
{
    const char *directory = neighbours->directory;
    const bool coded = neighbours->width > CODE_BYTES;
    if (directory && !neighbours->numbers.at) {
        (void)mapped_bytes_open(&neighbours->numbers, directory);
        if (coded) { (void)mapped_bytes_open(&neighbours->code_bytes, directory); }
    }
    (void)mapped_bytes_reserve(&neighbours->numbers, capacity * neighbours->stride);
    if (coded) { (void)mapped_bytes_reserve(&neighbours->code_bytes, capacity * CODE_BYTES); }
}

static size_t add_slot(struct vector_neighbours *neighbours, int32_t item)
{
    if (neighbours->count == neighbours->capacity) {
        size_t capacity = MAX_OF(2 * neighbours->capacity, (size_t)SLOTS_FIRST);
        neighbours->slots = xreallocarray(neighbours->slots, capacity, sizeof(*neighbours->slots));
        reserve_bytes(neighbours, capacity);
        neighbours->capacity = capacity;
    }
    reserve_item(neighbours, item);
    neighbours->slot_of[item] = (int32_t)neighbours->count;
    neighbours->slots[neighbours->count] = (struct slot){.item = item};
    return neighbours->count++;
}

static void set_numbers(struct vector_neighbours *neighbours, size_t at, const int8_t *numbers)
{
    int8_t *to = (int8_t *)neighbours->numbers.at + at * neighbours->stride;
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
    touch_sample(neighbours, item);
    if (neighbours->compared == BY_CODES) { make_code(neighbours, (size_t)at); }
    nearest_rows_change(neighbours->rows, item);
    return true;
}

bool vector_neighbours_remove(struct vector_neighbours *neighbours, int32_t item)
{
    int32_t at = slot_of(neighbours, item);
    if (at == SLOT_NONE) { return false; }
    struct slot *slot = &neighbours->slots[at];
    touch_sample(neighbours, item);
    nearest_rows_change(neighbours->rows, item);
    neighbours->slot_of[item] = SLOT_NONE;
    neighbours->marked -= slot->marked;
    neighbours->moves++;
    size_t last = --neighbours->count;
    if ((size_t)at == last) { return true; }
    *slot = neighbours->slots[last];
    memcpy((int8_t *)neighbours->numbers.at + (size_t)at * neighbours->stride,
           numbers_of(neighbours, last), neighbours->stride);
    if (neighbours->compared == BY_CODES) {
        memcpy(code_of(neighbours, (size_t)at), code_of(neighbours, last), CODE_BYTES);
    }
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
