/* What attributes and content vectors add to a model's item vectors, and their gradients. */
#include "base/base.h"
#include "model/transformer/transformer_internal.h"
#include "tests/unit/small_transformer.h"

enum { CONTENT = 3 };

static const int32_t with_searches[] = {1, 2, -2, 3, 4, -3, 5, 6, 7};
static const struct sequence searching[] = {
    {.items = with_searches, .count = 9},
    {.items = second, .count = 3},
};
static const float search_content[] = {.7f, -.3f, .2f, -1, .5f, .1f};

/* What an item's attributes add, as a content vector of the same numbers. */
static void indicate(float content[9 * CONTENT])
{
    memset(content, 0, 9 * CONTENT * sizeof(*content));
    for (size_t item = 0; item < 9; item++) {
        const size_t n = has_starts[item + 1] - has_starts[item];
        for (size_t i = has_starts[item]; i < has_starts[item + 1]; i++) {
            content[item * CONTENT + (size_t)has[i]] = 1.0f / sqrtf((float)n);
        }
    }
}

/* Attributes are content vectors that say which ones an item has, and the other way round. */
static void test_content_as_attributes(void **state)
{
    struct transformer_settings settings = small;
    float content[9 * CONTENT];
    indicate(content);
    struct transformer *attributes = transformer_new(&settings);
    settings.shape.attributes = 0;
    settings.shape.content = CONTENT;
    struct transformer *vectors = transformer_new(&settings);
    assert_int_equal(attributes->count, vectors->count);
    memcpy(vectors->values, attributes->values, attributes->count * sizeof(float));
    transformer_set_attributes(attributes, has_starts, has);
    transformer_set_content(vectors, content);
    for (size_t step = 0; step < 3; step++) {
        double want = transformer_learn(attributes, three, 3);
        near_to(transformer_learn(vectors, three, 3), want, 2e-6, "loss", step);
    }
    for (size_t i = 0; i < 9 * 16; i++) {
        near_to(vectors->table[i], attributes->table[i], 2e-5, "vector", i);
    }
    transformer_grow(vectors, 11);
    for (size_t i = 0; i < 2 * 16; i++) {
        assert_true(vectors->table[9 * 16 + i] == vectors->weights.items[9 * 16 + i]);
    }
    for (size_t i = 0; i < 9 * 16; i++) {
        near_to(vectors->table[i], attributes->table[i], 2e-5, "vector, grown", i);
    }
    transformer_free(attributes);
    transformer_free(vectors);
}

static struct transformer *with_content(void)
{
    struct transformer_settings settings = small;
    float content[9 * CONTENT];
    settings.shape.content = CONTENT;
    indicate(content);
    for (size_t i = 0; i < 9 * CONTENT; i++) { content[i] += .1f * (float)(i % 7); }
    struct transformer *model = transformer_new(&settings);
    for (size_t i = 0; i < model->count; i++) { model->values[i] *= 5.0f; }
    transformer_set_attributes(model, has_starts, has);
    transformer_set_content(model, content);
    transformer_set_searches(model, search_content, 2);
    return model;
}

/* The loss of a model in which one number of the projection is moved. */
static double moved_loss(size_t number, float by)
{
    struct transformer *model = with_content();
    model->weights.projection[number] += by;
    transformer_compose(model);
    double loss = transformer_learn(model, searching, 2);
    transformer_free(model);
    return loss;
}

/* The projection's gradient, of items and searches together, is that of finite differences: after
 * the first step it is ten times Adam's first moment. */
static void test_projection_gradient(void **state)
{
    struct transformer *model = with_content();
    (void)transformer_learn(model, searching, 2);
    const size_t at = (size_t)(model->weights.projection - model->values);
    for (size_t i = 0; i < CONTENT * 16; i++) {
        double slope = (moved_loss(i, 1e-3f) - moved_loss(i, -1e-3f)) / 2e-3;
        near_to((double)model->mean[at + i] * 10, slope, 3e-3, "gradient", i);
    }
    transformer_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_content_as_attributes),
        cmocka_unit_test(test_projection_gradient),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
