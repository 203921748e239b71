#include "base/base.h"
#include "base/xalloc.h"
#include "model/rng.h"
#include "evaluate/models/isgd.h"
#include "model/lanes.h"

struct isgd {
    struct isgd_settings settings;
    size_t k;
    float *users;
    float *items;
    bool *known; /* users */
};

static const struct isgd_settings published = {
    .factors = 160, .iterations = 8, .rate = .1, .regularisation = .4,
};
static const struct preset presets[] = {{.name = "published", .settings = &published}};
static const struct hyperparameter hyperparameters[] = {
    HYPERPARAMETER(isgd_settings, factors, 1, ISGD_FACTORS_MAX, "dimensions of a vector"),
    HYPERPARAMETER(isgd_settings, iterations, 1, 100, "steps per action"),
    HYPERPARAMETER(isgd_settings, rate, 0, 1, "learning rate"),
    HYPERPARAMETER(isgd_settings, regularisation, 0, 1, "L2 regularisation"),
};

static float *vectors(size_t count, size_t k, uint64_t *rng)
{
    float *all = xmalloc((count * k + 1) * sizeof(*all));
    for (size_t at = 0; at < count * k; at++) { all[at] = (float)(.1 * rng_normal(rng)); }
    return all;
}

static void *isgd_make(const struct model_context *context, const void *settings)
{
    struct isgd *isgd = xcalloc(1, sizeof(*isgd));
    memcpy(&isgd->settings, settings, sizeof(isgd->settings));
    isgd->k = lanes_round((size_t)isgd->settings.factors);
    uint64_t rng = context->seed;
    isgd->users = vectors((size_t)context->users_max, isgd->k, &rng);
    isgd->items = vectors((size_t)context->items_max, isgd->k, &rng);
    isgd->known = xcalloc((size_t)context->users_max, sizeof(*isgd->known));
    return isgd;
}

static void isgd_free(void *self)
{
    struct isgd *isgd = self;
    if (!isgd) { return; }
    free(isgd->users);
    free(isgd->items);
    free(isgd->known);
    free(isgd);
}

static void isgd_learn(void *self, const struct training_example *example)
{
    struct isgd *isgd = self;
    float *p = isgd->users + (size_t)example->user * isgd->k;
    float *q = isgd->items + (size_t)example->item * isgd->k;
    float rate = (float)isgd->settings.rate;
    float kept = 1.0F - rate * (float)isgd->settings.regularisation;
    for (int turn = 0; turn < (int)isgd->settings.iterations; turn++) {
        float error = 1.0F - lanes_dot(p, q, isgd->k);
        lanes_mix(p, q, isgd->k, rate * error, kept);
        lanes_mix(q, p, isgd->k, rate * error, kept);
    }
    isgd->known[example->user] = true;
}

/* Computes a new user's vector: the mean of the history's item vectors. */
static void fold_in(const struct isgd *isgd, const struct query *query, float *p)
{
    memset(p, 0, isgd->k * sizeof(*p));
    for (size_t at = 0; at < query->count; at++) {
        lanes_mix(p, isgd->items + (size_t)query->history[at] * isgd->k, isgd->k,
                  1.0F / (float)query->count, 1.0F);
    }
}

static void isgd_score(void *self, const struct query *query, float *scores)
{
    const struct isgd *isgd = self;
    float folded[ISGD_FACTORS_MAX + LANES];
    const float *p = isgd->users + (size_t)query->user * isgd->k;
    if (!isgd->known[query->user]) {
        fold_in(isgd, query, folded);
        p = folded;
    }
    for (int32_t i = 0; i < query->items; i++) {
        scores[i] = -fabsf(1.0F - lanes_dot(p, isgd->items + (size_t)i * isgd->k, isgd->k));
    }
}

const struct recommender isgd_recommender = {
    .name = "isgd",
    .about = "matrix factorisation, action by action",
    .hyperparameters = hyperparameters,
    .hyperparameters_count = ARRAY_COUNT(hyperparameters),
    .presets = presets,
    .presets_count = ARRAY_COUNT(presets),
    .settings_size = sizeof(struct isgd_settings),
    .make = isgd_make,
    .free = isgd_free,
    .learn = isgd_learn,
    .score = isgd_score,
};
