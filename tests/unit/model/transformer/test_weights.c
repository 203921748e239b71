#include "base/base.h"
#include "model/transformer/weights.h"
#include "tests/unit/numbers.h"

static const struct weights_shape shape = {
    .items = 300,
    .d = 32,
    .hidden = 48,
    .blocks = 3,
    .heads = 2,
    .length = 20,
    .attributes = 7,
    .content = 5,
};

/* The parts tile the run: each begins where the one before it ends, the items are its tail. */
static void test_layout(void **state)
{
    const size_t count = weights_count(&shape);
    _cleanup_(xfreep) float *run = zeros(count);
    const struct weights w = weights_view(&shape, run);
    assert_ptr_equal(w.positions, run);
    assert_ptr_equal(w.mask, w.positions + 20 * 32);
    const float *at = w.mask + 32;
    for (size_t b = 0; b < 3; b++) {
        const struct block_weights *block = &w.blocks[b];
        const struct linear layers[] = {block->query, block->key_value, block->output};
        assert_ptr_equal(block->attention_norm.gain, at);
        at = block->attention_norm.bias + 32;
        for (size_t l = 0; l < 3; l++) {
            assert_ptr_equal(layers[l].weights, at);
            assert_int_equal(layers[l].out, l == 1 ? 64 : 32);
            at = layers[l].bias + layers[l].out;
        }
        assert_ptr_equal(block->forward_norm.gain, at);
        assert_ptr_equal(block->inner.weights, block->forward_norm.bias + 32);
        assert_ptr_equal(block->outer.weights, block->inner.bias + 48);
        at = block->outer.bias + 32;
    }
    assert_ptr_equal(w.last_norm.gain, at);
    assert_ptr_equal(w.projection, w.last_norm.bias + 32);
    assert_ptr_equal(w.attributes, w.projection + 5 * 32);
    assert_ptr_equal(w.items, w.attributes + 7 * 32);
    assert_ptr_equal(w.items + 300 * 32, run + count);
}

static double mean_square(const float *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) { sum += (double)x[i] * x[i] / (double)n; }
    return sum;
}

static void test_first_values(void **state)
{
    const size_t count = weights_count(&shape);
    _cleanup_(xfreep) float *run = zeros(count);
    _cleanup_(xfreep) float *again = zeros(count);
    weights_draw(&shape, run, 1);
    weights_draw(&shape, again, 1);
    assert_memory_equal(run, again, count * sizeof(*run));
    const struct weights w = weights_view(&shape, run);
    near_to(mean_square(w.items, 300 * 32) / 4e-4, 1.0, 0.05, "items", 0);
    near_to(mean_square(w.blocks[1].query.weights, 1024) / (6.0 / 128 / 3), 1, 0.1, "query", 0);
    near_to(mean_square(w.blocks[1].key_value.weights, 2048) / (6.0 / 128 / 3), 1, 0.1, "kv", 0);
    near_to(mean_square(w.blocks[2].inner.weights, 1536) / 4e-4, 1, 0.1, "inner", 0);
    assert_true(w.blocks[0].forward_norm.gain[31] == 1.0f && w.last_norm.bias[0] == 0.0f);
    weights_draw(&shape, again, 2);
    assert_true(memcmp(run, again, count * sizeof(*run)) != 0);
}

/* An item that comes later is drawn as if it had always been there. */
static void test_late_items(void **state)
{
    struct weights_shape fewer = shape;
    fewer.items = 100;
    _cleanup_(xfreep) float *all = zeros(weights_count(&shape));
    _cleanup_(xfreep) float *late = zeros(weights_count(&shape));
    weights_draw(&shape, all, 5);
    weights_draw(&fewer, late, 5);
    weights_draw_items(&shape, late, 100, 5);
    assert_memory_equal(all, late, weights_count(&shape) * sizeof(*all));
}

static void test_shapes_that_do_not_fit(void **state)
{
    const char *why = NULL;
    assert_true(weights_shape_fits(&shape, &why) && !why);
    struct weights_shape wrong[7];
    for (size_t i = 0; i < 7; i++) { wrong[i] = shape; }
    wrong[0].d = 20;
    wrong[1].hidden = 0;
    wrong[2].blocks = WEIGHTS_BLOCKS_MAX + 1;
    wrong[3].heads = 3;
    wrong[4].heads = 0;
    wrong[5].length = 0;
    wrong[6].items = 0;
    for (size_t i = 0; i < 7; i++) {
        why = NULL;
        assert_false(weights_shape_fits(&wrong[i], &why));
        assert_non_null(why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_first_values),
        cmocka_unit_test(test_late_items),
        cmocka_unit_test(test_shapes_that_do_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
