#include "base/base.h"
#include "base/xalloc.h"
#include "model/transformer/transformer_inference.h"
#include "trainer/sequence/model_snapshot.h"

#include <xxhash.h>

enum { BYTE_MOST = 127 };

void model_snapshot_quantise(const float *vector, size_t d, int8_t *ret_bytes, float *ret_scale)
{
    float largest = 0.0F;
    for (size_t i = 0; i < d; i++) { largest = MAX_OF(largest, fabsf(vector[i])); }
    *ret_scale = largest / BYTE_MOST;
    const double times = *ret_scale > 0.0F ? 1.0 / (double)*ret_scale : 0.0;
    for (size_t i = 0; i < d; i++) {
        long byte = lrint((double)vector[i] * times);
        ret_bytes[i] = (int8_t)MAX_OF(-(long)BYTE_MOST, MIN_OF((long)BYTE_MOST, byte));
    }
}

static void fill_rows(struct model_snapshot *snapshot, const struct transformer *model,
                      const int32_t *training_items, size_t items)
{
    const size_t d = snapshot->shape.d;
    const float *vectors = transformer_vectors(model);
    snapshot->items = xcalloc(items, sizeof(*snapshot->items));
    snapshot->scales = xcalloc(items, sizeof(*snapshot->scales));
    snapshot->bytes = xcalloc(items * d, 1);
    for (size_t i = 0; i < items; i++) {
        if (training_items[i] == VOCABULARY_NONE) { continue; }
        size_t row = snapshot->rows++;
        snapshot->items[row] = training_items[i];
        model_snapshot_quantise(vectors + i * d, d, snapshot->bytes + row * d,
                                &snapshot->scales[row]);
    }
}

static void set_name(struct model_snapshot *snapshot)
{
    XXH64_hash_t sum = XXH3_64bits(snapshot->dense, snapshot->dense_count * sizeof(float));
    sum = XXH3_64bits_withSeed(snapshot->bytes, snapshot->rows * snapshot->shape.d, sum);
    sum = XXH3_64bits_withSeed(snapshot->scales, snapshot->rows * sizeof(float), sum);
    if (snapshot->projection) {
        size_t count = snapshot->content.width * snapshot->shape.d;
        sum = XXH3_64bits_withSeed(snapshot->projection, count * sizeof(float), sum);
    }
    (void)snprintf(snapshot->name, sizeof(snapshot->name), "%" PRIu64 "-%016" PRIx64,
                   snapshot->steps, (uint64_t)sum);
}

/* A learning rate that is too high lets the numbers grow beyond all bounds. */
static bool is_finite(const float *numbers, size_t count)
{
    bool finite = true;
    for (size_t i = 0; i < count; i++) { finite &= (bool)isfinite(numbers[i]); }
    return finite;
}

static void fill_attributes(struct model_snapshot *snapshot, const struct vocabulary *vocabulary,
                            const float *vectors)
{
    const struct weights_shape *shape = &snapshot->shape;
    vocabulary_names_copy(&vocabulary->attributes, &snapshot->attributes);
    assert(snapshot->attributes.count <= shape->attributes);
    snapshot->attribute_vectors = xmemdup(
        vectors, (size_t)snapshot->attributes.count * shape->d * sizeof(*vectors));
}

struct model_snapshot *model_snapshot_new(const struct transformer *model,
                                          const struct vocabulary *vocabulary,
                                          const struct content_input *content, uint64_t steps)
{
    struct model_snapshot *snapshot = xcalloc(1, sizeof(*snapshot));
    snapshot->shape = transformer_settings(model)->shape;
    snapshot->steps = steps;
    snapshot->dense_count = transformer_inference_dense_count(&snapshot->shape);
    snapshot->dense =
        xmemdup(transformer_run(model), snapshot->dense_count * sizeof(*snapshot->dense));
    const size_t items = snapshot->shape.items;
    int32_t *training_items = vocabulary_training_items(vocabulary);
    fill_rows(snapshot, model, training_items, items);
    free(training_items);
    if (!snapshot->rows || !is_finite(snapshot->dense, snapshot->dense_count) ||
        !is_finite(transformer_vectors(model), items * snapshot->shape.d) ||
        !is_finite(snapshot->scales, snapshot->rows)) {
        return model_snapshot_free(snapshot);
    }
    const struct weights_shape *shape = &snapshot->shape;
    const float *projection = transformer_run(model) + snapshot->dense_count;
    if (content->space.id) {
        snapshot->content = content->space;
        snapshot->projection = content_input_projection(content, projection, shape->d);
    }
    fill_attributes(snapshot, vocabulary, projection + (size_t)shape->content * shape->d);
    set_name(snapshot);
    return snapshot;
}

struct model_snapshot *model_snapshot_free(struct model_snapshot *snapshot)
{
    if (!snapshot) { return NULL; }
    free(snapshot->dense);
    free(snapshot->items);
    free(snapshot->scales);
    free(snapshot->bytes);
    free(snapshot->attribute_vectors);
    free(snapshot->projection);
    vocabulary_names_release(&snapshot->attributes);
    free(snapshot);
    return NULL;
}

int32_t model_snapshot_attribute(const struct model_snapshot *snapshot, uint64_t hash)
{
    return vocabulary_find(&snapshot->attributes, hash);
}
