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

/* The training set's item for each item of the model, or VOCABULARY_NONE; the caller frees. */
static int32_t *training_items_of(const struct vocabulary *vocabulary, size_t items)
{
    int32_t *training_items = xmalloc(items * sizeof(*training_items));
    for (size_t i = 0; i < items; i++) { training_items[i] = VOCABULARY_NONE; }
    for (size_t i = 0; i < vocabulary->numbers_count; i++) {
        int32_t number = vocabulary->numbers[i];
        if (number != VOCABULARY_NONE && (size_t)number < items) {
            training_items[number] = (int32_t)i;
        }
    }
    return training_items;
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

struct model_snapshot *model_snapshot_new(const struct transformer *model,
                                          const struct vocabulary *vocabulary, uint64_t steps)
{
    struct model_snapshot *snapshot = xcalloc(1, sizeof(*snapshot));
    snapshot->shape = transformer_settings(model)->shape;
    snapshot->steps = steps;
    snapshot->dense_count = transformer_inference_dense_count(&snapshot->shape);
    snapshot->dense =
        xmemdup(transformer_run(model), snapshot->dense_count * sizeof(*snapshot->dense));
    const size_t items = snapshot->shape.items;
    int32_t *training_items = training_items_of(vocabulary, items);
    fill_rows(snapshot, model, training_items, items);
    free(training_items);
    if (!snapshot->rows || !is_finite(snapshot->dense, snapshot->dense_count) ||
        !is_finite(transformer_vectors(model), items * snapshot->shape.d) ||
        !is_finite(snapshot->scales, snapshot->rows)) {
        return model_snapshot_free(snapshot);
    }
    vocabulary_names_copy(&vocabulary->attributes, &snapshot->attributes);
    const struct weights_shape *shape = &snapshot->shape;
    const float *attribute_vectors = transformer_run(model) + snapshot->dense_count;
    assert(snapshot->attributes.count <= shape->attributes);
    snapshot->attribute_vectors =
        xmemdup(attribute_vectors,
                (size_t)snapshot->attributes.count * shape->d * sizeof(*attribute_vectors));
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
    vocabulary_names_release(&snapshot->attributes);
    free(snapshot);
    return NULL;
}

int32_t model_snapshot_attribute(const struct model_snapshot *snapshot, uint64_t hash)
{
    return vocabulary_find(&snapshot->attributes, hash);
}
