#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "evaluate/models/bpr.h"
#include "model/rng.h"
#include "model/lanes.h"
#include "evaluate/models/pair_set.h"

/* After so many draws without an item that the user had not, the step is left out. */
enum { DRAWS_MAX = 16 };

struct pair {
    int32_t user, item;
};

struct bpr {
    struct bpr_settings settings;
    size_t k;
    float *users, *items, *biases;
    struct pair *pairs;
    size_t count, capacity;
    struct pair_set had;
    bool *known; /* users */
    int32_t items_known; /* their numbers are below */
    uint64_t rng;
};

static const struct bpr_settings online = {
    .factors = 32, .rate = .05, .regularisation = .002, .replays = 8,
};
static const struct preset presets[] = {{.name = "online", .settings = &online}};
static const struct hyperparameter hyperparameters[] = {
    HYPERPARAMETER(bpr_settings, factors, 1, BPR_FACTORS_MAX, "dimensions of a vector"),
    HYPERPARAMETER(bpr_settings, rate, 0, 1, "learning rate"),
    HYPERPARAMETER(bpr_settings, regularisation, 0, 1, "L2 regularisation"),
    HYPERPARAMETER(bpr_settings, replays, 0, 1000, "older pairs trained again with each new one"),
};

static float *drawn(size_t count, uint64_t *rng)
{
    float *vectors = xmalloc((count + 1) * sizeof(*vectors));
    for (size_t at = 0; at < count; at++) { vectors[at] = (float)(.1 * rng_normal(rng)); }
    return vectors;
}

static void *bpr_make(const struct model_context *context, const void *settings)
{
    struct bpr *bpr = xcalloc(1, sizeof(*bpr));
    memcpy(&bpr->settings, settings, sizeof(bpr->settings));
    bpr->k = lanes_round((size_t)bpr->settings.factors);
    bpr->rng = context->seed;
    bpr->users = drawn((size_t)context->users_max * bpr->k, &bpr->rng);
    bpr->items = drawn((size_t)context->items_max * bpr->k, &bpr->rng);
    bpr->biases = xcalloc((size_t)context->items_max, sizeof(*bpr->biases));
    bpr->known = xcalloc((size_t)context->users_max, sizeof(*bpr->known));
    return bpr;
}

static void bpr_free(void *self)
{
    struct bpr *bpr = self;
    if (!bpr) { return; }
    free(bpr->users);
    free(bpr->items);
    free(bpr->biases);
    free(bpr->pairs);
    free(bpr->known);
    pair_set_release(&bpr->had);
    free(bpr);
}

float bpr_step(const struct bpr_triple *triple, float rate, float regularisation)
{
    size_t k = triple->k;
    float *restrict p = triple->p, *restrict q_i = triple->q_i, *restrict q_j = triple->q_j;
    float x = lanes_dot(p, q_i, k) - lanes_dot(p, q_j, k) + *triple->b_i - *triple->b_j;
    float g = rate / (1.0F + expf(x)), kept = 1.0F - rate * regularisation;
    for (size_t at = 0; at < k; at++) {
        float user = p[at];
        p[at] = kept * user + g * (q_i[at] - q_j[at]);
        q_i[at] = kept * q_i[at] + g * user;
        q_j[at] = kept * q_j[at] - g * user;
    }
    *triple->b_i = kept * *triple->b_i + g;
    *triple->b_j = kept * *triple->b_j - g;
    return x;
}

static void learn_pair(struct bpr *bpr, struct pair pair)
{
    int32_t other = pair.item;
    for (int draw = 0; draw < DRAWS_MAX && pair_set_has(&bpr->had, pair.user, other); draw++) {
        other = (int32_t)rng_below(&bpr->rng, (size_t)bpr->items_known);
    }
    if (pair_set_has(&bpr->had, pair.user, other)) { return; }
    const struct bpr_triple triple = {
        .p = bpr->users + (size_t)pair.user * bpr->k,
        .q_i = bpr->items + (size_t)pair.item * bpr->k,
        .q_j = bpr->items + (size_t)other * bpr->k,
        .b_i = &bpr->biases[pair.item],
        .b_j = &bpr->biases[other],
        .k = bpr->k,
    };
    (void)bpr_step(&triple, (float)bpr->settings.rate, (float)bpr->settings.regularisation);
}

static void bpr_learn(void *self, const struct training_example *example)
{
    struct bpr *bpr = self;
    if (!pair_set_add(&bpr->had, example->user, example->item)) { return; }
    ARRAY_RESERVE(bpr->pairs, bpr->capacity, bpr->count + 1, 1024);
    struct pair pair = {.user = example->user, .item = example->item};
    bpr->pairs[bpr->count++] = pair;
    bpr->known[example->user] = true;
    bpr->items_known = MAX_OF(bpr->items_known, example->item + 1);
    learn_pair(bpr, pair);
    for (int turn = 0; turn < (int)bpr->settings.replays; turn++) {
        learn_pair(bpr, bpr->pairs[rng_below(&bpr->rng, bpr->count)]);
    }
}

static void bpr_score(void *self, const struct query *query, float *scores)
{
    const struct bpr *bpr = self;
    float folded[BPR_FACTORS_MAX + LANES] = {0};
    const float *p = bpr->users + (size_t)query->user * bpr->k;
    if (!bpr->known[query->user]) {
        for (size_t at = 0; at < query->count; at++) {
            lanes_mix(folded, bpr->items + (size_t)query->history[at] * bpr->k, bpr->k,
                      1.0F / (float)query->count, 1.0F);
        }
        p = folded;
    }
    for (int32_t i = 0; i < query->items; i++) {
        scores[i] = lanes_dot(p, bpr->items + (size_t)i * bpr->k, bpr->k) + bpr->biases[i];
    }
}

const struct recommender bpr_recommender = {
    .name = "bpr",
    .about = "matrix factorisation that ranks items a user had above all others",
    .hyperparameters = hyperparameters,
    .hyperparameters_count = ARRAY_COUNT(hyperparameters),
    .presets = presets,
    .presets_count = ARRAY_COUNT(presets),
    .settings_size = sizeof(struct bpr_settings),
    .make = bpr_make,
    .free = bpr_free,
    .learn = bpr_learn,
    .score = bpr_score,
};
