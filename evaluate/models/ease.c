#include "base/base.h"
#include "base/xalloc.h"
#include "evaluate/models/cholesky.h"
#include "evaluate/models/ease.h"

/* Older items weigh less than this part of the newest and are left out. */
#define WEIGHT_LEAST 1e-4F

struct ease {
    struct ease_settings settings;
    float *matrix; /* X^T X, then B by row j */
    int32_t items;
    bool settled;
};

static const struct ease_settings recent = {.lambda = 500, .recency_decay = .8};
static const struct ease_settings published = {.lambda = 500, .recency_decay = 1};
static const struct preset presets[] = {
    {.name = "recent", .settings = &recent},
    {.name = "published", .settings = &published},
};
static const struct hyperparameter hyperparameters[] = {
    HYPERPARAMETER(ease_settings, lambda, 1e-3, 1e6, "regularisation, in users"),
    HYPERPARAMETER(ease_settings, recency_decay, 0, 1,
                   "weight of an item relative to the next newer one"),
};

static void *ease_make(const struct model_context *context, const void *settings)
{
    assert(context->items_max <= EASE_ITEMS_MAX);
    struct ease *ease = xcalloc(1, sizeof(*ease));
    memcpy(&ease->settings, settings, sizeof(ease->settings));
    ease->items = context->items_max;
    ease->matrix = xcalloc((size_t)ease->items * (size_t)ease->items, sizeof(float));
    return ease;
}

static void ease_free(void *self)
{
    struct ease *ease = self;
    if (!ease) { return; }
    free(ease->matrix);
    free(ease);
}

static float *row_of(const struct ease *ease, int32_t item)
{
    return ease->matrix + (size_t)item * (size_t)ease->items;
}

static void ease_learn(void *self, const struct training_example *example)
{
    struct ease *ease = self;
    assert(!ease->settled);
    for (size_t at = 0; at < example->before_count; at++) {
        if (example->before[at] == example->item) { return; } /* X holds 0 and 1 */
    }
    for (size_t at = 0; at < example->before_count; at++) {
        int32_t other = example->before[at];
        row_of(ease, MIN_OF(other, example->item))[MAX_OF(other, example->item)] += 1.0F;
    }
    row_of(ease, example->item)[example->item] += 1.0F;
}

static bool ease_retune(void *self, const void *settings)
{
    struct ease *ease = self;
    const struct ease_settings *now = settings;
    if (now->lambda != ease->settings.lambda) { return false; }
    ease->settings = *now;
    return true;
}

static void ease_settle(void *self)
{
    struct ease *ease = self;
    if (ease->settled) { return; }
    for (int32_t i = 0; i < ease->items; i++) {
        row_of(ease, i)[i] += (float)ease->settings.lambda;
    }
    int rc = cholesky_invert(ease->matrix, ease->items);
    assert(rc == 0); /* X^T X plus a positive lambda is positive definite */
    (void)rc;
    float *diagonal = xcalloc((size_t)ease->items, sizeof(*diagonal));
    for (int32_t i = 0; i < ease->items; i++) { diagonal[i] = row_of(ease, i)[i]; }
    for (int32_t j = 0; j < ease->items; j++) {
        float *row = row_of(ease, j);
        for (int32_t i = 0; i < ease->items; i++) { row[i] = -row[i] / diagonal[i]; }
        row[j] = 0.0F;
    }
    free(diagonal);
    ease->settled = true;
}

static void ease_score(void *self, const struct query *query, float *scores)
{
    const struct ease *ease = self;
    assert(ease->settled);
    float weight = 1.0F;
    memset(scores, 0, (size_t)query->items * sizeof(*scores));
    for (size_t at = query->count; at-- > 0 && weight > WEIGHT_LEAST;) {
        const float *row = row_of(ease, query->history[at]);
        for (int32_t i = 0; i < query->items; i++) { scores[i] += weight * row[i]; }
        weight *= (float)ease->settings.recency_decay;
    }
}

const struct recommender ease_recommender = {
    .name = "ease",
    .about = "a linear autoencoder over items, in closed form",
    .hyperparameters = hyperparameters,
    .hyperparameters_count = ARRAY_COUNT(hyperparameters),
    .presets = presets,
    .presets_count = ARRAY_COUNT(presets),
    .settings_size = sizeof(struct ease_settings),
    .items_most = EASE_ITEMS_MAX,
    .make = ease_make,
    .free = ease_free,
    .learn = ease_learn,
    .retune = ease_retune,
    .settle = ease_settle,
    .score = ease_score,
};
