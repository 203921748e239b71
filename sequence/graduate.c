#include "base/base.h"
#include "base/xalloc.h"
#include "model/foresight.h"
#include "sequence/graduate.h"

#include <xxhash.h>

enum { BYTE_MOST = 127 };

void graduate_quantise(const float *vector, size_t d, int8_t *ret_bytes, float *ret_scale)
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

/* The pool's item of each of the model's, or ROLL_NONE; the caller frees. */
static int32_t *pooled_items(const struct roll *roll, size_t items)
{
    int32_t *pooled = xmalloc(items * sizeof(*pooled));
    for (size_t i = 0; i < items; i++) { pooled[i] = ROLL_NONE; }
    for (size_t i = 0; i < roll->numbers_count; i++) {
        int32_t number = roll->numbers[i];
        if (number != ROLL_NONE && (size_t)number < items) { pooled[number] = (int32_t)i; }
    }
    return pooled;
}

static void fill_rows(struct graduate *graduate, const struct transformer *model,
                      const int32_t *pooled, size_t items)
{
    const size_t d = graduate->shape.d;
    const float *vectors = transformer_vectors(model);
    graduate->items = xcalloc(items, sizeof(*graduate->items));
    graduate->scales = xcalloc(items, sizeof(*graduate->scales));
    graduate->bytes = xcalloc(items * d, 1);
    for (size_t i = 0; i < items; i++) {
        if (pooled[i] == ROLL_NONE) { continue; }
        size_t row = graduate->rows++;
        graduate->items[row] = pooled[i];
        graduate_quantise(vectors + i * d, d, graduate->bytes + row * d, &graduate->scales[row]);
    }
}

static void give_name(struct graduate *graduate)
{
    XXH64_hash_t sum = XXH3_64bits(graduate->dense, graduate->dense_count * sizeof(float));
    sum = XXH3_64bits_withSeed(graduate->bytes, graduate->rows * graduate->shape.d, sum);
    sum = XXH3_64bits_withSeed(graduate->scales, graduate->rows * sizeof(float), sum);
    (void)snprintf(graduate->name, sizeof(graduate->name), "%" PRIu64 "-%016" PRIx64,
                   graduate->steps, (uint64_t)sum);
}

struct graduate *graduate_new(const struct transformer *model, const struct roll *roll,
                              uint64_t steps)
{
    struct graduate *graduate = xcalloc(1, sizeof(*graduate));
    graduate->shape = transformer_settings(model)->shape;
    graduate->steps = steps;
    graduate->dense_count = foresight_dense_count(&graduate->shape);
    graduate->dense =
        xmemdup(transformer_run(model), graduate->dense_count * sizeof(*graduate->dense));
    const size_t items = graduate->shape.items;
    int32_t *pooled = pooled_items(roll, items);
    fill_rows(graduate, model, pooled, items);
    free(pooled);
    if (!graduate->rows) { return graduate_free(graduate); }
    roll_names_copy(&roll->traits, &graduate->traits);
    const struct weights_shape *shape = &graduate->shape;
    const float *of_traits = transformer_run(model) + graduate->dense_count;
    assert(graduate->traits.count <= shape->attributes);
    graduate->trait_vectors =
        xmemdup(of_traits, (size_t)graduate->traits.count * shape->d * sizeof(*of_traits));
    give_name(graduate);
    return graduate;
}

struct graduate *graduate_free(struct graduate *graduate)
{
    if (!graduate) { return NULL; }
    free(graduate->dense);
    free(graduate->items);
    free(graduate->scales);
    free(graduate->bytes);
    free(graduate->trait_vectors);
    roll_names_release(&graduate->traits);
    free(graduate);
    return NULL;
}

int32_t graduate_trait(const struct graduate *graduate, uint64_t hash)
{
    return roll_find(&graduate->traits, hash);
}
