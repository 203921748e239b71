#include "base/base.h"
#include "base/xalloc.h"
#include "model/transformer/transformer_inference.h"
#include "model/transformer/transformer.h"

#include <setjmp.h>
#include <cmocka.h>

/* The oracle is the Transformer itself: what it encodes and scores is what is served. */

enum { ITEMS = 50, D = 32, HISTORIES = 90, LENGTH = 12 };

static struct transformer *learned(float mask_share, uint32_t heads)
{
    const struct transformer_settings settings = {
        .shape = {.items = ITEMS, .d = D, .hidden = D, .blocks = 3, .heads = heads,
                  .length = LENGTH, .attributes = 3},
        .dropout = .1F, .rate = .01F, .mask_share = mask_share, .batch = 8, .lanes = 2,
        .threads = 1, .seed = 5,
    };
    struct transformer *model = transformer_new(&settings);
    size_t starts[ITEMS + 1];
    int32_t ids[ITEMS];
    for (int32_t i = 0; i < ITEMS; i++) {
        starts[i] = (size_t)i;
        ids[i] = i % 3;
    }
    starts[ITEMS] = ITEMS;
    transformer_set_attributes(model, starts, ids);
    int32_t items[LENGTH];
    for (int32_t i = 0; i < LENGTH; i++) { items[i] = i * 7 % ITEMS; }
    const struct sequence one = {.items = items, .count = LENGTH};
    for (int step = 0; step < 5; step++) { (void)transformer_learn(model, &one, 1); }
    return model;
}

static void serves_what_the_transformer_says(float mask_share, uint32_t heads)
{
    struct transformer *model = learned(mask_share, heads);
    struct transformer_inference *inference =
        transformer_inference_new(&transformer_settings(model)->shape, transformer_run(model));
    static int32_t items[HISTORIES][2 * LENGTH];
    struct sequence histories[HISTORIES];
    for (size_t h = 0; h < HISTORIES; h++) {
        histories[h] = (struct sequence){.items = items[h], .count = 1 + h % (2 * LENGTH)};
        for (size_t k = 0; k < histories[h].count; k++) {
            items[h][k] = (int32_t)((h * 31 + k * k) % ITEMS);
        }
    }
    static float want_hidden[HISTORIES * D], hidden[HISTORIES * D];
    const float *table = transformer_vectors(model);
    transformer_encode(model, histories, HISTORIES, want_hidden);
    transformer_inference_encode(inference, table, NULL, histories, HISTORIES, hidden);
    assert_int_equal(transformer_inference_width(inference), D);
    for (size_t i = 0; i < HISTORIES * D; i++) {
        assert_true(fabsf(hidden[i] - want_hidden[i]) < 1e-4F);
    }
    transformer_inference_free(inference);
    transformer_free(model);
}

static void test_causal(void **state)
{
    serves_what_the_transformer_says(0, 1);
    serves_what_the_transformer_says(0, 2);
}

/* Trained on masked items: the prediction is made in place of a mask. */
static void test_masked(void **state)
{
    serves_what_the_transformer_says(.3F, 1);
    serves_what_the_transformer_says(.3F, 2);
}

/* A larger table is a larger catalogue, with nothing made anew. */
static void test_the_table_may_grow(void **state)
{
    struct transformer *model = learned(0, 2);
    struct transformer_inference *inference =
        transformer_inference_new(&transformer_settings(model)->shape, transformer_run(model));
    float *table = xcalloc((ITEMS + 1) * D, sizeof(*table));
    memcpy(table, transformer_vectors(model), ITEMS * D * sizeof(*table));
    memcpy(table + ITEMS * D, table, D * sizeof(*table)); /* the new item is the twin of item 0 */
    const int32_t old[] = {3, 0}, new[] = {3, ITEMS};
    const struct sequence histories[] = {{.items = old, .count = 2}, {.items = new, .count = 2}};
    float hidden[2 * D];
    transformer_inference_encode(inference, table, NULL, histories, 2, hidden);
    for (size_t i = 0; i < D; i++) { assert_true(fabsf(hidden[i] - hidden[D + i]) < 1e-5F); }
    free(table);
    transformer_inference_free(inference);
    transformer_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_causal),
        cmocka_unit_test(test_masked),
        cmocka_unit_test(test_the_table_may_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
