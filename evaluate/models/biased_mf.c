#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "evaluate/models/biased_mf.h"
#include "model/rng.h"
#include "model/lanes.h"

#define RATE_LAST .1

struct rating {
    int32_t user, item;
    float rating;
};

struct biased_mf {
    struct biased_mf_settings settings;
    size_t k;
    float *users, *items, *user_biases, *item_biases;
    bool *user_known, *item_known;
    struct rating *ratings;
    size_t count, capacity;
    double sum;
    uint64_t rng;
};

static const struct biased_mf_settings stars = {
    .factors = 64, .epochs = 40, .rate = .01, .regularisation = .08,
};
static const struct preset presets[] = {{.name = "stars", .settings = &stars}};
static const struct hyperparameter hyperparameters[] = {
    HYPERPARAMETER(biased_mf_settings, factors, 1, BIASED_MF_FACTORS_MAX, "dimensions of a vector"),
    HYPERPARAMETER(biased_mf_settings, epochs, 0, 1000, "epochs over all ratings"),
    HYPERPARAMETER(biased_mf_settings, rate, 0, 1, "learning rate at first"),
    HYPERPARAMETER(biased_mf_settings, regularisation, 0, 1, "L2 regularisation"),
};

static float *drawn(size_t count, uint64_t *rng)
{
    float *vectors = xmalloc((count + 1) * sizeof(*vectors));
    for (size_t at = 0; at < count; at++) { vectors[at] = (float)(.1 * rng_normal(rng)); }
    return vectors;
}

static void *biased_mf_make(const struct model_context *context, const void *settings)
{
    struct biased_mf *mf = xcalloc(1, sizeof(*mf));
    size_t users = (size_t)context->users_max, items = (size_t)context->items_max;
    memcpy(&mf->settings, settings, sizeof(mf->settings));
    mf->k = lanes_round((size_t)mf->settings.factors);
    mf->rng = context->seed;
    mf->users = drawn(users * mf->k, &mf->rng);
    mf->items = drawn(items * mf->k, &mf->rng);
    mf->user_biases = xcalloc(users, sizeof(*mf->user_biases));
    mf->item_biases = xcalloc(items, sizeof(*mf->item_biases));
    mf->user_known = xcalloc(users, sizeof(*mf->user_known));
    mf->item_known = xcalloc(items, sizeof(*mf->item_known));
    return mf;
}

static void biased_mf_free(void *self)
{
    struct biased_mf *mf = self;
    if (!mf) { return; }
    free(mf->users);
    free(mf->items);
    free(mf->user_biases);
    free(mf->item_biases);
    free(mf->user_known);
    free(mf->item_known);
    free(mf->ratings);
    free(mf);
}

float biased_mf_step(const struct biased_mf_pair *pair, float over_mean, float rate,
                     float regularisation)
{
    float *restrict p = pair->p, *restrict q = pair->q;
    float error = over_mean - *pair->b_u - *pair->b_i - lanes_dot(p, q, pair->k);
    float by = rate * error, kept = 1.0F - rate * regularisation;
    *pair->b_u = kept * *pair->b_u + by;
    *pair->b_i = kept * *pair->b_i + by;
    for (size_t at = 0; at < pair->k; at++) {
        float user = p[at];
        p[at] = kept * user + by * q[at];
        q[at] = kept * q[at] + by * user;
    }
    return error;
}

static double mean_of(const struct biased_mf *mf)
{
    return mf->count ? mf->sum / (double)mf->count : 0.0;
}

static void step(struct biased_mf *mf, const struct rating *rating, double rate)
{
    const struct biased_mf_pair pair = {
        .p = mf->users + (size_t)rating->user * mf->k,
        .q = mf->items + (size_t)rating->item * mf->k,
        .b_u = &mf->user_biases[rating->user],
        .b_i = &mf->item_biases[rating->item],
        .k = mf->k,
    };
    (void)biased_mf_step(&pair, (float)((double)rating->rating - mean_of(mf)), (float)rate,
                         (float)mf->settings.regularisation);
}

static void biased_mf_learn(void *self, const struct training_example *example)
{
    struct biased_mf *mf = self;
    ARRAY_RESERVE(mf->ratings, mf->capacity, mf->count + 1, 1024);
    struct rating *rating = &mf->ratings[mf->count++];
    *rating =
        (struct rating){.user = example->user, .item = example->item, .rating = example->rating};
    mf->sum += (double)example->rating;
    mf->user_known[example->user] = mf->item_known[example->item] = true;
    step(mf, rating, mf->settings.rate);
}

static void biased_mf_settle(void *self)
{
    struct biased_mf *mf = self;
    int epochs = (int)mf->settings.epochs;
    for (int epoch = 0; epoch < epochs; epoch++) {
        double rate = mf->settings.rate * (1.0 - (1.0 - RATE_LAST) * epoch / MAX_OF(epochs - 1, 1));
        for (size_t at = mf->count; at > 1; at--) { /* Fisher and Yates */
            size_t other = rng_below(&mf->rng, at);
            struct rating moved = mf->ratings[at - 1];
            mf->ratings[at - 1] = mf->ratings[other];
            mf->ratings[other] = moved;
        }
        for (size_t at = 0; at < mf->count; at++) { step(mf, &mf->ratings[at], rate); }
    }
}

static double biased_mf_rate(void *self, int32_t user, int32_t item)
{
    const struct biased_mf *mf = self;
    double rate = mean_of(mf);
    if (mf->user_known[user]) { rate += (double)mf->user_biases[user]; }
    if (mf->item_known[item]) { rate += (double)mf->item_biases[item]; }
    if (!mf->user_known[user] || !mf->item_known[item]) { return rate; }
    return rate + (double)lanes_dot(mf->users + (size_t)user * mf->k,
                                    mf->items + (size_t)item * mf->k, mf->k);
}

static void biased_mf_score(void *self, const struct query *query, float *scores)
{
    for (int32_t i = 0; i < query->items; i++) {
        scores[i] = (float)biased_mf_rate(self, query->user, i);
    }
}

const struct recommender biased_mf_recommender = {
    .name = "biased-mf",
    .about = "ratings from biases and factors",
    .hyperparameters = hyperparameters,
    .hyperparameters_count = ARRAY_COUNT(hyperparameters),
    .presets = presets,
    .presets_count = ARRAY_COUNT(presets),
    .settings_size = sizeof(struct biased_mf_settings),
    .aside = true,
    .make = biased_mf_make,
    .free = biased_mf_free,
    .learn = biased_mf_learn,
    .settle = biased_mf_settle,
    .score = biased_mf_score,
    .rate = biased_mf_rate,
};
