#include "base/base.h"
#include "base/xalloc.h"
#include "evaluate/models/bias.h"
#include "model/counting/similarity.h"
#include "model/topk.h"
#include "evaluate/models/user_knn.h"

enum { NOBODY = -1 };

struct user_knn {
    struct user_knn_settings settings;
    struct interaction_lists *by_user, *by_item;
    struct bias bias;
    int32_t users_max;
    float *alike;      /* users_max: a(v); 0 between queries */
    int32_t *touched;  /* users_max: users with an a(v) */
    struct similarity_moments *moments; /* users_max: with `rater`; made at the first rate() */
    float *bias_of;    /* users_max: of the users in `moments` */
    int32_t rater;     /* the user that `moments` compares with all others; NOBODY */
    struct topk top;
};

static const struct user_knn_settings recent = {
    .neighbours = 100, .readers = 1000, .raters = 40, .shrink = 10, .recency_decay = .9,
    .popular = .5,
};
static const struct user_knn_settings whole = {
    .neighbours = 100, .readers = 1000, .raters = 40, .shrink = 10, .recency_decay = 1,
    .popular = .5,
};
static const struct preset presets[] = {
    {.name = "recent", .settings = &recent},
    {.name = "whole", .settings = &whole, .lists_only = true},
};
static const struct hyperparameter hyperparameters[] = {
    HYPERPARAMETER(user_knn_settings, neighbours, 1, 10000, "most similar users that are used"),
    HYPERPARAMETER(user_knn_settings, readers, 1, 1e6,
                   "newest users of an item that are compared"),
    HYPERPARAMETER(user_knn_settings, raters, 1, 1000, "users that a predicted rating is made of"),
    HYPERPARAMETER(user_knn_settings, shrink, 0, 10000,
                   "shrinkage of similarities with few common ratings"),
    HYPERPARAMETER(user_knn_settings, recency_decay, 0, 1,
                   "weight of an item relative to the next newer one"),
    HYPERPARAMETER(user_knn_settings, popular, 0, 2,
                   "how much the popularity of an item reduces its weight"),
};

static bool smaller(const void *arg, int32_t a, int32_t b)
{
    return a < b;
}

static void *user_knn_make(const struct model_context *context, const void *settings)
{
    struct user_knn *knn = xcalloc(1, sizeof(*knn));
    memcpy(&knn->settings, settings, sizeof(knn->settings));
    knn->users_max = context->users_max;
    knn->by_user = interaction_lists_new(context->users_max);
    knn->by_item = interaction_lists_new(context->items_max);
    knn->bias = (struct bias){.by_user = knn->by_user, .by_item = knn->by_item};
    knn->alike = xcalloc((size_t)context->users_max, sizeof(*knn->alike));
    knn->touched = xcalloc((size_t)context->users_max, sizeof(*knn->touched));
    knn->rater = NOBODY;
    topk_init(&knn->top, smaller, NULL);
    return knn;
}

static void user_knn_free(void *self)
{
    struct user_knn *knn = self;
    if (!knn) { return; }
    interaction_lists_free(knn->by_user);
    interaction_lists_free(knn->by_item);
    free(knn->alike);
    free(knn->touched);
    free(knn->moments);
    free(knn->bias_of);
    topk_release(&knn->top);
    free(knn);
}

static bool user_knn_retune(void *self, const void *settings)
{
    struct user_knn *knn = self;
    memcpy(&knn->settings, settings, sizeof(knn->settings));
    return true;
}

static void user_knn_learn(void *self, const struct training_example *example)
{
    struct user_knn *knn = self;
    if (interaction_lists_had(example->before, example->before_count, example->item)) { return; }
    bias_add(&knn->bias, example->rating);
    interaction_lists_add(knn->by_user, example->user, example->item, example->rating);
    interaction_lists_add(knn->by_item, example->item, example->user, example->rating);
    knn->rater = NOBODY;
}

/* The newest users of an item. */
static const struct interaction *readers_of(const struct user_knn *knn, int32_t item,
                                            size_t *ret_count)
{
    size_t count, most = (size_t)knn->settings.readers;
    const struct interaction *entries = interaction_lists_of(knn->by_item, item, &count);
    size_t skipped = count > most ? count - most : 0;
    *ret_count = count - skipped;
    return entries ? entries + skipped : NULL;
}

/* Computes a(v) for all users who share an item; returns how many have an a(v). */
static size_t compare(struct user_knn *knn, const struct query *query)
{
    size_t touched = 0, first = query->count > USER_KNN_RECENT ? query->count - USER_KNN_RECENT : 0;
    double weight = 1.0;
    for (size_t at = query->count; at-- > first; weight *= knn->settings.recency_decay) {
        size_t count, all;
        const struct interaction *readers = readers_of(knn, query->history[at], &count);
        (void)interaction_lists_of(knn->by_item, query->history[at], &all);
        float share = (float)(weight * pow((double)MAX_OF(all, (size_t)1),
                                           -knn->settings.popular));
        if (!(share > 1e-30F)) { continue; }
        for (size_t k = 0; k < count; k++) {
            int32_t user = readers[k].other;
            if (user == query->user) { continue; }
            if (knn->alike[user] == 0.0F) { knn->touched[touched++] = user; }
            knn->alike[user] += share;
        }
    }
    return touched;
}

static void user_knn_score(void *self, const struct query *query, float *scores)
{
    struct user_knn *knn = self;
    struct topk *top = &knn->top;
    memset(scores, 0, (size_t)query->items * sizeof(*scores));
    size_t touched = compare(knn, query), count;
    topk_clear(top, (size_t)knn->settings.neighbours);
    for (size_t at = 0; at < touched; at++) {
        int32_t user = knn->touched[at];
        (void)interaction_lists_of(knn->by_user, user, &count);
        topk_push(top, (double)knn->alike[user] / sqrt((double)count), user);
        knn->alike[user] = 0.0F;
    }
    topk_sort(top);
    for (size_t n = 0; n < top->count; n++) {
        const struct interaction *had =
            interaction_lists_of(knn->by_user, top->entries[n].item, &count);
        for (size_t k = 0; k < count; k++) {
            if (had[k].other < query->items) {
                scores[had[k].other] += (float)top->entries[n].score;
            }
        }
    }
}

/* Gathers the moments of one user with all others, and the others' bias. */
static void compare_ratings(struct user_knn *knn, int32_t user)
{
    size_t users = (size_t)knn->users_max, count, readers_count;
    if (!knn->moments) {
        knn->moments = xcalloc(users, sizeof(*knn->moments));
        knn->bias_of = xcalloc(users, sizeof(*knn->bias_of));
    }
    memset(knn->moments, 0, users * sizeof(*knn->moments));
    const struct interaction *had = interaction_lists_of(knn->by_user, user, &count);
    for (size_t at = 0; at < count; at++) {
        const struct interaction *readers = readers_of(knn, had[at].other, &readers_count);
        for (size_t k = 0; k < readers_count; k++) {
            struct similarity_moments *moments = &knn->moments[readers[k].other];
            if (moments->n == 0.0F) {
                knn->bias_of[readers[k].other] = (float)bias_user(&knn->bias, readers[k].other);
            }
            similarity_moments_add(moments, had[at].rating, readers[k].rating);
        }
    }
    knn->rater = user;
}

static double user_knn_rate(void *self, int32_t user, int32_t item)
{
    struct user_knn *knn = self;
    struct topk *top = &knn->top;
    if (knn->rater != user) { compare_ratings(knn, user); }
    size_t count;
    const struct interaction *readers = readers_of(knn, item, &count);
    topk_clear(top, (size_t)knn->settings.raters);
    for (size_t k = 0; k < count; k++) {
        if (readers[k].other == user) { continue; }
        double w = similarity_pearson(&knn->moments[readers[k].other], knn->settings.shrink);
        if (w > 0.0) { topk_push(top, w, (int32_t)k); }
    }
    topk_sort(top);
    double expected = bias_mean(&knn->bias) + bias_item(&knn->bias, item), over = 0.0, mass = 0.0;
    for (size_t n = 0; n < top->count; n++) {
        const struct interaction *reader = &readers[top->entries[n].item];
        double w = top->entries[n].score;
        over += w * ((double)reader->rating - expected - (double)knn->bias_of[reader->other]);
        mass += w;
    }
    return expected + bias_user(&knn->bias, user) + (mass > 0.0 ? over / mass : 0.0);
}

const struct recommender user_knn_recommender = {
    .name = "user-knn",
    .about = "the items of similar users",
    .hyperparameters = hyperparameters,
    .hyperparameters_count = ARRAY_COUNT(hyperparameters),
    .presets = presets,
    .presets_count = ARRAY_COUNT(presets),
    .settings_size = sizeof(struct user_knn_settings),
    .make = user_knn_make,
    .free = user_knn_free,
    .learn = user_knn_learn,
    .retune = user_knn_retune,
    .score = user_knn_score,
    .rate = user_knn_rate,
};
