#include "base/base.h"
#include "base/xalloc.h"
#include "evaluate/models/user_items.h"
#include "model/rng.h"
#include "evaluate/models/transformer_online.h"
#include "model/lanes.h"
#include "model/transformer/transformer.h"

enum { WIDTH_STEP = 16, SHARES = 2, ITEMS_STEP = 64, LENGTH_MAX = 1000 };

struct transformer_online {
    struct transformer_online_settings settings;
    struct transformer *model; /* NULL until there is something to learn */
    uint64_t seed;
    uint64_t rng;
    struct user_items *histories; /* by user */
    int32_t users_max;
    uint32_t sampled; /* sampled items in a softmax, besides the targets; 0: over all items */
    int32_t known;    /* items */
    int32_t *grown; /* users with at least two actions */
    size_t grown_count;
    int32_t *fresh; /* users who have acted since the last step */
    bool *acted;    /* by user: is in `fresh` */
    size_t fresh_count;
    int64_t waiting; /* actions since the last step */
    int64_t learned; /* actions before that */
    struct sequence *sequences; /* of a step */
    float *hidden; /* d */
};

static const struct transformer_online_settings usual = {
    .every = 32,
    .d = 64,
    .blocks = 2,
    .heads = 1,
    .length = 50,
    .dropout = .5,
    .batch = 32,
    .rate = 1e-3,
    .whole = 10000,
    .negatives = 1024,
};
static const struct preset presets[] = {{.name = "usual", .settings = &usual}};
static const struct hyperparameter hyperparameters[] = {
    HYPERPARAMETER(transformer_online_settings, every, 1, 1e6, "actions per step"),
    HYPERPARAMETER(transformer_online_settings, d, 16, 512,
                   "dimensions of a vector, rounded up to a multiple of 16"),
    HYPERPARAMETER(transformer_online_settings, blocks, 1, 8, "layers"),
    HYPERPARAMETER(transformer_online_settings, heads, 1, 16, "heads of attention; divides d"),
    HYPERPARAMETER(transformer_online_settings, length, 1, LENGTH_MAX,
                   "newest actions of a user that the model reads"),
    HYPERPARAMETER(transformer_online_settings, dropout, 0, .9,
                   "dropout rate"),
    HYPERPARAMETER(transformer_online_settings, batch, 1, 1024, "users per step"),
    HYPERPARAMETER(transformer_online_settings, rate, 1e-6, 1, "learning rate"),
    HYPERPARAMETER(transformer_online_settings, whole, 2, 1e7,
                   "most items for a softmax over all items"),
    HYPERPARAMETER(transformer_online_settings, negatives, 1, 65536,
                   "sampled items per step, with more items than those"),
};

static void *transformer_online_make(const struct model_context *context, const void *settings)
{
    struct transformer_online *self = xcalloc(1, sizeof(*self));
    memcpy(&self->settings, settings, sizeof(self->settings));
    self->seed = self->rng = context->seed;
    self->users_max = context->users_max;
    if ((double)context->items_max > self->settings.whole) {
        self->sampled =
            (uint32_t)MIN_OF(self->settings.negatives, (double)context->items_max - 1.0);
    }
    self->histories = xcalloc((size_t)context->users_max + 1, sizeof(*self->histories));
    self->grown = xcalloc((size_t)context->users_max + 1, sizeof(*self->grown));
    self->fresh = xcalloc((size_t)context->users_max + 1, sizeof(*self->fresh));
    self->acted = xcalloc((size_t)context->users_max + 1, sizeof(*self->acted));
    self->sequences = xcalloc((size_t)self->settings.batch, sizeof(*self->sequences));
    return self;
}

static void transformer_online_free(void *arg)
{
    struct transformer_online *self = arg;
    if (!self) { return; }
    for (int32_t user = 0; user < self->users_max; user++) { free(self->histories[user].items); }
    free(self->histories);
    free(self->grown);
    free(self->fresh);
    free(self->acted);
    free(self->sequences);
    free(self->hidden);
    transformer_free(self->model);
    free(self);
}

/* Rounds settings to valid ones: a width that is a multiple of the SIMD lanes and of the heads. */
static struct transformer *begin(const struct transformer_online *self, uint32_t items)
{
    const struct transformer_online_settings *wish = &self->settings;
    uint32_t d = ((uint32_t)wish->d + WIDTH_STEP - 1) / WIDTH_STEP * WIDTH_STEP;
    uint32_t heads = (uint32_t)wish->heads;
    while (d % heads) { heads--; }
    const struct transformer_settings settings = {
        .shape = {.items = items,
                  .d = d,
                  .hidden = d,
                  .blocks = (uint32_t)wish->blocks,
                  .heads = heads,
                  .length = (uint32_t)wish->length},
        .dropout = (float)wish->dropout,
        .rate = (float)wish->rate,
        .negatives = self->sampled,
        .batch = (uint32_t)wish->batch,
        .lanes = SHARES,
        .threads = SHARES,
        .seed = self->seed,
    };
    return transformer_new(&settings);
}

/* Grows the model to all known items, and a few more, so that it grows rarely. */
static void make_room(struct transformer_online *self)
{
    uint32_t items = MAX_OF((uint32_t)self->known, self->sampled + 1);
    items = (items + ITEMS_STEP - 1) / ITEMS_STEP * ITEMS_STEP;
    if (!self->model) {
        self->model = begin(self, items);
        self->hidden = xcalloc(transformer_settings(self->model)->shape.d, sizeof(float));
    }
    if (items > transformer_settings(self->model)->shape.items) {
        transformer_grow(self->model, items);
    }
}

static struct sequence newest(const struct transformer_online *self, int32_t user)
{
    const struct user_items *history = &self->histories[user];
    const size_t count = MIN_OF(history->count, (size_t)self->settings.length + 1);
    return (struct sequence){.items = history->items + history->count - count, .count = count};
}

static void step(struct transformer_online *self)
{
    const size_t batch = (size_t)self->settings.batch;
    size_t count = 0;
    for (size_t at = 0; at < self->fresh_count; at++) {
        int32_t user = self->fresh[at];
        self->acted[user] = false;
        if (count < batch && self->histories[user].count > 1) {
            self->sequences[count++] = newest(self, user);
        }
    }
    self->fresh_count = 0;
    self->learned += self->waiting;
    self->waiting = 0;
    if (!self->grown_count) { return; }
    while (count < batch) {
        int32_t user = self->grown[rng_below(&self->rng, self->grown_count)];
        self->sequences[count++] = newest(self, user);
    }
    make_room(self);
    (void)transformer_learn(self->model, self->sequences, count);
}

static bool is_due(const struct transformer_online *self)
{
    int64_t every = MAX_OF((int64_t)self->settings.every, self->learned / TRANSFORMER_ONLINE_STEPS);
    return self->waiting >= every;
}

static void transformer_online_learn(void *arg, const struct training_example *example)
{
    struct transformer_online *self = arg;
    struct user_items *history = &self->histories[example->user];
    user_items_add(history, example->item);
    self->known = MAX_OF(self->known, example->item + 1);
    if (history->count == 2) { self->grown[self->grown_count++] = example->user; }
    if (!self->acted[example->user]) { self->fresh[self->fresh_count++] = example->user; }
    self->acted[example->user] = true;
    self->waiting++;
    if (is_due(self)) { step(self); }
}

/* Items that the model does not have are left out of the history and get the lowest score. */
static void transformer_online_score(void *arg, const struct query *query, float *scores)
{
    struct transformer_online *self = arg;
    memset(scores, 0, (size_t)query->items * sizeof(*scores));
    if (!self->model) { return; }
    const size_t items = transformer_settings(self->model)->shape.items;
    const size_t d = transformer_settings(self->model)->shape.d;
    const size_t length = (size_t)self->settings.length;
    int32_t history[LENGTH_MAX];
    size_t count = 0;
    for (size_t at = query->count > length ? query->count - length : 0; at < query->count; at++) {
        if ((size_t)query->history[at] < items) { history[count++] = query->history[at]; }
    }
    if (!count) { return; }
    transformer_encode(self->model, &(struct sequence){.items = history, .count = count}, 1,
                       self->hidden);
    const float *table = transformer_vectors(self->model);
    size_t both = MIN_OF(items, (size_t)query->items);
    float least = INFINITY;
    for (size_t item = 0; item < both; item++) {
        scores[item] = lanes_dot(table + item * d, self->hidden, d);
        least = MIN_OF(least, scores[item]);
    }
    for (size_t item = both; item < (size_t)query->items; item++) { scores[item] = least; }
}

const struct recommender transformer_online_recommender = {
    .name = "transformer-online",
    .about = "predicts the next item from the newest actions, learning as they come",
    .hyperparameters = hyperparameters,
    .hyperparameters_count = ARRAY_COUNT(hyperparameters),
    .presets = presets,
    .presets_count = ARRAY_COUNT(presets),
    .settings_size = sizeof(struct transformer_online_settings),
    .streams = true,
    .make = transformer_online_make,
    .free = transformer_online_free,
    .learn = transformer_online_learn,
    .score = transformer_online_score,
};
