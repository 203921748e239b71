#include "base/base.h"
#include "base/xalloc.h"
#include "model/bias.h"
#include "model/co_ratings.h"
#include "model/item_knn.h"
#include "model/topk.h"

/* Older items weigh less than this part of the newest and are left out. */
#define WEIGHT_LEAST 1e-4

struct near {
    int32_t item;
    float similarity;
};

/* What was found of an item's neighbours, and of how many ratings. */
struct shelf {
    struct near *near;
    size_t count;
    size_t ratings;
    bool filled;
};

struct item_knn {
    struct item_knn_settings settings;
    struct co_ratings *table;
    struct ledger *by_user, *by_item;
    struct bias bias;
    struct shelf *shelves;
    int32_t items_max;
    int32_t users; /* with any rating */
    struct topk top;
};

static const struct item_knn_settings cosine = {
    .measure = ITEM_KNN_COSINE, .window = 200, .neighbours = 100, .raters = 40, .shrink = 50,
    .recency_decay = .8, .refresh = .125,
};
static const struct item_knn_settings jaccard = {
    .measure = ITEM_KNN_JACCARD, .window = 200, .neighbours = 100, .raters = 40, .shrink = 50,
    .recency_decay = .8, .refresh = .125,
};
static const struct item_knn_settings llr = {
    .measure = ITEM_KNN_LLR, .window = 200, .neighbours = 100, .raters = 40, .shrink = 50,
    .recency_decay = .8, .refresh = .125,
};
static const struct item_knn_settings pearson = {
    .measure = ITEM_KNN_PEARSON, .window = 1000, .neighbours = 100, .raters = 40, .shrink = 50,
    .recency_decay = .8, .refresh = .125,
};
static const struct preset presets[] = {
    {.name = "cosine", .settings = &cosine},
    {.name = "jaccard", .settings = &jaccard},
    {.name = "llr", .settings = &llr},
    {.name = "pearson", .settings = &pearson},
};
static const struct knob knobs[] = {
    KNOB(item_knn_settings, measure, 0, 3, "0 cosine, 1 Jaccard, 2 log-likelihood, 3 Pearson"),
    KNOB(item_knn_settings, window, 1, 100000, "newest items of a user that pair with a new one"),
    KNOB(item_knn_settings, neighbours, 1, 10000, "most similar items kept an item"),
    KNOB(item_knn_settings, raters, 1, 1000, "items of the user that make a rating"),
    KNOB(item_knn_settings, shrink, 0, 10000, "how much few ratings are distrusted (Pearson)"),
    KNOB(item_knn_settings, recency_decay, 0, 1, "weight of an item beside the next newer one"),
    KNOB(item_knn_settings, refresh, 0, 10, "share of new ratings that makes a row stale"),
};

static bool smaller(const void *arg, int32_t a, int32_t b)
{
    return a < b;
}

static void *item_knn_make(const struct ground *ground, const void *settings)
{
    struct item_knn *knn = xcalloc(1, sizeof(*knn));
    memcpy(&knn->settings, settings, sizeof(knn->settings));
    knn->items_max = ground->items_max;
    knn->table =
        co_ratings_new(ground->items_max, (int)knn->settings.measure == ITEM_KNN_PEARSON);
    knn->by_user = ledger_new(ground->users_max);
    knn->by_item = ledger_new(ground->items_max);
    knn->bias = (struct bias){.by_user = knn->by_user, .by_item = knn->by_item};
    knn->shelves = xcalloc((size_t)ground->items_max, sizeof(*knn->shelves));
    topk_init(&knn->top, smaller, NULL);
    return knn;
}

static void item_knn_free(void *self)
{
    struct item_knn *knn = self;
    if (!knn) { return; }
    for (int32_t item = 0; item < knn->items_max; item++) { free(knn->shelves[item].near); }
    free(knn->shelves);
    co_ratings_free(knn->table);
    ledger_free(knn->by_user);
    ledger_free(knn->by_item);
    topk_release(&knn->top);
    free(knn);
}

static bool item_knn_retune(void *self, const void *settings)
{
    struct item_knn *knn = self;
    const struct item_knn_settings *now = settings, *old = &knn->settings;
    bool correlates = (int)old->measure == ITEM_KNN_PEARSON;
    if (now->window != old->window || correlates != ((int)now->measure == ITEM_KNN_PEARSON)) {
        return false;
    }
    knn->settings = *now;
    for (int32_t item = 0; item < knn->items_max; item++) { knn->shelves[item].filled = false; }
    return true;
}

static void item_knn_learn(void *self, const struct lesson *lesson)
{
    struct item_knn *knn = self;
    if (ledger_had(lesson->before, lesson->before_count, lesson->item)) { return; }
    size_t count, window = (size_t)knn->settings.window;
    const struct ledger_entry *had = ledger_of(knn->by_user, lesson->user, &count);
    size_t skipped = count > window ? count - window : 0;
    co_ratings_learn(knn->table, had + skipped, count - skipped, lesson->item, lesson->rating);
    knn->users += count == 0;
    bias_add(&knn->bias, lesson->rating);
    ledger_add(knn->by_user, lesson->user, lesson->item, lesson->rating);
    ledger_add(knn->by_item, lesson->item, lesson->user, lesson->rating);
}

static double similarity(const struct item_knn *knn, int32_t item, const struct co_row *row,
                         int32_t place)
{
    double co = (double)row->co[place];
    double mass_a = ledger_sum(knn->by_item, item);
    double mass_b = ledger_sum(knn->by_item, row->items[place]);
    switch ((enum item_knn_measure)knn->settings.measure) {
    case ITEM_KNN_COSINE: return similarity_cosine(co, mass_a, mass_b);
    case ITEM_KNN_JACCARD: return similarity_jaccard(co, mass_a, mass_b);
    case ITEM_KNN_LLR: { /* ratings on the common scale of the mean one */
        double scale = bias_mean(&knn->bias);
        if (!(scale > 0.0)) { return 0.0; }
        return similarity_llr(co / scale, mass_a / scale, mass_b / scale, knn->users);
    }
    case ITEM_KNN_PEARSON: return similarity_pearson(&row->moments[place], knn->settings.shrink);
    }
    return 0.0;
}

static void fill_shelf(struct item_knn *knn, int32_t item, struct shelf *shelf)
{
    const struct co_row row = co_ratings_row(knn->table, item);
    struct topk *top = &knn->top;
    topk_clear(top, (size_t)knn->settings.neighbours);
    for (int32_t place = 0; place < row.count; place++) {
        double s = similarity(knn, item, &row, place);
        if (s > 0.0) { topk_push(top, s, row.items[place]); }
    }
    topk_sort(top);
    shelf->near = xreallocarray(shelf->near, top->count + 1, sizeof(*shelf->near));
    shelf->count = top->count;
    for (size_t at = 0; at < top->count; at++) {
        shelf->near[at] = (struct near){.item = top->entries[at].item,
                                        .similarity = (float)top->entries[at].score};
    }
}

static const struct shelf *shelf_of(struct item_knn *knn, int32_t item)
{
    struct shelf *shelf = &knn->shelves[item];
    size_t ratings;
    (void)ledger_of(knn->by_item, item, &ratings);
    double stale = (double)shelf->ratings * (1.0 + knn->settings.refresh);
    if (shelf->filled && (double)ratings < stale) { return shelf; }
    fill_shelf(knn, item, shelf);
    shelf->ratings = ratings;
    shelf->filled = true;
    return shelf;
}

static void item_knn_score(void *self, const struct query *query, float *scores)
{
    struct item_knn *knn = self;
    double weight = 1.0;
    memset(scores, 0, (size_t)query->items * sizeof(*scores));
    for (size_t at = query->count; at-- > 0 && weight > WEIGHT_LEAST;) {
        const struct shelf *shelf = shelf_of(knn, query->history[at]);
        for (size_t k = 0; k < shelf->count; k++) {
            const struct near *near = &shelf->near[k];
            if (near->item < query->items) {
                scores[near->item] += (float)weight * near->similarity;
            }
        }
        weight *= knn->settings.recency_decay;
    }
}

static double item_knn_rate(void *self, int32_t user, int32_t item)
{
    struct item_knn *knn = self;
    struct topk *top = &knn->top;
    const struct co_row row = co_ratings_row(knn->table, item);
    double mean = bias_mean(&knn->bias), of_user = bias_user(&knn->bias, user);
    size_t count;
    const struct ledger_entry *had = ledger_of(knn->by_user, user, &count);
    topk_clear(top, (size_t)knn->settings.raters);
    for (size_t at = 0; at < count; at++) {
        int32_t place = co_ratings_find(knn->table, item, had[at].other);
        double s = place < 0 ? 0.0 : similarity(knn, item, &row, place);
        if (s > 0.0) { topk_push(top, s, (int32_t)at); }
    }
    double over = 0.0, mass = 0.0;
    for (size_t k = 0; k < top->count; k++) {
        const struct ledger_entry *entry = &had[top->entries[k].item];
        double expected = mean + of_user + bias_item(&knn->bias, entry->other);
        over += top->entries[k].score * ((double)entry->rating - expected);
        mass += top->entries[k].score;
    }
    return mean + of_user + bias_item(&knn->bias, item) + (mass > 0.0 ? over / mass : 0.0);
}

const struct recommender item_knn_recommender = {
    .name = "item-knn",
    .about = "items by the users they share: cosine, Jaccard, log-likelihood or Pearson",
    .knobs = knobs,
    .knobs_count = ARRAY_COUNT(knobs),
    .presets = presets,
    .presets_count = ARRAY_COUNT(presets),
    .settings_size = sizeof(struct item_knn_settings),
    .aside = true,
    .make = item_knn_make,
    .free = item_knn_free,
    .learn = item_knn_learn,
    .retune = item_knn_retune,
    .score = item_knn_score,
    .rate = item_knn_rate,
};
