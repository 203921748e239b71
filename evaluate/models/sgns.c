#include "base/base.h"
#include "base/xalloc.h"
#include "model/rng.h"
#include "model/lanes.h"
#include "evaluate/models/sgns.h"

#define POWER .75

/* Older items weigh less than this part of the newest and are left out. */
#define WEIGHT_LEAST 1e-4F

struct sgns {
    struct sgns_settings settings;
    size_t k;
    float *ins, *outs;
    int64_t *counts; /* by item */
    float *drawn;    /* by item: ln of how often it is drawn */
    int32_t *table;
    size_t filled, size;
    double mass; /* Z */
    uint64_t rng;
};

static const struct sgns_settings near = {
    .factors = 64, .window = 3, .negatives = 5, .repeats = 2, .rate = .05, .recency_decay = .7,
    .table = 65536,
};
static const struct preset presets[] = {{.name = "near", .settings = &near}};
static const struct hyperparameter hyperparameters[] = {
    HYPERPARAMETER(sgns_settings, factors, 1, SGNS_FACTORS_MAX, "dimensions of a vector"),
    HYPERPARAMETER(sgns_settings, window, 1, 100, "newest items that are paired with a new one"),
    HYPERPARAMETER(sgns_settings, negatives, 1, SGNS_NEGATIVES_MAX,
                   "sampled negative items per pair"),
    HYPERPARAMETER(sgns_settings, repeats, 1, 100, "steps per pair"),
    HYPERPARAMETER(sgns_settings, rate, 0, 1, "learning rate"),
    HYPERPARAMETER(sgns_settings, table, 1, 1e8,
                   "items in the table from which negatives are sampled"),
    HYPERPARAMETER(sgns_settings, recency_decay, 0, 1,
                   "weight of an item relative to the next newer one"),
};

static void *sgns_make(const struct model_context *context, const void *settings)
{
    struct sgns *sgns = xcalloc(1, sizeof(*sgns));
    size_t items = (size_t)context->items_max;
    memcpy(&sgns->settings, settings, sizeof(sgns->settings));
    sgns->k = lanes_round((size_t)sgns->settings.factors);
    sgns->size = (size_t)sgns->settings.table;
    sgns->rng = context->seed;
    sgns->ins = xcalloc(items * sgns->k + 1, sizeof(*sgns->ins));
    sgns->outs = xcalloc(items * sgns->k + 1, sizeof(*sgns->outs));
    for (size_t at = 0; at < items * sgns->k; at++) {
        sgns->ins[at] = (float)(.1 * rng_normal(&sgns->rng));
    }
    sgns->counts = xcalloc(items, sizeof(*sgns->counts));
    sgns->drawn = xcalloc(items, sizeof(*sgns->drawn));
    sgns->table = xcalloc(sgns->size, sizeof(*sgns->table));
    return sgns;
}

static void sgns_free(void *self)
{
    struct sgns *sgns = self;
    if (!sgns) { return; }
    free(sgns->ins);
    free(sgns->outs);
    free(sgns->counts);
    free(sgns->drawn);
    free(sgns->table);
    free(sgns);
}

static bool sgns_retune(void *self, const void *settings)
{
    struct sgns *sgns = self;
    struct sgns_settings now;
    memcpy(&now, settings, sizeof(now));
    double decay = now.recency_decay;
    now.recency_decay = sgns->settings.recency_decay;
    if (memcmp(&now, &sgns->settings, sizeof(now)) != 0) { return false; }
    sgns->settings.recency_decay = decay;
    return true;
}

/* Counts an action in the table that negatives are drawn from. */
static void count_action(struct sgns *sgns, int32_t item)
{
    double n = (double)++sgns->counts[item];
    double gained = pow(n, POWER) - pow(n - 1.0, POWER);
    sgns->mass += gained;
    sgns->drawn[item] = (float)(POWER * log(n + 1.0));
    double places = sgns->filled < sgns->size ? gained : (double)sgns->size * gained / sgns->mass;
    size_t whole = (size_t)places;
    whole += rng_unit(&sgns->rng) < places - (double)whole;
    for (size_t at = 0; at < whole; at++) {
        size_t place =
            sgns->filled < sgns->size ? sgns->filled++ : rng_below(&sgns->rng, sgns->size);
        sgns->table[place] = item;
    }
}

double sgns_step(const struct sgns_step *step, float rate)
{
    float moved[SGNS_FACTORS_MAX + LANES] = {0};
    double loss = 0.0;
    for (size_t at = 0; at < step->count; at++) {
        float x = lanes_dot(step->in, step->outs[at], step->k);
        float wanted = at == 0 ? 1.0F : 0.0F;
        float g = rate * (wanted - 1.0F / (1.0F + expf(-x)));
        loss += log1p(exp(at == 0 ? -(double)x : (double)x));
        lanes_mix(moved, step->outs[at], step->k, g, 1.0F);
        lanes_mix(step->outs[at], step->in, step->k, g, 1.0F);
    }
    lanes_mix(step->in, moved, step->k, 1.0F, 1.0F);
    return loss;
}

static void learn_pair(struct sgns *sgns, int32_t from, int32_t to)
{
    float *outs[1 + SGNS_NEGATIVES_MAX];
    size_t count = 1, k = sgns->k;
    outs[0] = sgns->outs + (size_t)to * k;
    for (int draw = 0; draw < (int)sgns->settings.negatives && sgns->filled; draw++) {
        int32_t other = sgns->table[rng_below(&sgns->rng, sgns->filled)];
        if (other != to) { outs[count++] = sgns->outs + (size_t)other * k; }
    }
    const struct sgns_step step = {
        .in = sgns->ins + (size_t)from * k, .outs = outs, .count = count, .k = k};
    (void)sgns_step(&step, (float)sgns->settings.rate);
}

static void sgns_learn(void *self, const struct training_example *example)
{
    struct sgns *sgns = self;
    count_action(sgns, example->item);
    size_t window = MIN_OF(example->before_count, (size_t)sgns->settings.window);
    for (int turn = 0; turn < (int)sgns->settings.repeats; turn++) {
        for (size_t w = 1; w <= window; w++) {
            int32_t from = example->before[example->before_count - w];
            if (from != example->item) { learn_pair(sgns, from, example->item); }
        }
    }
}

static void sgns_score(void *self, const struct query *query, float *scores)
{
    const struct sgns *sgns = self;
    float in[SGNS_FACTORS_MAX + LANES] = {0}, weight = 1.0F, whole = 0.0F;
    for (size_t at = query->count; at-- > 0 && weight > WEIGHT_LEAST;) {
        lanes_mix(in, sgns->ins + (size_t)query->history[at] * sgns->k, sgns->k, weight, 1.0F);
        whole += weight;
        weight *= (float)sgns->settings.recency_decay;
    }
    for (int32_t i = 0; i < query->items; i++) {
        scores[i] = lanes_dot(in, sgns->outs + (size_t)i * sgns->k, sgns->k) +
                    whole * sgns->drawn[i];
    }
}

const struct recommender sgns_recommender = {
    .name = "sgns",
    .about = "item embeddings from neighbouring actions, action by action",
    .hyperparameters = hyperparameters,
    .hyperparameters_count = ARRAY_COUNT(hyperparameters),
    .presets = presets,
    .presets_count = ARRAY_COUNT(presets),
    .settings_size = sizeof(struct sgns_settings),
    .make = sgns_make,
    .free = sgns_free,
    .learn = sgns_learn,
    .retune = sgns_retune,
    .score = sgns_score,
};
