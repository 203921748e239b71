/* Fused attention against attention by keys and values. */
#include "base/base.h"
#include "base/xalloc.h"
#include "model/rng.h"
#include "model/transformer/attention.h"
#include "model/transformer/fused_attention.h"

#include <setjmp.h>
#include <cmocka.h>

enum { D = 32, BLOCKS = 2, LENGTH = 150 };

static float *drawn(uint64_t *rng, size_t count, float size)
{
    float *numbers = xcalloc(count, sizeof(*numbers));
    for (size_t k = 0; k < count; k++) { numbers[k] = size * (float)rng_normal(rng); }
    return numbers;
}

/* The outputs of a block's attention by its own weights. */
static void attend(const struct attention *of, const struct block_weights *block, size_t n,
                   const float *q_in, const float *x, float *out)
{
    _cleanup_(xfreep) float *q = xcalloc(n * D, sizeof(*q));
    _cleanup_(xfreep) float *kv = xcalloc(n * 2 * D, sizeof(*kv));
    _cleanup_(xfreep) float *attended = xcalloc(n * D, sizeof(*attended));
    _cleanup_(xfreep) float *kept = xcalloc(attention_kept(of, n), sizeof(*kept));
    _cleanup_(xfreep) float *scratch = xcalloc(attention_scratch(n), sizeof(*scratch));
    linear(&block->query, q_in, n, q);
    linear(&block->key_value, x, n, kv);
    attention(of, n, q, kv, attended, kept, scratch);
    linear(&block->output, attended, n, out);
}

/* The same by fused weights. */
static void attend_fused(const struct attention *of, const struct fused_block *block, size_t n,
                         const float *q_in, const float *x, float *out)
{
    _cleanup_(xfreep) float *asked = xcalloc(n * D, sizeof(*asked));
    _cleanup_(xfreep) float *means = xcalloc(n * D, sizeof(*means));
    _cleanup_(xfreep) float *scratch = xcalloc(attention_scratch(n), sizeof(*scratch));
    linear(&block->asked, q_in, n, asked);
    attention_fused(of, n, asked, x, means, scratch);
    linear(&block->output, means, n, out);
}

static void test_against_keys_and_values(void **state)
{
    const struct weights_shape shape = {
        .d = D, .hidden = D, .blocks = BLOCKS, .heads = 1, .length = LENGTH};
    static const size_t lengths[] = {1, 2, 17, 64, 65, LENGTH};
    uint64_t rng = 2;
    _cleanup_(xfreep) float *run = drawn(&rng, weights_count(&shape), .2f);
    const struct weights weights = weights_view(&shape, run);
    struct fused_attention fused;
    fused_attention_init(&fused, &shape, &weights);
    for (size_t k = 0; k < 2 * ARRAY_COUNT(lengths); k++) {
        const size_t n = lengths[k / 2], b = k % BLOCKS;
        const struct attention of = {.d = D, .heads = 1, .causal = k % 4 < 2};
        _cleanup_(xfreep) float *q_in = drawn(&rng, n * D, 1.0f);
        _cleanup_(xfreep) float *x = drawn(&rng, n * D, 2.0f);
        _cleanup_(xfreep) float *want = xcalloc(n * D, sizeof(*want));
        _cleanup_(xfreep) float *got = xcalloc(n * D, sizeof(*got));
        attend(&of, &weights.blocks[b], n, q_in, x, want);
        attend_fused(&of, &fused.blocks[b], n, q_in, x, got);
        for (size_t i = 0; i < n * D; i++) { assert_true(fabsf(got[i] - want[i]) < 1e-4f); }
    }
    fused_attention_release(&fused);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_against_keys_and_values)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
