/* A model is trained in settle(), on all histories at once: epochs over their sequences, each
 * validated where there is a validator, until `patience` of them bring nothing; then the learning
 * rate falls to 0 (begin_tail()), and the best epoch's model is the one that scores.
 *
 * Attributes of items and vectors from elsewhere enter as in freshet-sequence: the former by their
 * sum, the latter made shorter by their principal components, of which a projection is learned.
 */
#include "base/base.h"
#include "base/buf.h"
#include "base/xalloc.h"
#include "evaluate/models/given_vectors.h"
#include "evaluate/models/user_items.h"
#include "evaluate/models/transformer_recommender.h"
#include "evaluate/models/sequences.h"
#include "model/gemm.h"
#include "model/principal_components.h"
#include "model/transformer/transformer.h"
#include "model/transformer/transformer_presets.h"

enum { LONG_MEAN = 30, THREADS = 2, WIDTH_STEP = 16, SHARED_LEAST = 2, TAIL_SHARE = 3 };

/* A limit for the saved best model: little more than its weights. */
#define KEPT_MAX ((size_t)4 << 30)

struct transformer_recommender {
    struct transformer_preset settings;
    const struct model_context *context;
    struct transformer *model;
    struct user_items *histories; /* users_max */
    struct buf best;
    float *hidden; /* d */
};

static const struct preset presets[] = {
    {.name = "sparse", .settings = &transformer_presets[TRANSFORMER_SPARSE]},
    {.name = "attributes",
     .settings = &transformer_presets[TRANSFORMER_ATTRIBUTES],
     .wants_content = true},
    {.name = "long", .settings = &transformer_presets[TRANSFORMER_LONG]},
    {.name = "content",
     .settings = &transformer_presets[TRANSFORMER_CONTENT],
     .wants_vectors = true},
};
static const struct hyperparameter hyperparameters[] = {
    HYPERPARAMETER(transformer_preset, epochs, 1, 1000,
                   "epochs over all sequences, at most"),
    HYPERPARAMETER(transformer_preset, patience, 1, 1000,
                   "epochs without gain, then the learning rate falls"),
    HYPERPARAMETER(transformer_preset, d, 16, 512,
                   "dimensions of a vector, rounded up to a multiple of 16"),
    HYPERPARAMETER(transformer_preset, blocks, 1, 8, "layers"),
    HYPERPARAMETER(transformer_preset, heads, 1, 16, "heads of attention; divides d"),
    HYPERPARAMETER(transformer_preset, length, 1, 1000,
                   "newest actions of a user that the model reads"),
    HYPERPARAMETER(transformer_preset, windows, 1, 1000,
                   "pieces of `length` trained on, newest first"),
    HYPERPARAMETER(transformer_preset, dropout, 0, .9,
                   "dropout rate"),
    HYPERPARAMETER(transformer_preset, batch, 1, 1024, "sequences per step"),
    HYPERPARAMETER(transformer_preset, rate, 1e-6, 1, "learning rate"),
    HYPERPARAMETER(transformer_preset, whole, 2, 1e7,
                   "most items for a softmax over all items"),
    HYPERPARAMETER(transformer_preset, negatives, 1, 65536,
                   "sampled items per step, with more items than those"),
    HYPERPARAMETER(transformer_preset, pruned, 0, .99,
                   "share of the weights set to 0 in the end"),
    HYPERPARAMETER(transformer_preset, content, 0, 512,
                   "numbers that items' vectors are made shorter to; 0: vectors are not used"),
    HYPERPARAMETER(transformer_preset, mask_share, 0, .9,
                   "share of the items masked and predicted from both sides; 0: causal"),
};

/* Numbers features of at least two items from 0 on; others get -1. */
static int32_t *number_features(const struct model_context *context, size_t *ret_features)
{
    const uint32_t *features;
    size_t count, most = 0;
    for (int32_t item = 0; item < context->items_max; item++) {
        features = content_features(context->content, item, &count);
        if (count) { most = MAX_OF(most, (size_t)features[count - 1] + 1); }
    }
    int32_t *numbers = xcalloc(most + 1, sizeof(*numbers));
    for (int32_t item = 0; item < context->items_max; item++) {
        features = content_features(context->content, item, &count);
        for (size_t at = 0; at < count; at++) { numbers[features[at]]++; }
    }
    *ret_features = 0;
    for (size_t f = 0; f < most; f++) {
        numbers[f] = numbers[f] < SHARED_LEAST ? -1 : (int32_t)(*ret_features)++;
    }
    return numbers;
}

static void tell_attributes(struct transformer *model, const struct model_context *context,
                            const int32_t *numbers)
{
    size_t *starts = xcalloc((size_t)context->items_max + 1, sizeof(*starts));
    int32_t *ids = NULL;
    size_t filled = 0, capacity = 0;
    for (int32_t item = 0; item < context->items_max; item++) {
        size_t count;
        const uint32_t *features = content_features(context->content, item, &count);
        if (filled + count >= capacity) {
            capacity = 2 * (filled + count) + 1;
            ids = xreallocarray(ids, capacity, sizeof(*ids));
        }
        for (size_t at = 0; at < count; at++) {
            if (numbers[features[at]] >= 0) { ids[filled++] = numbers[features[at]]; }
        }
        starts[item + 1] = filled;
    }
    transformer_set_attributes(model, starts, ids);
    free(starts);
    free(ids);
}

static bool has_vector(const struct given_vectors *vectors, int32_t item)
{
    return given_vectors_cosine(vectors, item, item) > 0.0F;
}

/* The principal components of the items' vectors, as many as the model's shape has. */
static struct principal_components *components_of(const struct model_context *context, size_t rank)
{
    const struct given_vectors *vectors = context->vectors;
    struct principal_components *components =
        principal_components_new(given_vectors_width(vectors));
    for (int32_t item = 0; item < context->items_max; item++) {
        if (has_vector(vectors, item)) {
            principal_components_add(components, given_vectors_of(vectors, item));
        }
    }
    (void)principal_components_find(components, rank);
    return components;
}

static void tell_content(struct transformer *model, const struct model_context *context)
{
    const size_t rank = transformer_settings(model)->shape.content;
    const size_t width = given_vectors_width(context->vectors);
    struct principal_components *components = components_of(context, rank);
    _cleanup_(xfreep) float *content = xcalloc((size_t)context->items_max * rank, sizeof(*content));
    for (int32_t item = 0; item < context->items_max; item++) {
        gemm_nn((struct gemm_shape){1, rank, width}, 1.0F,
                matrix_of(given_vectors_of(context->vectors, item), width),
                matrix_of(principal_components_matrix(components), rank), 0.0F,
                content + (size_t)item * rank, rank);
    }
    transformer_set_content(model, content);
    principal_components_free(components);
}

/* Rounds settings to valid ones: a width that is a multiple of the SIMD lanes and of the heads. */
static struct transformer_settings shape_of(const struct transformer_preset *wish,
                                            const struct model_context *context, size_t features)
{
    uint32_t d = ((uint32_t)wish->d + WIDTH_STEP - 1) / WIDTH_STEP * WIDTH_STEP;
    uint32_t heads = (uint32_t)wish->heads;
    while (d % heads) { heads--; }
    bool all = (double)context->items_max <= wish->whole;
    return (struct transformer_settings){
        .shape = {.items = (uint32_t)context->items_max,
                  .d = d,
                  .hidden = d,
                  .blocks = (uint32_t)wish->blocks,
                  .heads = heads,
                  .length = MAX_OF((uint32_t)wish->length, wish->mask_share > 0.0 ? 2U : 1U),
                  .attributes = (uint32_t)features,
                  .content = context->vectors ? (uint32_t)wish->content : 0},
        .dropout = (float)wish->dropout,
        .rate = (float)wish->rate,
        .mask_share = (float)wish->mask_share,
        .negatives = all ? 0 : MIN_OF((uint32_t)wish->negatives, (uint32_t)context->items_max - 1),
        .batch = (uint32_t)wish->batch,
        .lanes = THREADS,
        .threads = THREADS,
        .seed = context->seed,
    };
}

static void *transformer_recommender_make(const struct model_context *context, const void *settings)
{
    struct transformer_recommender *self = xcalloc(1, sizeof(*self));
    memcpy(&self->settings, settings, sizeof(self->settings));
    self->context = context;
    self->histories = xcalloc((size_t)context->users_max, sizeof(*self->histories));
    buf_init(&self->best, KEPT_MAX);
    size_t features = 0;
    int32_t *numbers = context->content ? number_features(context, &features) : NULL;
    struct transformer_settings shape = shape_of(&self->settings, context, features);
    self->model = transformer_new(&shape);
    if (features) { tell_attributes(self->model, context, numbers); }
    if (shape.shape.content) { tell_content(self->model, context); }
    self->hidden = xcalloc(shape.shape.d, sizeof(*self->hidden));
    free(numbers);
    return self;
}

static void transformer_recommender_free(void *arg)
{
    struct transformer_recommender *self = arg;
    if (!self) { return; }
    for (int32_t user = 0; user < self->context->users_max; user++) {
        free(self->histories[user].items);
    }
    free(self->histories);
    transformer_free(self->model);
    buf_release(&self->best);
    free(self->hidden);
    free(self);
}

static void transformer_recommender_learn(void *arg, const struct training_example *example)
{
    struct transformer_recommender *self = arg;
    user_items_add(&self->histories[example->user], example->item);
}

/* Makes a sequence of each history, and further ones of the older pieces of a long history. */
static struct sequence *sequences_of_histories(const struct transformer_recommender *self,
                                               size_t *ret_count)
{
    const size_t length = (size_t)self->settings.length;
    const size_t windows = (size_t)self->settings.windows;
    struct sequence *sequences =
        xcalloc((size_t)self->context->users_max * windows + 1, sizeof(*sequences));
    *ret_count = 0;
    for (int32_t user = 0; user < self->context->users_max; user++) {
        const struct user_items *history = &self->histories[user];
        size_t end = history->count;
        for (size_t w = 0; w < windows && end > (w ? 1 : 0); w++) {
            sequences[(*ret_count)++] = (struct sequence){.items = history->items, .count = end};
            end = end > length ? end - length : 0;
        }
    }
    return sequences;
}

struct progress {
    double best;
    int best_epoch, epoch;
    int tail_from, ends; /* epochs between which the learning rate falls */
};

static void set_rate(struct transformer_recommender *self, const struct progress *progress)
{
    double tail = MAX_OF(progress->ends - progress->tail_from, 1);
    double left = ((double)(progress->ends - progress->epoch) - .5) / tail;
    transformer_set_rate(self->model, (float)(self->settings.rate * MIN_OF(1.0, left)));
}

/* `patience` epochs brought no gain: the learning rate begins to fall. */
static void begin_tail(struct progress *progress)
{
    int learned = progress->epoch + 1;
    progress->tail_from = learned;
    progress->ends = MIN_OF(progress->ends, learned + (learned + TAIL_SHARE - 1) / TAIL_SHARE);
}

static void validate_epoch(struct transformer_recommender *self, struct progress *progress)
{
    const struct validator *validator = self->context->validator;
    double objective = validator->objective(validator->arg, &transformer_recommender, self);
    if (objective > progress->best) {
        progress->best = objective;
        progress->best_epoch = progress->epoch;
        buf_clear(&self->best);
        transformer_save(self->model, &self->best, /* state= */ false);
    }
    bool in_tail = progress->epoch + 1 >= progress->tail_from;
    if (!in_tail && progress->epoch - progress->best_epoch >= (int)self->settings.patience) {
        begin_tail(progress);
    }
}

/* Restores the best model, without the optimiser's moments. */
static void recall_best(struct transformer_recommender *self)
{
    const char *why;
    struct transformer *best =
        transformer_load((struct slice){self->best.data, self->best.size}, THREADS, &why);
    assert(best);
    transformer_free(self->model);
    self->model = best;
    buf_release(&self->best);
    buf_init(&self->best, KEPT_MAX);
}

static void transformer_recommender_settle(void *arg)
{
    struct transformer_recommender *self = arg;
    size_t count;
    struct sequence *sequences = sequences_of_histories(self, &count);
    int epochs = count ? (int)self->settings.epochs : 0;
    struct progress progress = {
        .best = -INFINITY,
        .ends = epochs,
        .tail_from = epochs - epochs / TAIL_SHARE,
    };
    for (; progress.epoch < progress.ends; progress.epoch++) {
        set_rate(self, &progress);
        (void)transformer_epoch(self->model, sequences, count);
        if (self->context->validator) { validate_epoch(self, &progress); }
    }
    if (self->best.size && !self->best.failed) { recall_best(self); }
    transformer_prune(self->model, (float)self->settings.pruned);
    free(sequences);
}

static void transformer_recommender_score(void *arg, const struct query *query, float *scores)
{
    struct transformer_recommender *self = arg;
    assert(query->items == self->context->items_max);
    if (!query->count) {
        memset(scores, 0, (size_t)query->items * sizeof(*scores));
        return;
    }
    struct sequence history = {.items = query->history, .count = query->count};
    transformer_encode(self->model, &history, 1, self->hidden);
    transformer_scores(self->model, self->hidden, 1, scores);
}

static size_t transformer_recommender_prefer(const struct model_context *context,
                                             const struct sequences *sequences)
{
    size_t actions = sequences->starts[sequences->users];
    if (actions >= (size_t)LONG_MEAN * (size_t)sequences->users) { return TRANSFORMER_LONG; }
    if (context->vectors) { return TRANSFORMER_CONTENT; }
    return context->content ? TRANSFORMER_ATTRIBUTES : TRANSFORMER_SPARSE;
}

const struct recommender transformer_recommender = {
    .name = "transformer",
    .about = "predicts the next item from the whole sequence",
    .served = true,
    .hyperparameters = hyperparameters,
    .hyperparameters_count = ARRAY_COUNT(hyperparameters),
    .presets = presets,
    .presets_count = ARRAY_COUNT(presets),
    .settings_size = sizeof(struct transformer_preset),
    .prefer = transformer_recommender_prefer,
    .make = transformer_recommender_make,
    .free = transformer_recommender_free,
    .learn = transformer_recommender_learn,
    .settle = transformer_recommender_settle,
    .score = transformer_recommender_score,
};
