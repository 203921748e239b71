/* The index is inverted: an item is compared only with those that share a feature with it.
 *
 * When an item comes, changes or goes, the df of its features change. A weight that changes by that
 * changes all items that have the feature. Unless these are very many, they are told to the rows
 * one by one, which is seldom where they are many: it makes some five changes for each feature of a
 * new item. For other features, and for a new L(N), all rows are dropped. The length of an item's
 * vector is kept until one of its weights changes.
 *
 * An item knows its place among those that have a feature, so that it is taken off at once, however
 * many these are.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "model/feature_neighbours.h"
#include "model/number_set.h"
#include "model/postings.h"

enum { TOLD_MAX = NEAREST_CHANGES_KEPT / 8, LENGTHS_NONE = 0 };
enum { CARDS_FIRST = 1024, LEVELS_AN_OCTAVE = 4,
       CARDS_AHEAD = 16, FEATURES_AHEAD = 8 /* on their way to the cache */ };

struct posting {
    struct posting_list list;
    int32_t level; /* L(df) */
    uint8_t aspect;
};

/* A feature's part of the profile, times its weight, in units of PART; valid when its stamp is the
 * profile's. An item's features stand in the order of their numbers, in which they came: sums of
 * whole numbers have no order. */
struct profile_cell {
    int64_t sum;
    uint32_t stamp;
    uint8_t aspect;
};

#define PART 0x1p-32F

/* How long an item's vector is. */
struct lengths {
    double squares; /* the sum of w^2 */
    float inverses[FEATURE_ASPECTS]; /* 1 / the length of each aspect's part; 0: it has none */
};

struct card {
    struct posting_card set; /* of features */
    uint64_t version; /* of the weights by which the next are; LENGTHS_NONE: they are not known */
    struct lengths lengths;
};

struct feature_neighbours {
    struct posting *postings; /* by feature */
    size_t features_count, features_used;
    struct profile_cell *profile; /* by feature, too */
    size_t profile_count;
    uint32_t profile_stamp;
    uint32_t *panel_masks; /* by feature: a bit for each item of the panel that has it; 0
                            * between calls */
    size_t panel_masks_count;
    struct card *cards; /* by item; so are the next two */
    int32_t *dots;      /* scratch, all 0 between calls */
    int32_t *touched;
    size_t cards_count, dots_count, touched_count;
    int32_t items_max;
    int32_t items; /* that have features */
    int32_t level; /* L(N) */
    uint64_t version; /* of the weights of all items, from 1 */
    struct nearest_rows *rows;
};

static void offer(void *owner, int32_t item, struct topk *top);
static float compare(void *owner, int32_t item, int32_t other);
static size_t count_described(const void *owner);

struct feature_neighbours *feature_neighbours_new(int32_t items_max, const struct ids *ids)
{
    struct feature_neighbours *neighbours = xcalloc(1, sizeof(*neighbours));
    const struct nearest_measure measure = {offer, compare, count_described, neighbours};
    neighbours->items_max = items_max;
    neighbours->version = 1;
    neighbours->rows = nearest_rows_new(&measure, ids, NEAREST_ROWS_MOST);
    return neighbours;
}

struct feature_neighbours *feature_neighbours_free(struct feature_neighbours *neighbours)
{
    if (!neighbours) { return NULL; }
    for (size_t f = 0; f < neighbours->features_count; f++) {
        free(neighbours->postings[f].list.items);
    }
    for (size_t i = 0; i < neighbours->cards_count; i++) { free(neighbours->cards[i].set.numbers); }
    free(neighbours->postings);
    free(neighbours->profile);
    free(neighbours->panel_masks);
    free(neighbours->cards);
    free(neighbours->dots);
    free(neighbours->touched);
    nearest_rows_free(neighbours->rows);
    free(neighbours);
    return NULL;
}

/* ---- Weights ---- */

static int32_t level_of(int32_t n)
{
    return n > 0 ? (int32_t)floor(LEVELS_AN_OCTAVE * log2((double)n)) : 0;
}

/* Returns what a feature weighs that df items have. */
static int32_t weight_of(const struct feature_neighbours *neighbours,
                         const struct posting *posting, int32_t df)
{
    return df < 2 ? 0 : MAX_OF(neighbours->level - posting->level, 0);
}

static int32_t weight(const struct feature_neighbours *neighbours, uint32_t feature)
{
    const struct posting *posting = &neighbours->postings[feature];
    return weight_of(neighbours, posting, posting->list.count);
}

/* Returns what is known of an item; NULL: nothing. */
static struct card *card_of(const struct feature_neighbours *neighbours, int32_t item)
{
    bool known = item >= 0 && (size_t)item < neighbours->cards_count;
    return known && neighbours->cards[item].set.count ? &neighbours->cards[item] : NULL;
}

bool feature_neighbours_uses(const struct feature_neighbours *neighbours, uint32_t feature)
{
    return feature < neighbours->features_count && neighbours->postings[feature].list.count > 0;
}

size_t feature_neighbours_used(const struct feature_neighbours *neighbours)
{
    return neighbours->features_used;
}

bool feature_neighbours_has(const struct feature_neighbours *neighbours, int32_t item)
{
    return card_of(neighbours, item) != NULL;
}

static const struct lengths *lengths_of(const struct feature_neighbours *neighbours,
                                        struct card *card)
{
    int64_t sum = 0, sums[FEATURE_ASPECTS] = {0};
    if (card->version == neighbours->version) { return &card->lengths; }
    for (uint32_t at = 0; at < card->set.count; at++) {
        int32_t w = weight(neighbours, card->set.numbers[at]);
        sums[neighbours->postings[card->set.numbers[at]].aspect] += w * w;
        sum += w * w;
    }
    card->version = neighbours->version;
    card->lengths.squares = (double)sum;
    for (size_t a = 0; a < FEATURE_ASPECTS; a++) {
        card->lengths.inverses[a] = sums[a] ? (float)(1.0 / sqrt((double)sums[a])) : 0.0F;
    }
    return &card->lengths;
}

static double squares(const struct feature_neighbours *neighbours, struct card *card)
{
    return lengths_of(neighbours, card)->squares;
}

static float cosine(int64_t dot, double mine, double other)
{
    return dot > 0 ? (float)((double)dot / sqrt(mine * other)) : 0.0F;
}

/* ---- Likeness ---- */

float feature_neighbours_cosine(struct feature_neighbours *neighbours, int32_t item, int32_t other)
{
    struct card *a = card_of(neighbours, item), *b = card_of(neighbours, other);
    int64_t dot = 0;
    if (!a || !b) { return 0.0F; }
    for (uint32_t i = 0, k = 0; i < a->set.count && k < b->set.count;) {
        if (a->set.numbers[i] != b->set.numbers[k]) {
            a->set.numbers[i] < b->set.numbers[k] ? i++ : k++;
            continue;
        }
        int32_t w = weight(neighbours, a->set.numbers[i]);
        dot += w * w;
        i++;
        k++;
    }
    return dot ? cosine(dot, squares(neighbours, a), squares(neighbours, b)) : 0.0F;
}

static float compare(void *owner, int32_t item, int32_t other)
{
    return feature_neighbours_cosine(owner, item, other);
}

static size_t count_described(const void *owner)
{
    return feature_neighbours_count(owner);
}

static void offer(void *owner, int32_t item, struct topk *top)
{
    struct feature_neighbours *neighbours = owner;
    struct card *card = card_of(neighbours, item);
    double mine = squares(neighbours, card);
    size_t touched = 0;
    for (uint32_t at = 0; at < card->set.count; at++) {
        int32_t w = weight(neighbours, card->set.numbers[at]);
        const struct posting *posting = &neighbours->postings[card->set.numbers[at]];
        for (int32_t k = 0; w && k < posting->list.count; k++) {
            int32_t other = posting->list.items[k];
            if (!neighbours->dots[other]) { neighbours->touched[touched++] = other; }
            neighbours->dots[other] += w * w;
        }
    }
    for (size_t at = 0; at < touched; at++) {
        int32_t other = neighbours->touched[at], dot = neighbours->dots[other];
        neighbours->dots[other] = 0;
        if (other == item) { continue; }
        double others = squares(neighbours, card_of(neighbours, other));
        topk_push(top, (double)cosine(dot, mine, others), other);
    }
}

/* ---- Features ---- */

static struct posting_card *set_of(void *owner, int32_t item)
{
    struct feature_neighbours *neighbours = owner;
    return &neighbours->cards[item].set;
}

static struct posting_list *list_of(void *owner, uint32_t feature)
{
    struct feature_neighbours *neighbours = owner;
    ARRAY_RESERVE_ZEROS(neighbours->postings, neighbours->features_count, (size_t)feature + 1,
                        CARDS_FIRST);
    return &neighbours->postings[feature].list;
}

/* Tells the rows which items have another weight because other items have a feature. */
static void count_df(void *owner, uint32_t feature, int32_t before)
{
    struct feature_neighbours *neighbours = owner;
    struct posting *posting = &neighbours->postings[feature];
    const int32_t df = posting->list.count, weight_before = weight_of(neighbours, posting, before);
    neighbours->features_used += (size_t)(df > 0) - (size_t)(before > 0);
    posting->level = level_of(df);
    if (weight_of(neighbours, posting, df) == weight_before) { return; }
    if (df > TOLD_MAX) {
        neighbours->version++;
        nearest_rows_change_all(neighbours->rows);
        return;
    }
    for (int32_t k = 0; k < df; k++) {
        neighbours->cards[posting->list.items[k]].version = LENGTHS_NONE;
        nearest_rows_change(neighbours->rows, posting->list.items[k]);
    }
}

static void reserve(struct feature_neighbours *neighbours, int32_t item)
{
    size_t count = (size_t)item + 1;
    ARRAY_RESERVE_ZEROS(neighbours->cards, neighbours->cards_count, count, CARDS_FIRST);
    ARRAY_RESERVE_ZEROS(neighbours->dots, neighbours->dots_count, count, CARDS_FIRST);
    ARRAY_RESERVE(neighbours->touched, neighbours->touched_count, count, CARDS_FIRST);
}

/* Counts an item with features more or less. */
static void count_item(struct feature_neighbours *neighbours, int32_t by)
{
    int32_t before = neighbours->level;
    neighbours->items += by;
    neighbours->level = level_of(neighbours->items);
    if (neighbours->level == before) { return; }
    neighbours->version++;
    nearest_rows_change_all(neighbours->rows);
}

bool feature_neighbours_put(struct feature_neighbours *neighbours, int32_t item,
                            const uint32_t *features, size_t count)
{
    uint32_t sorted[FEATURES_EACH_MAX];
    assert(count <= FEATURES_EACH_MAX);
    if (item < 0 || item >= neighbours->items_max) { return false; }
    if (count) { memcpy(sorted, features, count * sizeof(*sorted)); }
    count = number_set_make(sorted, count);
    const struct card *before = card_of(neighbours, item);
    bool same = before ? before->set.count == count &&
                             memcmp(before->set.numbers, sorted, count * sizeof(*sorted)) == 0
                       : !count;
    if (same) { return false; }
    reserve(neighbours, item);
    count_item(neighbours, (count > 0) - (neighbours->cards[item].set.count > 0));
    const struct postings postings = {set_of, list_of, count_df, neighbours};
    neighbours->cards[item].version = LENGTHS_NONE;
    postings_replace(&postings, item, sorted, count);
    nearest_rows_change(neighbours->rows, item);
    return true;
}

void feature_neighbours_fetch(const struct feature_neighbours *neighbours, int32_t item,
                              enum nearest_step step)
{
    if (step == NEAREST_PLACE && (size_t)item < neighbours->cards_count) {
        __builtin_prefetch(&neighbours->cards[item]);
    }
    nearest_rows_fetch(neighbours->rows, item, step);
}

const struct alike *feature_neighbours_of(struct feature_neighbours *neighbours, int32_t item,
                                          size_t *ret_count)
{
    *ret_count = 0;
    if (!card_of(neighbours, item)) { return NULL; }
    return nearest_rows_of(neighbours->rows, item, ret_count);
}

size_t feature_neighbours_count(const struct feature_neighbours *neighbours)
{
    return (size_t)neighbours->items;
}

/* ---- A panel ---- */

/* Sets the bits of an item of the panel, or clears all that its features have. */
static void mark(struct feature_neighbours *neighbours, const struct card *card, uint32_t bit)
{
    for (uint32_t at = 0; card && at < card->set.count; at++) {
        uint32_t *mask = &neighbours->panel_masks[card->set.numbers[at]];
        *mask = bit ? *mask | bit : 0;
    }
}

/* Adds an item's products with those of the panel. */
static void add_products(const struct feature_neighbours *neighbours, const struct card *card,
                         int64_t *dots)
{
    for (uint32_t at = 0; at < card->set.count; at++) {
        uint32_t mask = neighbours->panel_masks[card->set.numbers[at]];
        const int32_t w = mask ? weight(neighbours, card->set.numbers[at]) : 0;
        for (; mask; mask &= mask - 1) { dots[__builtin_ctz(mask)] += w * w; }
    }
}

void feature_neighbours_cosines(struct feature_neighbours *neighbours, const int32_t *panel,
                                size_t panel_count, const int32_t *items, size_t count,
                                float *ret_cosines)
{
    double lengths[PANEL_ITEMS];
    assert(panel_count <= PANEL_ITEMS);
    ARRAY_RESERVE_ZEROS(neighbours->panel_masks, neighbours->panel_masks_count,
                        neighbours->features_count, CARDS_FIRST);
    for (size_t k = 0; k < panel_count; k++) {
        struct card *card = card_of(neighbours, panel[k]);
        mark(neighbours, card, UINT32_C(1) << k);
        lengths[k] = card ? squares(neighbours, card) : 0.0;
    }
    for (size_t i = 0; i < count; i++) {
        int64_t dots[PANEL_ITEMS] = {0};
        struct card *card = card_of(neighbours, items[i]);
        double length = card ? squares(neighbours, card) : 0.0;
        if (card) { add_products(neighbours, card, dots); }
        for (size_t k = 0; k < panel_count; k++) {
            ret_cosines[i * panel_count + k] = cosine(dots[k], length, lengths[k]);
        }
    }
    for (size_t k = 0; k < panel_count; k++) { mark(neighbours, card_of(neighbours, panel[k]), 0); }
}

/* ---- Profile ---- */

void feature_neighbours_set_aspect(struct feature_neighbours *neighbours, uint32_t feature,
                                   int aspect)
{
    assert(aspect >= 0 && aspect < FEATURE_ASPECTS);
    ARRAY_RESERVE_ZEROS(neighbours->postings, neighbours->features_count, (size_t)feature + 1,
                        CARDS_FIRST);
    struct posting *posting = &neighbours->postings[feature];
    /* Lengths differ by it. */
    neighbours->version += posting->list.count && posting->aspect != aspect;
    posting->aspect = (uint8_t)aspect;
}

void feature_neighbours_profile_clear(struct feature_neighbours *neighbours)
{
    ARRAY_RESERVE_ZEROS(neighbours->profile, neighbours->profile_count,
                        neighbours->features_count, CARDS_FIRST);
    if (++neighbours->profile_stamp) { return; }
    if (neighbours->profile_count) {
        memset(neighbours->profile, 0, neighbours->profile_count * sizeof(*neighbours->profile));
    }
    neighbours->profile_stamp = 1;
}

void feature_neighbours_profile_add(struct feature_neighbours *neighbours, int32_t item,
                                    float weight_of_item)
{
    struct card *card = card_of(neighbours, item);
    if (!card) { return; }
    const struct lengths *lengths = lengths_of(neighbours, card);
    for (uint32_t at = 0; at < card->set.count; at++) {
        uint32_t feature = card->set.numbers[at];
        struct profile_cell *cell = &neighbours->profile[feature];
        uint8_t aspect = neighbours->postings[feature].aspect;
        float w = (float)weight(neighbours, feature);
        float part = weight_of_item * lengths->inverses[aspect] * w * w;
        cell->sum = (cell->stamp == neighbours->profile_stamp ? cell->sum : 0) +
                    (int64_t)(part / PART);
        cell->aspect = aspect;
        cell->stamp = neighbours->profile_stamp;
    }
}

/* Ask the cache for what is known of an item, then for its features. Inlined, because a compiler
 * drops calls that have no effect it knows of. */
static inline __attribute__((always_inline)) void
fetch_card(const struct feature_neighbours *neighbours, int32_t item)
{
    if ((size_t)item >= neighbours->cards_count) { return; }
    __builtin_prefetch(&neighbours->cards[item]);
    __builtin_prefetch((const char *)&neighbours->cards[item + 1] - 1); /* it may be on two lines */
}

static inline __attribute__((always_inline)) void
fetch_features(const struct feature_neighbours *neighbours, int32_t item)
{
    if ((size_t)item >= neighbours->cards_count) { return; }
    __builtin_prefetch(neighbours->cards[item].set.numbers);
}

/* Which features the profile has cannot be foreseen, so there is no branch for it. */
static void score_one(const struct feature_neighbours *neighbours, int32_t item,
                      float ret_scores[static FEATURE_ASPECTS])
{
    struct card *card = card_of(neighbours, item);
    int64_t sums[FEATURE_ASPECTS] = {0};
    memset(ret_scores, 0, FEATURE_ASPECTS * sizeof(*ret_scores));
    if (!card) { return; }
    for (uint32_t at = 0; at < card->set.count; at++) {
        const struct profile_cell *cell = &neighbours->profile[card->set.numbers[at]];
        sums[cell->aspect] += cell->stamp == neighbours->profile_stamp ? cell->sum : 0;
    }
    const struct lengths *lengths = lengths_of(neighbours, card);
    for (size_t a = 0; a < FEATURE_ASPECTS; a++) {
        ret_scores[a] = PART * (float)sums[a] * lengths->inverses[a];
    }
}

void feature_neighbours_profile_scores(struct feature_neighbours *neighbours, const int32_t *items,
                                       size_t count, float *ret_scores, size_t stride)
{
    float scores[FEATURE_ASPECTS];
    for (size_t k = 0; k < MIN_OF(count, (size_t)CARDS_AHEAD); k++) {
        fetch_card(neighbours, items[k]);
    }
    for (size_t k = 0; k < count; k++) {
        if (k + CARDS_AHEAD < count) { fetch_card(neighbours, items[k + CARDS_AHEAD]); }
        if (k + FEATURES_AHEAD < count) { fetch_features(neighbours, items[k + FEATURES_AHEAD]); }
        score_one(neighbours, items[k], scores);
        for (size_t a = 0; a < FEATURE_ASPECTS; a++) { ret_scores[a * stride + k] = scores[a]; }
    }
}
