#include "base/base.h"
#include "base/xalloc.h"
#include "evaluate/models/bias.h"
#include "evaluate/models/co_ratings.h"
#include "evaluate/models/item_knn.h"
#include "model/topk.h"

/* Older items weigh less than this part of the newest and are left out. */
#define WEIGHT_LEAST 1e-4

struct near {
    int32_t item;
    float similarity;
};

/* An item's neighbours, and its number of ratings when they were computed. */
struct bucket {
    struct near *near;
    size_t count;
    size_t ratings;
    bool filled;
};

struct item_knn {
    struct item_knn_settings settings;
    struct co_ratings *table;
    struct interaction_lists *by_user, *by_item;
    struct bias bias;
    struct bucket *buckets;
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
static const struct hyperparameter hyperparameters[] = {
    HYPERPARAMETER(item_knn_settings, measure, 0, 3,
                   "0 cosine, 1 Jaccard, 2 log-likelihood, 3 Pearson"),
    HYPERPARAMETER(item_knn_settings, window, 1, 100000,
                   "newest items of a user that are paired with a new one"),
    HYPERPARAMETER(item_knn_settings, neighbours, 1, 10000,
                   "most similar items kept for each item"),
    HYPERPARAMETER(item_knn_settings, raters, 1, 1000,
                   "items of the user that a predicted rating is made of"),
    HYPERPARAMETER(item_knn_settings, shrink, 0, 10000,
                   "shrinkage of similarities with few ratings (Pearson)"),
    HYPERPARAMETER(item_knn_settings, recency_decay, 0, 1,
                   "weight of an item relative to the next newer one"),
    HYPERPARAMETER(item_knn_settings, refresh, 0, 10,
                   "share of new ratings that makes a row stale"),
};

static bool smaller(const void *arg, int32_t a, int32_t b)
{
    return a < b;
}

static void *item_knn_make(const struct model_context *context, const void *settings)
{
    struct item_knn *knn = xcalloc(1, sizeof(*knn));
    memcpy(&knn->settings, settings, sizeof(knn->settings));
    knn->items_max = context->items_max;
    knn->table = co_ratings_new(context->items_max, (int)knn->settings.measure == ITEM_KNN_PEARSON);
    knn->by_user = interaction_lists_new(context->users_max);
    knn->by_item = interaction_lists_new(context->items_max);
    knn->bias = (struct bias){.by_user = knn->by_user, .by_item = knn->by_item};
    knn->buckets = xcalloc((size_t)context->items_max, sizeof(*knn->buckets));
    topk_init(&knn->top, smaller, NULL);
    return knn;
}

static void item_knn_free(void *self)
{
    struct item_knn *knn = self;
    if (!knn) { return; }
    for (int32_t item = 0; item < knn->items_max; item++) { free(knn->buckets[item].near); }
    free(knn->buckets);
    co_ratings_free(knn->table);
    interaction_lists_free(knn->by_user);
    interaction_lists_free(knn->by_item);
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
    for (int32_t item = 0; item < knn->items_max; item++) { knn->buckets[item].filled = false; }
    return true;
}

static void item_knn_learn(void *self, const struct training_example *example)
{
    struct item_knn *knn = self;
    if (interaction_lists_had(example->before, example->before_count, example->item)) { return; }
    size_t count, window = (size_t)knn->settings.window;
    const struct interaction *had = interaction_lists_of(knn->by_user, example->user, &count);
    size_t skipped = count > window ? count - window : 0;
    co_ratings_learn(knn->table, had + skipped, count - skipped, example->item, example->rating);
    knn->users += count == 0;
    bias_add(&knn->bias, example->rating);
    interaction_lists_add(knn->by_user, example->user, example->item, example->rating);
    interaction_lists_add(knn->by_item, example->item, example->user, example->rating);
}

static double similarity(const struct item_knn *knn, int32_t item, const struct co_row *row,
                         int32_t place)
{
    double co = (double)row->co[place];
    double mass_a = interaction_lists_sum(knn->by_item, item);
    double mass_b = interaction_lists_sum(knn->by_item, row->items[place]);
    switch ((enum item_knn_measure)knn->settings.measure) {
    case ITEM_KNN_COSINE: return similarity_cosine(co, mass_a, mass_b);
    case ITEM_KNN_JACCARD: return similarity_jaccard(co, mass_a, mass_b);
    case ITEM_KNN_LLR: { /* ratings divided by the mean rating */
        double scale = bias_mean(&knn->bias);
        if (!(scale > 0.0)) { return 0.0; }
        return similarity_llr(co / scale, mass_a / scale, mass_b / scale, knn->users);
    }
    case ITEM_KNN_PEARSON: return similarity_pearson(&row->moments[place], knn->settings.shrink);
    }
    return 0.0;
}

static void fill_bucket(struct item_knn *knn, int32_t item, struct bucket *bucket)
{
    const struct co_row row = co_ratings_row(knn->table, item);
    struct topk *top = &knn->top;
    topk_clear(top, (size_t)knn->settings.neighbours);
    for (int32_t place = 0; place < row.count; place++) {
        double s = similarity(knn, item, &row, place);
        if (s > 0.0) { topk_push(top, s, row.items[place]); }
    }
    topk_sort(top);
    bucket->near = xreallocarray(bucket->near, top->count + 1, sizeof(*bucket->near));
    bucket->count = top->count;
    for (size_t at = 0; at < top->count; at++) {
        bucket->near[at] = (struct near){.item = top->entries[at].item,
                                         .similarity = (float)top->entries[at].score};
    }
}

static const struct bucket *bucket_of(struct item_knn *knn, int32_t item)
{
    struct bucket *bucket = &knn->buckets[item];
    size_t ratings;
    (void)interaction_lists_of(knn->by_item, item, &ratings);
    double stale = (double)bucket->ratings * (1.0 + knn->settings.refresh);
    if (bucket->filled && (double)ratings < stale) { return bucket; }
    fill_bucket(knn, item, bucket);
    bucket->ratings = ratings;
    bucket->filled = true;
    return bucket;
}

static void item_knn_score(void *self, const struct query *query, float *scores)
{
    struct item_knn *knn = self;
    double weight = 1.0;
    memset(scores, 0, (size_t)query->items * sizeof(*scores));
    for (size_t at = query->count; at-- > 0 && weight > WEIGHT_LEAST;) {
        const struct bucket *bucket = bucket_of(knn, query->history[at]);
        for (size_t k = 0; k < bucket->count; k++) {
            const struct near *near = &bucket->near[k];
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
    const struct interaction *had = interaction_lists_of(knn->by_user, user, &count);
    topk_clear(top, (size_t)knn->settings.raters);
    for (size_t at = 0; at < count; at++) {
        int32_t place = co_ratings_find(knn->table, item, had[at].other);
        double s = place < 0 ? 0.0 : similarity(knn, item, &row, place);
        if (s > 0.0) { topk_push(top, s, (int32_t)at); }
    }
    topk_sort(top);
    double over = 0.0, mass = 0.0;
    for (size_t k = 0; k < top->count; k++) {
        const struct interaction *entry = &had[top->entries[k].item];
        double expected = mean + of_user + bias_item(&knn->bias, entry->other);
        over += top->entries[k].score * ((double)entry->rating - expected);
        mass += top->entries[k].score;
    }
    return mean + of_user + bias_item(&knn->bias, item) + (mass > 0.0 ? over / mass : 0.0);
}

const struct recommender item_knn_recommender = {
    .name = "item-knn",
    .about = "items by the users they share: cosine, Jaccard, log-likelihood or Pearson",
    .hyperparameters = hyperparameters,
    .hyperparameters_count = ARRAY_COUNT(hyperparameters),
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
