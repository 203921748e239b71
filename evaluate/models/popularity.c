#include "base/base.h"
#include "base/xalloc.h"
#include "evaluate/models/popularity.h"

/* Counts do not shrink; the added weight grows instead, until all are scaled down together. */
#define GAIN_MOST 1e12

struct popularity {
    double *counts;
    double gain;
    double growth; /* of the gain, an action */
    int32_t items_max;
};

static const struct popularity_settings all = {.decay = 1};
static const struct popularity_settings recent = {.decay = .9};
static const struct popularity_settings now = {.decay = .6};
static const struct popularity_settings instant = {.decay = .2};
static const struct popularity_settings flash = {.decay = .04};
static const struct preset presets[] = {
    {.name = "all", .settings = &all},
    {.name = "recent", .settings = &recent},
    {.name = "now", .settings = &now},
    {.name = "instant", .settings = &instant},
    {.name = "flash", .settings = &flash},
};
static const struct hyperparameter hyperparameters[] = {
    HYPERPARAMETER(popularity_settings, decay, .001, 1,
                   "weight of an action 500 actions later"),
};

static void *popularity_make(const struct model_context *context, const void *settings)
{
    const struct popularity_settings *set = settings;
    struct popularity *popularity = xcalloc(1, sizeof(*popularity));
    popularity->counts = xcalloc((size_t)context->items_max, sizeof(*popularity->counts));
    popularity->items_max = context->items_max;
    popularity->gain = 1.0;
    popularity->growth = pow(set->decay, -1.0 / POPULARITY_STEP);
    return popularity;
}

static void popularity_free(void *self)
{
    struct popularity *popularity = self;
    if (!popularity) { return; }
    free(popularity->counts);
    free(popularity);
}

static void popularity_learn(void *self, const struct training_example *example)
{
    struct popularity *popularity = self;
    popularity->counts[example->item] += popularity->gain;
    popularity->gain *= popularity->growth;
    if (popularity->gain < GAIN_MOST) { return; }
    for (int32_t i = 0; i < popularity->items_max; i++) {
        popularity->counts[i] /= popularity->gain;
    }
    popularity->gain = 1.0;
}

static void popularity_score(void *self, const struct query *query, float *scores)
{
    const struct popularity *popularity = self;
    for (int32_t i = 0; i < query->items; i++) {
        scores[i] = (float)(popularity->counts[i] / popularity->gain);
    }
}

const struct recommender popularity_recommender = {
    .name = "popularity",
    .about = "the items with most actions, of all time or of late",
    .hyperparameters = hyperparameters,
    .hyperparameters_count = ARRAY_COUNT(hyperparameters),
    .presets = presets,
    .presets_count = ARRAY_COUNT(presets),
    .settings_size = sizeof(struct popularity_settings),
    .make = popularity_make,
    .free = popularity_free,
    .learn = popularity_learn,
    .score = popularity_score,
};
