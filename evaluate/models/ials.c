#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "evaluate/models/cholesky.h"
#include "model/rng.h"
#include "evaluate/models/ials.h"
#include "model/lanes.h"
#include "evaluate/models/interaction_lists.h"

/* Older items weigh less than this part of the newest and are left out of a fold-in. */
#define WEIGHT_LEAST 1e-3F

struct list {
    int32_t *others;
    size_t count;
    size_t capacity;
};

/* One side: users or items. */
struct side {
    struct list *lists;
    float *vectors;
    float *gram; /* k x k: alpha V^T V of these vectors, for the other side */
    int32_t count;
};

struct ials {
    struct ials_settings settings;
    int32_t k;
    struct side users, items;
    float *system; /* k x k scratch */
    bool settled;
};

static const struct ials_settings recent = {
    .factors = 64, .sweeps = 8, .alpha = .1, .regularisation = .003, .recency_decay = .8,
};
static const struct ials_settings published = {
    .factors = 64, .sweeps = 8, .alpha = .1, .regularisation = .003, .recency_decay = 1,
};
static const struct preset presets[] = {
    {.name = "recent", .settings = &recent},
    {.name = "published", .settings = &published},
};
static const struct hyperparameter hyperparameters[] = {
    HYPERPARAMETER(ials_settings, factors, 1, IALS_FACTORS_MAX, "dimensions of a vector"),
    HYPERPARAMETER(ials_settings, sweeps, 1, 100, "passes over users and items"),
    HYPERPARAMETER(ials_settings, alpha, 0, 10, "weight of items without an action of the user"),
    HYPERPARAMETER(ials_settings, regularisation, 0, 10, "L2 regularisation"),
    HYPERPARAMETER(ials_settings, recency_decay, 0, 1,
                   "weight of an item relative to the next newer one"),
};

static void side_init(struct side *side, int32_t count, int32_t k, uint64_t *rng)
{
    side->count = count;
    side->lists = xcalloc((size_t)count, sizeof(*side->lists));
    side->vectors = xmalloc(((size_t)count * (size_t)k + 1) * sizeof(float));
    side->gram = xcalloc((size_t)k * (size_t)k, sizeof(float));
    double deviation = .1 / sqrt(k);
    for (size_t at = 0; at < (size_t)count * (size_t)k; at++) {
        side->vectors[at] = (float)(deviation * rng_normal(rng));
    }
}

static void side_release(struct side *side)
{
    for (int32_t at = 0; at < side->count; at++) { free(side->lists[at].others); }
    free(side->lists);
    free(side->vectors);
    free(side->gram);
}

static void *ials_make(const struct model_context *context, const void *settings)
{
    struct ials *ials = xcalloc(1, sizeof(*ials));
    memcpy(&ials->settings, settings, sizeof(ials->settings));
    ials->k = (int32_t)lanes_round((size_t)ials->settings.factors);
    uint64_t rng = context->seed;
    side_init(&ials->users, context->users_max, ials->k, &rng);
    side_init(&ials->items, context->items_max, ials->k, &rng);
    ials->system = xcalloc((size_t)ials->k * (size_t)ials->k, sizeof(float));
    return ials;
}

static void ials_free(void *self)
{
    struct ials *ials = self;
    if (!ials) { return; }
    side_release(&ials->users);
    side_release(&ials->items);
    free(ials->system);
    free(ials);
}

static void list_add(struct list *list, int32_t other)
{
    ARRAY_RESERVE(list->others, list->capacity, list->count + 1, 4);
    list->others[list->count++] = other;
}

/* Adds weight v v^T to the upper triangle. */
static void add_square(float *matrix, const float *v, int32_t k, float weight)
{
    for (int32_t row = 0; row < k; row++) {
        size_t from = (size_t)(row / LANES * LANES); /* a little of the lower one comes with it */
        lanes_mix(matrix + (size_t)row * (size_t)k + from, v + from, (size_t)k - from,
                  weight * v[row], 1.0F);
    }
}

static void fill_gram(const struct ials *ials, struct side *side)
{
    memset(side->gram, 0, (size_t)ials->k * (size_t)ials->k * sizeof(float));
    for (int32_t at = 0; at < side->count; at++) {
        add_square(side->gram, side->vectors + (size_t)at * (size_t)ials->k, ials->k,
                   (float)ials->settings.alpha);
    }
}

/* Solves for one vector, given the other side's entries that it is paired with, newest last. */
static void solve(struct ials *ials, const struct side *fixed, const int32_t *others, size_t count,
                  double decay, float *x)
{
    size_t k = (size_t)ials->k;
    float weight = 1.0F, mass = 0.0F;
    memcpy(ials->system, fixed->gram, k * k * sizeof(float));
    memset(x, 0, k * sizeof(float));
    for (size_t at = count; at-- > 0 && weight > WEIGHT_LEAST; weight *= (float)decay) {
        const float *v = fixed->vectors + (size_t)others[at] * k;
        add_square(ials->system, v, ials->k, weight);
        lanes_mix(x, v, k, weight, 1.0F);
        mass += weight;
    }
    double pull = ials->settings.regularisation *
                  ((double)mass + ials->settings.alpha * (double)fixed->count);
    for (size_t d = 0; d < k; d++) { ials->system[d * k + d] += (float)(pull + 1e-6); }
    if (cholesky_solve(ials->system, ials->k, x) < 0) { memset(x, 0, k * sizeof(float)); }
}

static void sweep(struct ials *ials, struct side *moved, struct side *fixed)
{
    fill_gram(ials, fixed);
    for (int32_t at = 0; at < moved->count; at++) {
        const struct list *list = &moved->lists[at];
        solve(ials, fixed, list->others, list->count, 1.0,
              moved->vectors + (size_t)at * (size_t)ials->k);
    }
}

static bool ials_retune(void *self, const void *settings)
{
    struct ials *ials = self;
    struct ials_settings now;
    memcpy(&now, settings, sizeof(now));
    if (now.factors != ials->settings.factors || now.sweeps != ials->settings.sweeps ||
        now.alpha != ials->settings.alpha ||
        now.regularisation != ials->settings.regularisation) {
        return false;
    }
    ials->settings = now;
    return true;
}

static void ials_settle(void *self)
{
    struct ials *ials = self;
    for (int turn = 0; turn < (int)ials->settings.sweeps; turn++) {
        sweep(ials, &ials->users, &ials->items);
        sweep(ials, &ials->items, &ials->users);
    }
    fill_gram(ials, &ials->items);
    fill_gram(ials, &ials->users);
    ials->settled = true;
}

/* Solves for one vector between two settle() calls and updates its side's Gram matrix. */
static void fold_in(struct ials *ials, struct side *moved, const struct side *fixed, int32_t at)
{
    const struct list *list = &moved->lists[at];
    float *vector = moved->vectors + (size_t)at * (size_t)ials->k;
    if (list->count > IALS_FOLD_MAX) { return; }
    add_square(moved->gram, vector, ials->k, -(float)ials->settings.alpha);
    solve(ials, fixed, list->others, list->count, 1.0, vector);
    add_square(moved->gram, vector, ials->k, (float)ials->settings.alpha);
}

static void ials_learn(void *self, const struct training_example *example)
{
    struct ials *ials = self;
    if (interaction_lists_had(example->before, example->before_count, example->item)) { return; }
    list_add(&ials->users.lists[example->user], example->item);
    list_add(&ials->items.lists[example->item], example->user);
    if (!ials->settled) { return; }
    fold_in(ials, &ials->users, &ials->items, example->user);
    fold_in(ials, &ials->items, &ials->users, example->item);
}

static void ials_score(void *self, const struct query *query, float *scores)
{
    struct ials *ials = self;
    float x[IALS_FACTORS_MAX]; /* a multiple of LANES itself */
    size_t k = (size_t)ials->k;
    solve(ials, &ials->items, query->history, query->count, ials->settings.recency_decay, x);
    for (int32_t i = 0; i < query->items; i++) {
        scores[i] = lanes_dot(x, ials->items.vectors + (size_t)i * k, k);
    }
}

const struct recommender ials_recommender = {
    .name = "ials",
    .about = "matrix factorisation by least squares, users folded in",
    .hyperparameters = hyperparameters,
    .hyperparameters_count = ARRAY_COUNT(hyperparameters),
    .presets = presets,
    .presets_count = ARRAY_COUNT(presets),
    .settings_size = sizeof(struct ials_settings),
    .make = ials_make,
    .free = ials_free,
    .learn = ials_learn,
    .retune = ials_retune,
    .settle = ials_settle,
    .score = ials_score,
};
