#include "base/base.h"
#include "tests/unit/transformer_oracle.h"

/* A small model with everything in it, two sequences in a pack, and a weighing of the hidden
 * vectors that makes one number of them. */
struct world {
    struct weights_shape shape;
    float *values, *gradients, *weighing, *searches, *dsearches;
    struct weights weights, grads;
    struct pack pack;
    struct encoder *encoder;
    struct encoder_job job;
};

static void make(struct world *w, uint32_t heads, bool causal, float rate)
{
    static const int32_t items[] = {3, 1, -3, 1, 5, -2, 2, 6, 3};
    uint64_t rng = 8;
    *w = (struct world){.shape = {.items = 7, .d = 16, .hidden = 32, .blocks = 2, .heads = heads,
                                  .length = 6}};
    const size_t count = weights_count(&w->shape);
    w->values = draw_many(&rng, count, 0.5);
    w->gradients = zeros(count);
    w->searches = draw_many(&rng, 2 * w->shape.d, 0.5);
    w->dsearches = zeros(2 * w->shape.d);
    w->weights = weights_view(&w->shape, w->values);
    w->grads = weights_view(&w->shape, w->gradients);
    w->encoder = encoder_new(&w->shape, 12);
    pack_init(&w->pack, 12);
    const struct sequence long_one = {.items = items, .count = 7};
    const struct sequence short_one = {.items = items + 4, .count = 4};
    if (causal) {
        assert_true(pack_add_causal(&w->pack, &long_one, 6));
        assert_true(pack_add_causal(&w->pack, &short_one, 6));
    } else {
        assert_true(pack_add_masked(&w->pack, &long_one, 6, 0.3f, 1));
        assert_true(pack_add_history(&w->pack, &short_one, 6, true));
    }
    w->weighing = draw_many(&rng, w->pack.tokens * w->shape.d, 1.0);
    w->job = (struct encoder_job){
        .weights = &w->weights,
        .table = w->weights.items,
        .searches = w->searches,
        .dsearches = w->dsearches,
        .pack = &w->pack,
        .causal = causal,
        .dropout = rate,
        .key = 77,
    };
}

static void release(struct world *w)
{
    free(w->values);
    free(w->gradients);
    free(w->weighing);
    free(w->searches);
    free(w->dsearches);
    pack_release(&w->pack);
    assert_null(encoder_free(w->encoder));
}

static double weigh_oracle(const struct world *w, const float *moved, double by)
{
    struct oracle oracle = {.shape = w->shape, .weights = &w->weights,
                            .searches = w->searches, .causal = w->job.causal,
                            .moved = moved, .by = by};
    double sum = 0;
    oracle_run(&oracle, &w->pack);
    for (size_t t = 0; t < w->pack.tokens; t++) {
        for (size_t c = 0; c < w->shape.d; c++) {
            sum += oracle.x[t][c] * w->weighing[t * w->shape.d + c];
        }
    }
    return sum;
}

static void check_hidden(const struct world *w, const float *hidden)
{
    struct oracle oracle = {.shape = w->shape, .weights = &w->weights,
                            .searches = w->searches, .causal = w->job.causal};
    oracle_run(&oracle, &w->pack);
    for (size_t t = 0; t < w->pack.tokens; t++) {
        for (size_t c = 0; c < w->shape.d; c++) {
            near_to(hidden[t * w->shape.d + c], oracle.x[t][c], 2e-5, "hidden", t);
        }
    }
}

/* Hidden vectors against the oracle's, and every single gradient against finite differences of the
 * oracle, twice over, as gradients are added to what is there. */
static void check(uint32_t heads, bool causal)
{
    struct world w;
    make(&w, heads, causal, 0.0f);
    for (int round = 0; round < 2; round++) {
        check_hidden(&w, encoder_run(w.encoder, &w.job));
        encoder_back(w.encoder, &w.job, w.weighing, &w.grads);
    }
    for (size_t i = 0; i < weights_count(&w.shape); i++) {
        double up = weigh_oracle(&w, w.values + i, 1e-6);
        double down = weigh_oracle(&w, w.values + i, -1e-6);
        near_to(w.gradients[i] / 2, (up - down) / 2e-6, 1e-4, "gradient", i);
    }
    for (size_t i = 0; i < 2 * w.shape.d; i++) {
        double up = weigh_oracle(&w, w.searches + i, 1e-6);
        double down = weigh_oracle(&w, w.searches + i, -1e-6);
        near_to(w.dsearches[i] / 2, (up - down) / 2e-6, 1e-4, "gradient of a search", i);
    }
    release(&w);
}

/* The last tokens alone are what they are among all. */
static void check_last(uint32_t heads, bool causal)
{
    struct world w;
    make(&w, heads, causal, 0.0f);
    struct oracle oracle = {.shape = w.shape, .weights = &w.weights,
                            .searches = w.searches, .causal = causal};
    oracle_run(&oracle, &w.pack);
    const float *hidden = encoder_run_last(w.encoder, &w.job);
    assert_int_equal(w.pack.sequences, 2);
    for (size_t s = 0; s < 2; s++) {
        for (size_t c = 0; c < w.shape.d; c++) {
            const double want = oracle.x[w.pack.starts[s + 1] - 1][c];
            near_to(hidden[s * w.shape.d + c], want, 2e-5, "last", s);
        }
    }
    release(&w);
}

static void test_last(void **state)
{
    check_last(1, true);
    check_last(4, false);
}

static void test_causal(void **state)
{
    check(1, true);
    check(4, true);
}

static void test_both_sides(void **state)
{
    check(2, false);
}

static double weigh(struct world *w)
{
    const float *hidden = encoder_run(w->encoder, &w->job);
    double sum = 0;
    for (size_t i = 0; i < w->pack.tokens * w->shape.d; i++) {
        sum += (double)hidden[i] * w->weighing[i];
    }
    return sum;
}

/* With dropout, along random directions: the masks are those of the key both ways. */
static void test_dropout(void **state)
{
    struct world w;
    make(&w, 2, true, 0.25f);
    const size_t count = weights_count(&w.shape);
    double plain = weigh_oracle(&w, NULL, 0), dropped = weigh(&w);
    assert_true(fabs(plain - dropped) > 1e-3);
    assert_true(weigh(&w) == dropped);
    encoder_back(w.encoder, &w.job, w.weighing, &w.grads);
    _cleanup_(xfreep) float *start = xmemdup(w.values, count * sizeof(*start));
    uint64_t rng = 21;
    for (int round = 0; round < 10; round++) {
        _cleanup_(xfreep) float *way = draw_many(&rng, count, 1.0);
        const float step = 1e-4f;
        double along = 0, sides[2];
        for (int side = 0; side < 2; side++) {
            for (size_t i = 0; i < count; i++) {
                w.values[i] = start[i] + (side ? -step : step) * way[i];
            }
            sides[side] = weigh(&w);
        }
        for (size_t i = 0; i < count; i++) { along += (double)w.gradients[i] * way[i]; }
        near_to((sides[0] - sides[1]) / (2.0 * step), along, 0.02, "slope", (size_t)round);
        memcpy(w.values, start, count * sizeof(*start));
    }
    w.job.key++;
    assert_true(weigh(&w) != dropped);
    release(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_causal),
        cmocka_unit_test(test_both_sides),
        cmocka_unit_test(test_last),
        cmocka_unit_test(test_dropout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
