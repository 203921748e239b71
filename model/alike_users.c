/* Three steps: the vectors of up to ALIKE_LOOKED users are multiplied with the user's, in blocks;
 * the nearest are compared exactly and add their voices to the items that they chose; these items
 * are handed over by the numbers of the ids.
 *
 * Voices stay where they are until the next call, by the space's numbers of the items: `places`
 * leads there from the numbers of the ids, and is written when an item is first handed over. What
 * the nearest users chose is anywhere in the sample, so it is fetched some users ahead; and as most
 * of them may share nothing with the user, those that may are looked for first, by marks of items,
 * which are half as wide.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "model/alike_users.h"
#include "model/lanes.h"
#include "model/topk.h"
#include "model/user_sample.h"

enum { ASKED_AHEAD = 8 }; /* neighbours whose items are on their way to the cache */

/* What neighbours chose, of one item. */
struct choice {
    float score;
    int32_t voices;
};

struct alike_users {
    struct cluster_space *space;
    const struct ids *ids;
    uint64_t serial; /* of the version of the clusters to which the numbers belong */
    int32_t *numbers; /* by the space's number of an item: that of the ids; ID_NONE: none yet */
    size_t numbers_capacity;
    int32_t *places; /* the other way, + 1; 0: not looked for yet, -1: there is none. What has a
                      * score has a place */
    size_t places_capacity;
    int32_t *history; /* the user's items by the space's numbers */
    size_t history_capacity;
    struct choice *choices; /* as well: of the neighbours, of the last call */
    size_t choices_capacity;
    float *own;     /* as well: what the user's own actions count */
    size_t own_capacity;
    uint8_t owned[UINT16_MAX + 1]; /* 1 for the marks of the items of these */
    int32_t *touched; /* items of the space with a choice */
    size_t touched_capacity, touched_count;
    int32_t *items; /* with a score: the ids' numbers, */
    float *scores;  /* and the scores */
    size_t items_capacity, scores_capacity;
    struct topk clusters, nearest;
};

static bool lower(const void *arg _unused_, int32_t a, int32_t b)
{
    return a < b;
}

struct alike_users *alike_users_new(struct cluster_space *space, const struct ids *ids)
{
    struct alike_users *alike = xcalloc(1, sizeof(*alike));
    alike->space = space;
    alike->ids = ids;
    topk_init(&alike->clusters, lower, NULL);
    topk_init(&alike->nearest, lower, NULL);
    return alike;
}

struct alike_users *alike_users_free(struct alike_users *alike)
{
    if (!alike) { return NULL; }
    topk_release(&alike->clusters);
    topk_release(&alike->nearest);
    free(alike->numbers);
    free(alike->places);
    free(alike->history);
    free(alike->choices);
    free(alike->own);
    free(alike->touched);
    free(alike->items);
    free(alike->scores);
    free(alike);
    return NULL;
}

/* ---- The nearest users ---- */

typedef float eight __attribute__((vector_size(32), aligned(4), may_alias));

_Static_assert(SAMPLE_BLOCK == 32, "multiply() has four sums of eight");

/* Computes the products of a vector with those of a block of users, eight at a time: the sums stay
 * in registers, and are the same on every processor. */
LANED static void multiply(const float *block, const float *vector, size_t d,
                           float ret_products[static SAMPLE_BLOCK])
{
    eight a = {0}, b = {0}, c = {0}, e = {0}, *products = (eight *)ret_products;
    for (size_t i = 0; i < d; i++) {
        const eight *row = (const eight *)(block + i * SAMPLE_BLOCK);
        a += vector[i] * row[0];
        b += vector[i] * row[1];
        c += vector[i] * row[2];
        e += vector[i] * row[3];
    }
    products[0] = a;
    products[1] = b;
    products[2] = c;
    products[3] = e;
}

/* Offers the users from..end-1 of the sample. */
static void look_at(struct alike_users *alike, const struct user_sample *sample,
                    const float *vector, size_t d, size_t from, size_t end)
{
    float products[SAMPLE_BLOCK];
    for (size_t block = from / SAMPLE_BLOCK; block * SAMPLE_BLOCK < end; block++) {
        size_t first = block * SAMPLE_BLOCK;
        size_t least = MAX_OF(from, first), most = MIN_OF(end, first + SAMPLE_BLOCK);
        multiply(sample->vectors + first * d, vector, d, products);
        topk_push_range(&alike->nearest, products + (least - first), most - least, (int32_t)least);
    }
}

/* Finds the users with the nearest vectors, in the nearest clusters. */
static void find_nearest(struct alike_users *alike, const struct user_sample *sample,
                         const float *vector)
{
    size_t clusters = cluster_space_clusters(alike->space), left = ALIKE_LOOKED;
    size_t d = cluster_space_dimensions(alike->space);
    topk_clear(&alike->clusters, clusters);
    for (size_t c = 0; c < clusters; c++) {
        double square = (double)cluster_space_square(alike->space, c, vector);
        topk_push(&alike->clusters, -square, (int32_t)c);
    }
    topk_sort(&alike->clusters);
    topk_clear(&alike->nearest, ALIKE_NEAREST);
    for (size_t k = 0; k < clusters && left; k++) {
        const struct sample_range *users = &sample->clusters[alike->clusters.entries[k].item];
        size_t count = MIN_OF(users->end - users->from, left);
        look_at(alike, sample, vector, d, users->from, users->from + count);
        left -= count;
    }
    topk_sort(&alike->nearest);
}

/* ---- What they chose ---- */

/* Adds a neighbour's voice; whether it is the first one for an item cannot be foreseen, so there is
 * no branch for it. */
static inline void choose(struct alike_users *alike, int32_t item, float cosine)
{
    struct choice *choice = &alike->choices[item];
    alike->touched[alike->touched_count] = item;
    alike->touched_count += !choice->voices;
    choice->score += cosine;
    choice->voices++;
}

/* Says whether a user of the sample may have acted on any item of the user's; what is shared cannot
 * be foreseen, so there is no branch for it. */
static bool shares(const struct alike_users *alike, const struct user_sample *sample, size_t user)
{
    uint8_t shared = 0;
    for (size_t k = sample->begins[user]; k < sample->begins[user + 1]; k++) {
        shared |= alike->owned[sample->marks[k]];
    }
    return shared;
}

/* Compares a user of the sample; `own` has what the user's own actions count, `length` is theirs as
 * a vector. */
static void ask(struct alike_users *alike, const struct user_sample *sample, size_t user,
                double length)
{
    double product = 0.0;
    for (size_t k = sample->begins[user]; k < sample->begins[user + 1]; k++) {
        product += (double)alike->own[sample->items[k]] * (double)sample->strengths[k];
    }
    if (!(product > 0.0)) { return; }
    float cosine = (float)(product / (length * (double)sample->lengths[user]));
    for (size_t k = sample->begins[user]; k < sample->begins[user + 1]; k++) {
        choose(alike, sample->items[k], cosine);
    }
}

/* Asks the cache for the marks of a user's items, which are anywhere in the sample. */
static inline __attribute__((always_inline)) void fetch_marks(const struct user_sample *sample,
                                                              size_t user)
{
    enum { LINE = 64 / sizeof(uint16_t) };
    for (size_t k = sample->begins[user]; k < sample->begins[user + 1]; k += LINE) {
        __builtin_prefetch(sample->marks + k);
    }
}

/* The same for items and strengths. */
static inline __attribute__((always_inline)) void fetch_items(const struct user_sample *sample,
                                                              size_t user)
{
    enum { LINE = 64 / sizeof(int32_t) };
    for (size_t k = sample->begins[user]; k < sample->begins[user + 1]; k += LINE) {
        __builtin_prefetch(sample->items + k);
        __builtin_prefetch(sample->strengths + k);
    }
}

/* Finds those of the nearest users that may share an item with the user; returns how many. */
static size_t find_sharing(struct alike_users *alike, const struct user_sample *sample,
                           int32_t ret_users[static ALIKE_NEAREST])
{
    const struct topk_entry *nearest = alike->nearest.entries;
    size_t users = alike->nearest.count, count = 0;
    for (size_t k = 0; k < users; k++) { __builtin_prefetch(&sample->begins[nearest[k].item]); }
    for (size_t k = 0; k < MIN_OF(users, (size_t)ASKED_AHEAD); k++) {
        fetch_marks(sample, (size_t)nearest[k].item);
    }
    for (size_t k = 0; k < users; k++) {
        size_t user = (size_t)nearest[k].item, ahead = k + ASKED_AHEAD;
        if (ahead < users) { fetch_marks(sample, (size_t)nearest[ahead].item); }
        if (!shares(alike, sample, user)) { continue; }
        fetch_items(sample, user);
        ret_users[count++] = (int32_t)user;
    }
    return count;
}

static void ask_nearest(struct alike_users *alike, const struct user_sample *sample)
{
    const int32_t *items;
    const double *sums;
    int32_t users[ALIKE_NEAREST];
    size_t count = cluster_space_folded(alike->space, &items, &sums);
    double square = 0.0;
    for (size_t k = 0; k < count; k++) {
        alike->own[items[k]] = (float)sums[k];
        alike->owned[sample_mark(items[k])] = 1;
        square += sums[k] * sums[k];
    }
    size_t sharing = find_sharing(alike, sample, users);
    for (size_t k = 0; k < sharing; k++) { ask(alike, sample, (size_t)users[k], sqrt(square)); }
    for (size_t k = 0; k < count; k++) {
        alike->own[items[k]] = 0.0F;
        alike->owned[sample_mark(items[k])] = 0;
    }
}

/* Returns the ids' number of an item, which may have come only now, and notes the way back. */
static int32_t number_of(struct alike_users *alike, int32_t item)
{
    if (alike->numbers[item] == ID_NONE) {
        int32_t number = ids_find(alike->ids, cluster_space_item(alike->space, item));
        if (number != ID_NONE) { alike->places[number] = item + 1; }
        alike->numbers[item] = number;
    }
    return alike->numbers[item];
}

/* Lists the items that have a score by the numbers of the ids; returns how many there are. */
static size_t hand_over(struct alike_users *alike)
{
    size_t count = 0;
    ARRAY_RESERVE(alike->items, alike->items_capacity, alike->touched_count, 64);
    ARRAY_RESERVE(alike->scores, alike->scores_capacity, alike->touched_count, 64);
    for (size_t k = 0; k < alike->touched_count; k++) {
        int32_t item = alike->touched[k], number = number_of(alike, item);
        if (number == ID_NONE) { continue; }
        alike->items[count] = number;
        alike->scores[count++] = alike->choices[item].score;
    }
    return count;
}

/* Forgets what the last user's neighbours chose. */
static void forget(struct alike_users *alike)
{
    for (size_t k = 0; k < alike->touched_count; k++) {
        alike->choices[alike->touched[k]] = (struct choice){0};
    }
    alike->touched_count = 0;
}

/* Takes another version of the clusters: items have other numbers there. */
static void follow(struct alike_users *alike)
{
    size_t items = cluster_space_items(alike->space);
    alike->serial = cluster_space_serial(alike->space);
    ARRAY_RESERVE(alike->numbers, alike->numbers_capacity, items, 64);
    ARRAY_RESERVE_ZEROS(alike->choices, alike->choices_capacity, items, 64);
    ARRAY_RESERVE_ZEROS(alike->own, alike->own_capacity, items, 64);
    ARRAY_RESERVE(alike->touched, alike->touched_capacity, items + 1, 64);
    for (size_t k = 0; k < items; k++) { alike->numbers[k] = ID_NONE; }
    if (alike->places) { memset(alike->places, 0, alike->places_capacity * sizeof(int32_t)); }
}

/* Returns the space's number of an item of the ids. */
static int32_t place_of(struct alike_users *alike, int32_t number)
{
    if (number == ID_NONE) { return ID_NONE; }
    int32_t *place = &alike->places[number];
    if (!*place) {
        int32_t item = cluster_space_find(alike->space, ids_text(alike->ids, number));
        *place = item == ID_NONE ? -1 : item + 1;
    }
    return *place < 0 ? ID_NONE : *place - 1;
}

/* Folds the user in. */
static bool fold(struct alike_users *alike, const int32_t *items, const float *strengths,
                 size_t count, float *ret_vector)
{
    ARRAY_RESERVE(alike->history, alike->history_capacity, count, 64);
    ARRAY_RESERVE_ZEROS(alike->places, alike->places_capacity, ids_count(alike->ids), 64);
    for (size_t k = 0; k < count; k++) { alike->history[k] = place_of(alike, items[k]); }
    return cluster_space_fold_items(alike->space, alike->history, strengths, count, ret_vector);
}

size_t alike_users_find(struct alike_users *alike, const int32_t *items,
                        const float *strengths, size_t count, const int32_t **ret_items)
{
    float vector[CLUSTER_NUMBERS_MAX];
    forget(alike);
    *ret_items = alike->items;
    const struct user_sample *sample = cluster_space_sample(alike->space);
    if (!sample) { return 0; }
    if (alike->serial != cluster_space_serial(alike->space)) { follow(alike); }
    if (!fold(alike, items, strengths, count, vector)) { return 0; }
    find_nearest(alike, sample, vector);
    ask_nearest(alike, sample);
    size_t found = hand_over(alike);
    *ret_items = alike->items;
    return found;
}

const float *alike_users_found(const struct alike_users *alike)
{
    return alike->scores;
}

static struct choice choice_of(const struct alike_users *alike, int32_t item)
{
    bool there = item >= 0 && (size_t)item < alike->places_capacity && alike->places[item] > 0;
    return there ? alike->choices[alike->places[item] - 1] : (struct choice){0};
}

float alike_users_of(const struct alike_users *alike, int32_t item)
{
    return choice_of(alike, item).score;
}

int32_t alike_users_voices(const struct alike_users *alike, int32_t item)
{
    return choice_of(alike, item).voices;
}
