/* There is a set for each width, and one of them is compared: `set`. Items are compared by their
 * cards: the codes where there are some, else the vectors.
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
#include "model/vector_set.h"

enum { SLOT_NONE = -1, ITEMS_FIRST = 1024, SETS_FIRST = 4,
       CARDS_AHEAD = 16 /* on their way to the cache */ };

/* Where an item's vector stands. */
struct place {
    int32_t slot; /* of the set of its width; SLOT_NONE: it has none */
    int32_t width;
};

/* How items are compared: by codes, of the present sample or of a former one, or by vectors. */
enum compared { BY_VECTORS, BY_CODES, BY_OLD_CODES };

_Static_assert(VECTOR_WIDTH_MAX % VECTOR_STEP == 0, "a query has room for a whole stride");

struct vector_neighbours {
    int32_t items_max;
    struct place *places; /* by item */
    int32_t places_count;
    struct vector_set **sets; /* one for each width; none is empty */
    size_t sets_count, sets_capacity;
    struct vector_set *set; /* the one that is compared; NULL: there are no vectors */
    size_t count, marked;   /* of all sets */
    struct mapped_bytes code_bytes; /* slots of `set` x CODE_BYTES */
    const char *directory; /* of mapped files; NULL: in memory */
    const struct ids *ids;
    struct vector_codes *codes;
    enum compared compared;
    double sample_end; /* the last place of the sample */
    uint64_t moves;
    struct nearest_rows *rows;
};

static void offer(void *owner, int32_t item, struct topk *top);
static float compare(void *owner, int32_t item, int32_t other);
static size_t count_compared(const void *owner);

struct vector_neighbours *vector_neighbours_new(int32_t items_max, const struct ids *ids)
{
    struct vector_neighbours *neighbours = xcalloc(1, sizeof(*neighbours));
    const struct nearest_measure measure = {offer, compare, count_compared, neighbours};
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

struct vector_neighbours *vector_neighbours_free(struct vector_neighbours *neighbours)
{
    if (!neighbours) { return NULL; }
    for (size_t i = 0; i < neighbours->sets_count; i++) { vector_set_free(neighbours->sets[i]); }
    free(neighbours->sets);
    mapped_bytes_release(&neighbours->code_bytes);
    vector_codes_free(neighbours->codes);
    nearest_rows_free(neighbours->rows);
    free(neighbours->places);
    free(neighbours);
    return NULL;
}

size_t vector_neighbours_count(const struct vector_neighbours *neighbours)
{
    return neighbours->count;
}

static const struct place *place_of(const struct vector_neighbours *neighbours, int32_t item)
{
    static const struct place none = {.slot = SLOT_NONE};
    return item >= 0 && item < neighbours->places_count ? &neighbours->places[item] : &none;
}

/* Returns an item's slot of the set that is compared. */
static int32_t slot_of(const struct vector_neighbours *neighbours, int32_t item)
{
    const struct place *place = place_of(neighbours, item);
    bool compared = place->slot != SLOT_NONE && (size_t)place->width == neighbours->set->width;
    return compared ? place->slot : SLOT_NONE;
}

bool vector_neighbours_has(const struct vector_neighbours *neighbours, int32_t item)
{
    return slot_of(neighbours, item) != SLOT_NONE;
}

/* Finds the set of a width; NULL: there is none. */
static struct vector_set *set_of(const struct vector_neighbours *neighbours, size_t width)
{
    for (size_t i = 0; i < neighbours->sets_count; i++) {
        if (neighbours->sets[i]->width == width) { return neighbours->sets[i]; }
    }
    return NULL;
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
    for (size_t i = 0; i < neighbours->set->count; i++) {
        int32_t item = neighbours->set->slots[i].item;
        topk_push(&first, -sample_place(neighbours, item), item);
    }
    topk_sort(&first);
    for (size_t k = 0; k < CODES_SAMPLE; k++) {
        int32_t item = first.entries[k].item;
        sample[k] = vector_set_numbers(neighbours->set, (size_t)slot_of(neighbours, item));
        neighbours->sample_end = -first.entries[k].score;
    }
    topk_release(&first);
    return vector_codes_new(sample, neighbours->set->width);
}

/* Makes the code of a slot; without components it is all 0. */
static void make_code(struct vector_neighbours *neighbours, size_t slot)
{
    struct vector_set *set = neighbours->set;
    int8_t *code = code_of(neighbours, slot);
    if (neighbours->codes) {
        vector_codes_make(neighbours->codes, vector_set_numbers(set, slot), code);
    } else {
        memset(code, 0, CODE_BYTES);
    }
    set->slots[slot].code_inverse = vector_set_inverse(code, CODE_BYTES);
}

/* Makes room for the codes of all slots; where a file cannot grow, in memory. */
static void reserve_codes(struct vector_neighbours *neighbours)
{
    struct mapped_bytes *bytes = &neighbours->code_bytes;
    if (neighbours->directory && !bytes->at && !bytes->file) {
        (void)mapped_bytes_open(bytes, neighbours->directory);
    }
    (void)mapped_bytes_reserve(bytes, neighbours->set->capacity * CODE_BYTES);
}

/* Brings what items are compared by in step with the vectors that there are. */
static void prepare(struct vector_neighbours *neighbours)
{
    const struct vector_set *set = neighbours->set;
    bool coded = set && set->width > CODE_BYTES && set->count >= CODES_SAMPLE;
    enum compared wanted = coded ? BY_CODES : BY_VECTORS;
    if (neighbours->compared == wanted) { return; }
    nearest_rows_change_all(neighbours->rows);
    neighbours->codes = vector_codes_free(neighbours->codes);
    neighbours->compared = wanted;
    if (!coded) { return; }
    neighbours->codes = find_codes(neighbours);
    reserve_codes(neighbours);
    for (size_t i = 0; i < set->count; i++) { make_code(neighbours, i); }
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
    const struct vector_set *set = neighbours->set;
    const struct vector_slot *at = &set->slots[slot];
    if (neighbours->compared == BY_CODES) {
        return (struct card){code_of(neighbours, slot), CODE_BYTES, at->code_inverse};
    }
    return (struct card){vector_set_numbers(set, slot), set->stride, at->inverse};
}

static float cosine(const struct card *a, const struct card *b)
{
    return (float)vector_set_dot(a->numbers, b->numbers, a->stride) * (a->inverse * b->inverse);
}

static void offer(void *owner, int32_t item, struct topk *top)
{
    const struct vector_neighbours *neighbours = owner;
    const size_t mine = (size_t)slot_of(neighbours, item);
    const struct card card = card_of(neighbours, mine);
    for (size_t i = 0; i < neighbours->set->count; i++) {
        const struct card other = card_of(neighbours, i);
        if (i == mine) { continue; }
        topk_push(top, (double)cosine(&card, &other), neighbours->set->slots[i].item);
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

static size_t count_compared(const void *owner)
{
    const struct vector_neighbours *neighbours = owner;
    return neighbours->set ? neighbours->set->count : 0;
}

void vector_neighbours_fetch(const struct vector_neighbours *neighbours, int32_t item,
                             enum nearest_step step)
{
    nearest_rows_fetch(neighbours->rows, item, step);
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

static float profile_score(const struct vector_neighbours *neighbours, const float *profile,
                           int32_t item)
{
    const int32_t at = slot_of(neighbours, item);
    float lanes[VECTOR_STEP] = {0}, sum = 0.0F;
    if (at == SLOT_NONE) { return 0.0F; }
    const struct card card = card_of(neighbours, (size_t)at);
    for (size_t i = 0; i < card.stride; i += VECTOR_STEP) {
        for (size_t lane = 0; lane < VECTOR_STEP; lane++) {
            lanes[lane] += profile[i + lane] * (float)card.numbers[i + lane];
        }
    }
    for (size_t lane = 0; lane < VECTOR_STEP; lane++) { sum += lanes[lane]; }
    return sum * card.inverse;
}

/* Asks the cache for what the score of an item needs. */
static void fetch_card(const struct vector_neighbours *neighbours, int32_t item)
{
    const int32_t at = slot_of(neighbours, item);
    if (at == SLOT_NONE) { return; }
    __builtin_prefetch(&neighbours->set->slots[at]);
    __builtin_prefetch(neighbours->compared == BY_CODES
                           ? code_of(neighbours, (size_t)at)
                           : vector_set_numbers(neighbours->set, (size_t)at));
}

void vector_neighbours_profile_scores(struct vector_neighbours *neighbours, const float *profile,
                                      const int32_t *items, size_t count, float *scores)
{
    if (!neighbours->set) { return; }
    prepare(neighbours);
    for (size_t k = 0; k < count; k++) { __builtin_prefetch(place_of(neighbours, items[k])); }
    for (size_t k = 0; k < MIN_OF(count, (size_t)CARDS_AHEAD); k++) {
        fetch_card(neighbours, items[k]);
    }
    for (size_t k = 0; k < count; k++) {
        if (k + CARDS_AHEAD < count) { fetch_card(neighbours, items[k + CARDS_AHEAD]); }
        scores[k] += profile_score(neighbours, profile, items[k]);
    }
}

/* ---- Vectors ---- */

/* Says whether a set is the one to compare, and not another one. */
static bool comes_first(const struct vector_set *a, const struct vector_set *b)
{
    return !b || a->count > b->count || (a->count == b->count && a->width < b->width);
}

/* Lets the set be compared that most items are in. */
static void choose(struct vector_neighbours *neighbours)
{
    struct vector_set *most = NULL;
    for (size_t i = 0; i < neighbours->sets_count; i++) {
        if (comes_first(neighbours->sets[i], most)) { most = neighbours->sets[i]; }
    }
    if (most == neighbours->set) { return; }
    neighbours->set = most;
    neighbours->codes = vector_codes_free(neighbours->codes);
    neighbours->compared = BY_VECTORS;
    mapped_bytes_release(&neighbours->code_bytes);
    nearest_rows_change_all(neighbours->rows);
    if (most && neighbours->directory) { vector_set_map(most, neighbours->directory); }
}

static void reserve_item(struct vector_neighbours *neighbours, int32_t item)
{
    if (item < neighbours->places_count) { return; }
    int64_t count = MAX_OF(2 * (int64_t)item, (int64_t)ITEMS_FIRST);
    count = MIN_OF(count, (int64_t)neighbours->items_max);
    count = MAX_OF(count, (int64_t)item + 1);
    neighbours->places =
        xreallocarray(neighbours->places, (size_t)count, sizeof(*neighbours->places));
    for (int64_t i = neighbours->places_count; i < count; i++) {
        neighbours->places[i] = (struct place){.slot = SLOT_NONE};
    }
    neighbours->places_count = (int32_t)count;
}

static struct vector_set *find_or_add_set(struct vector_neighbours *neighbours, size_t width)
{
    struct vector_set *set = set_of(neighbours, width);
    if (set) { return set; }
    ARRAY_RESERVE(neighbours->sets, neighbours->sets_capacity, neighbours->sets_count + 1,
                  SETS_FIRST);
    return neighbours->sets[neighbours->sets_count++] = vector_set_new(width);
}

static void drop_set(struct vector_neighbours *neighbours, struct vector_set *set)
{
    size_t at = 0;
    while (neighbours->sets[at] != set) { at++; }
    neighbours->sets[at] = neighbours->sets[--neighbours->sets_count];
    if (neighbours->set == set) { choose(neighbours); }
    vector_set_free(set);
}

/* Notes that an item's vector has come, changed or gone. */
static void note(struct vector_neighbours *neighbours, const struct vector_set *set, int32_t item)
{
    if (set != neighbours->set) { return; }
    touch_sample(neighbours, item);
    nearest_rows_change(neighbours->rows, item);
}

bool vector_neighbours_put(struct vector_neighbours *neighbours, int32_t item,
                           const int8_t *numbers, size_t width)
{
    if (item < 0 || item >= neighbours->items_max || !width || width > VECTOR_WIDTH_MAX) {
        return false;
    }
    const struct place *place = place_of(neighbours, item);
    struct vector_set *set = find_or_add_set(neighbours, width);
    size_t slot = (size_t)place->slot;
    if (place->slot != SLOT_NONE && (size_t)place->width == width) {
        if (memcmp(vector_set_numbers(set, slot), numbers, width) == 0) { return false; }
    } else {
        (void)vector_neighbours_remove(neighbours, item);
        reserve_item(neighbours, item);
        slot = vector_set_add(set, item);
        neighbours->places[item] = (struct place){(int32_t)slot, (int32_t)width};
        neighbours->count++;
    }
    vector_set_put(set, slot, numbers);
    note(neighbours, set, item);
    if (comes_first(set, neighbours->set)) { choose(neighbours); }
    if (set == neighbours->set && neighbours->compared == BY_CODES) {
        reserve_codes(neighbours);
        make_code(neighbours, slot);
    }
    return true;
}

bool vector_neighbours_remove(struct vector_neighbours *neighbours, int32_t item)
{
    const struct place place = *place_of(neighbours, item);
    if (place.slot == SLOT_NONE) { return false; }
    const size_t slot = (size_t)place.slot;
    struct vector_set *set = set_of(neighbours, (size_t)place.width);
    note(neighbours, set, item);
    neighbours->places[item].slot = SLOT_NONE;
    neighbours->count--;
    neighbours->marked -= set->slots[slot].marked;
    neighbours->moves++;
    const size_t last = vector_set_remove(set, slot);
    if (slot != last) {
        neighbours->places[set->slots[slot].item].slot = place.slot;
        if (set == neighbours->set && neighbours->compared == BY_CODES) {
            memcpy(code_of(neighbours, slot), code_of(neighbours, last), CODE_BYTES);
        }
    }
    if (!set->count) {
        drop_set(neighbours, set);
    } else if (set == neighbours->set) {
        choose(neighbours);
    }
    return true;
}

/* ---- Queries ---- */

void vector_neighbours_mark(struct vector_neighbours *neighbours, int32_t item, bool marked)
{
    const struct place *place = place_of(neighbours, item);
    if (place->slot == SLOT_NONE) { return; }
    struct vector_set *set = set_of(neighbours, (size_t)place->width);
    const size_t before = set->marked;
    vector_set_mark(set, (size_t)place->slot, marked);
    neighbours->marked = neighbours->marked - before + set->marked;
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
    query->inverse = vector_set_inverse(query->numbers, VECTOR_WIDTH_MAX);
}

static float cosine_with(const struct vector_set *set, const struct vector_query *query,
                         size_t slot)
{
    int32_t product = vector_set_dot(query->numbers, vector_set_numbers(set, slot), set->stride);
    return (float)product * (query->inverse * set->slots[slot].inverse);
}

bool vector_neighbours_offer(const struct vector_neighbours *neighbours,
                             const struct vector_query *query, size_t from, size_t count,
                             bool (*allows)(const void *arg, int32_t item), const void *arg,
                             struct topk *top)
{
    const struct vector_set *set = set_of(neighbours, query->width);
    if (!set) { return false; }
    size_t end = MIN_OF(set->count, from + MIN_OF(count, SIZE_MAX - from));
    for (size_t at = from; at < end; at++) {
        const struct vector_slot *slot = &set->slots[at];
        if (!slot->marked || (allows && !allows(arg, slot->item))) { continue; }
        float cosine = cosine_with(set, query, at);
        if (cosine > 0.0F) { topk_push(top, (double)cosine, slot->item); }
    }
    return end < set->count;
}

uint64_t vector_neighbours_moves(const struct vector_neighbours *neighbours)
{
    return neighbours->moves;
}

float vector_neighbours_cosine(const struct vector_neighbours *neighbours,
                               const struct vector_query *query, int32_t item)
{
    const struct place *place = place_of(neighbours, item);
    if (place->slot == SLOT_NONE || (size_t)place->width != query->width) { return 0.0F; }
    const struct vector_set *set = set_of(neighbours, query->width);
    const size_t slot = (size_t)place->slot;
    return set->slots[slot].marked ? cosine_with(set, query, slot) : 0.0F;
}
