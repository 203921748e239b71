#include "base/base.h"
#include "base/xalloc.h"
#include "evaluate/models/given_vectors.h"
#include "model/lanes.h"

/* Older items weigh less than this part of the newest and are left out. */
#define WEIGHT_LEAST 1e-4F

struct given_vectors {
    float *rows; /* items_max x stride, 0 where none was given */
    size_t width, stride;
    int32_t items_max;
};

struct given_vectors *given_vectors_new(int32_t items_max, size_t width)
{
    assert(width > 0 && width <= GIVEN_VECTORS_WIDTH_MAX);
    struct given_vectors *vectors = xcalloc(1, sizeof(*vectors));
    vectors->width = width;
    vectors->stride = lanes_round(width);
    vectors->items_max = items_max;
    vectors->rows = xcalloc((size_t)items_max * vectors->stride + 1, sizeof(*vectors->rows));
    return vectors;
}

struct given_vectors *given_vectors_free(struct given_vectors *vectors)
{
    if (!vectors) { return NULL; }
    free(vectors->rows);
    free(vectors);
    return NULL;
}

size_t given_vectors_width(const struct given_vectors *vectors)
{
    return vectors->width;
}

static float *row_of(const struct given_vectors *vectors, int32_t item)
{
    assert(item >= 0 && item < vectors->items_max);
    return vectors->rows + (size_t)item * vectors->stride;
}

int given_vectors_put(struct given_vectors *vectors, int32_t item, const float *vector)
{
    double squares = 0.0;
    for (size_t d = 0; d < vectors->width; d++) {
        squares += (double)vector[d] * (double)vector[d];
    }
    if (!isfinite(squares) || !(squares > 0.0)) { return -EDOM; }
    float *row = row_of(vectors, item);
    double scale = 1.0 / sqrt(squares);
    for (size_t d = 0; d < vectors->width; d++) { row[d] = (float)((double)vector[d] * scale); }
    return 0;
}

const float *given_vectors_of(const struct given_vectors *vectors, int32_t item)
{
    return row_of(vectors, item);
}

float given_vectors_cosine(const struct given_vectors *vectors, int32_t a, int32_t b)
{
    return lanes_dot(row_of(vectors, a), row_of(vectors, b), vectors->stride);
}

struct likeness {
    struct given_vectors_settings settings;
    const struct given_vectors *vectors; /* NULL: all items score the same */
    float *wanted;                       /* stride */
};

static const struct given_vectors_settings recent = {.recency_decay = .7};
static const struct preset presets[] = {{.name = "recent", .settings = &recent}};
static const struct hyperparameter hyperparameters[] = {
    HYPERPARAMETER(given_vectors_settings, recency_decay, 0, 1,
                   "weight of an item relative to a newer one"),
};

static void *likeness_make(const struct model_context *context, const void *settings)
{
    struct likeness *likeness = xcalloc(1, sizeof(*likeness));
    memcpy(&likeness->settings, settings, sizeof(likeness->settings));
    likeness->vectors = context->vectors;
    size_t stride = context->vectors ? context->vectors->stride : 0;
    likeness->wanted = xcalloc(stride + 1, sizeof(*likeness->wanted));
    return likeness;
}

static void likeness_free(void *self)
{
    struct likeness *likeness = self;
    if (!likeness) { return; }
    free(likeness->wanted);
    free(likeness);
}

static bool likeness_retune(void *self, const void *settings)
{
    struct likeness *likeness = self;
    memcpy(&likeness->settings, settings, sizeof(likeness->settings));
    return true;
}

static bool likeness_suits(const struct model_context *context)
{
    return context->vectors != NULL;
}

/* Does nothing: the model does not use other users' actions. */
static void likeness_learn(void *self, const struct training_example *example)
{
    (void)self;
    (void)example;
}

static void likeness_score(void *self, const struct query *query, float *scores)
{
    struct likeness *likeness = self;
    const struct given_vectors *vectors = likeness->vectors;
    memset(scores, 0, (size_t)query->items * sizeof(*scores));
    if (!vectors) { return; }
    float weight = 1.0F;
    memset(likeness->wanted, 0, vectors->stride * sizeof(*likeness->wanted));
    for (size_t at = query->count; at-- > 0 && weight > WEIGHT_LEAST;) {
        lanes_mix(likeness->wanted, row_of(vectors, query->history[at]), vectors->stride, weight,
                  1.0F);
        weight *= (float)likeness->settings.recency_decay;
    }
    for (int32_t i = 0; i < query->items; i++) {
        scores[i] = lanes_dot(likeness->wanted, row_of(vectors, i), vectors->stride);
    }
}

const struct recommender given_vectors_recommender = {
    .name = "vectors",
    .about = "items that are similar by given vectors",
    .hyperparameters = hyperparameters,
    .hyperparameters_count = ARRAY_COUNT(hyperparameters),
    .presets = presets,
    .presets_count = ARRAY_COUNT(presets),
    .settings_size = sizeof(struct given_vectors_settings),
    .suits = likeness_suits,
    .make = likeness_make,
    .free = likeness_free,
    .learn = likeness_learn,
    .retune = likeness_retune,
    .score = likeness_score,
};
