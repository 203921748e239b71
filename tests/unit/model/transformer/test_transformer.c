#include "base/base.h"
#include "base/text_file.h"
#include "model/transformer/transformer_internal.h"
#include "tests/unit/numbers.h"
#include "tests/unit/small_transformer.h"

/* ---- Golden: what tests/golden/make_transformer.py makes of the small model ---- */

/* Gradients by the keys' biases are 0, as softmax doesn't see them; what rounding makes of that is
 * as large to Adam as any other gradient. */
static bool is_free(const struct transformer *model, size_t i)
{
    const float *at = model->values + i, *bias = model->weights.blocks[0].key_value.bias;
    return at >= bias && at < bias + 16;
}

static void test_golden(void **state)
{
    struct transformer *model = transformer_new(&small);
    struct buf text;
    buf_init(&text, 1 << 20);
    if (text_file_read("tests/golden/transformer.txt", &text)) { fail_msg("no golden file"); }
    buf_append(&text, "", 1);
    for (size_t i = 0; i < model->count; i++) {
        model->values[i] = (float)(0.3 * sin(0.37 * (double)i + 0.001 * (double)(i * i)));
    }
    transformer_set_attributes(model, has_starts, has);
    char *at = text.data;
    for (size_t step = 1; step <= 3; step++) {
        assert_memory_equal(at, "loss ", 5);
        assert_int_equal(strtol(at + 5, &at, 10), step);
        near_to(transformer_learn(model, three, 3), strtod(at, &at), 2e-6, "loss", step);
        at++;
    }
    for (size_t i = 0; i < model->count; i++) {
        assert_memory_equal(at, "w ", 2);
        const double want = strtod(at + 2, &at);
        at++;
        near_to(model->values[i], want, is_free(model, i) ? 0.031 : 2e-5, "w", i);
    }
    assert_true(*at == '\0');
    assert_int_equal(transformer_steps(model), 3);
    buf_release(&text);
    transformer_free(model);
}

/* ---- A world with something to learn: an item follows its number's successor ---- */

enum { USERS = 60, ITEMS = 40 };

struct world {
    int32_t flat[USERS * 12];
    struct sequence sequences[USERS];
};

static void make(struct world *w)
{
    uint64_t rng = 1;
    for (size_t u = 0; u < USERS; u++) {
        size_t count = 1 + (size_t)(draw(&rng) * 11.9);
        int32_t item = (int32_t)(draw(&rng) * ITEMS);
        for (size_t i = 0; i < count; i++) {
            w->flat[u * 12 + i] = item;
            (void)draw(&rng); /* the thresholds below were measured on this world */
            item = (item + 1 + (draw(&rng) < 0.1)) % ITEMS;
        }
        w->sequences[u] = (struct sequence){.items = w->flat + u * 12, .count = count};
    }
}

static struct transformer_settings settings_of_world(void)
{
    return (struct transformer_settings){
        .shape = {.items = ITEMS, .d = 32, .hidden = 32, .blocks = 2, .heads = 2, .length = 10},
        .dropout = 0.1f,
        .rate = 5e-3f,
        .batch = 16,
        .lanes = 3,
        .threads = 1,
        .seed = 4,
    };
}

/* The share of all items 0 .. ITEMS - 1, as a history of one, whose successor is scored highest. */
static double known(struct transformer *model)
{
    int32_t items[ITEMS];
    struct sequence histories[ITEMS];
    _cleanup_(xfreep) float *hidden = zeros(ITEMS * 32);
    _cleanup_(xfreep) float *scores = zeros(ITEMS * ITEMS);
    double right = 0;
    for (int32_t i = 0; i < ITEMS; i++) {
        items[i] = i;
        histories[i] = (struct sequence){.items = items + i, .count = 1};
    }
    transformer_encode(model, histories, ITEMS, hidden);
    transformer_scores(model, hidden, ITEMS, scores);
    for (size_t i = 0; i < ITEMS; i++) {
        size_t best = 0;
        for (size_t j = 1; j < ITEMS; j++) {
            if (scores[i * ITEMS + j] > scores[i * ITEMS + best]) { best = j; }
        }
        right += best == (i + 1) % ITEMS;
    }
    return right / ITEMS;
}

/* Learns until the loss is at most this share of the first, and enough successors are known. */
static void learns(const struct transformer_settings *settings, int epochs, double share,
                   double at_least)
{
    struct world w;
    make(&w);
    struct transformer *model = transformer_new(settings);
    double before = transformer_epoch(model, w.sequences, USERS), after = before;
    for (int epoch = 1; epoch < epochs; epoch++) {
        after = transformer_epoch(model, w.sequences, USERS);
    }
    if (after > share * before) { fail_msg("loss %g after %g", after, before); }
    if (known(model) < at_least) { fail_msg("knows %g of the successors", known(model)); }
    assert_int_equal(transformer_steps(model), (uint64_t)epochs * 4);
    transformer_free(model);
}

static void test_causal(void **state)
{
    struct transformer_settings settings = settings_of_world();
    learns(&settings, 60, 0.5, 0.9);
}

static void test_sampled(void **state)
{
    struct transformer_settings settings = settings_of_world();
    settings.negatives = 20;
    learns(&settings, 60, 0.5, 0.9);
}

static void test_masked(void **state)
{
    struct transformer_settings settings = settings_of_world();
    settings.mask_share = 0.3f;
    learns(&settings, 200, 0.75, 0.25);
}

/* The same bits whatever the number of threads; other bits with another seed. */
static void test_threads(void **state)
{
    struct world w;
    make(&w);
    struct transformer *models[3];
    float *hidden[3];
    for (size_t i = 0; i < 3; i++) {
        struct transformer_settings settings = settings_of_world();
        settings.threads = i == 1 ? 3 : 1;
        settings.seed = i == 2 ? 5 : 4;
        models[i] = transformer_new(&settings);
        for (int epoch = 0; epoch < 3; epoch++) {
            (void)transformer_epoch(models[i], w.sequences, USERS);
        }
        hidden[i] = zeros(USERS * 32);
        transformer_encode(models[i], w.sequences, USERS, hidden[i]);
    }
    const size_t bytes = models[0]->count * sizeof(float);
    assert_memory_equal(models[0]->values, models[1]->values, bytes);
    assert_memory_equal(hidden[0], hidden[1], USERS * 32 * sizeof(float));
    assert_true(memcmp(models[0]->values, models[2]->values, bytes) != 0);
    for (size_t i = 0; i < 3; i++) {
        free(hidden[i]);
        transformer_free(models[i]);
    }
}

/* What a history leads to does not depend on what is encoded with it. */
static void test_encoding_alone(void **state)
{
    struct world w;
    make(&w);
    const struct transformer_settings settings = settings_of_world();
    struct transformer *model = transformer_new(&settings);
    _cleanup_(xfreep) float *all = zeros(USERS * 32);
    float alone[32];
    transformer_encode(model, w.sequences, USERS, all);
    for (size_t u = 0; u < USERS; u++) {
        transformer_encode(model, &w.sequences[u], 1, alone);
        for (size_t c = 0; c < 32; c++) { near_to(alone[c], all[u * 32 + c], 1e-5, "hidden", u); }
    }
    transformer_free(model);
}

/* New items: what was known stays as it was, and they can be learned. */
static void test_grows(void **state)
{
    struct world w;
    make(&w);
    struct transformer_settings settings = settings_of_world();
    settings.shape.attributes = 2;
    struct transformer *model = transformer_new(&settings);
    size_t starts[ITEMS + 1];
    int32_t ids[ITEMS];
    for (size_t i = 0; i <= ITEMS; i++) { starts[i] = i; }
    for (int32_t i = 0; i < ITEMS; i++) { ids[i] = i % 2; }
    transformer_set_attributes(model, starts, ids);
    (void)transformer_epoch(model, w.sequences, USERS);
    _cleanup_(xfreep) float *before =
        xmemdup(transformer_vectors(model), ITEMS * 32 * sizeof(float));
    transformer_grow(model, ITEMS + 3);
    assert_int_equal(transformer_settings(model)->shape.items, ITEMS + 3);
    assert_memory_equal(transformer_vectors(model), before, ITEMS * 32 * sizeof(float));
    float fresh[32];
    const float *there = transformer_vectors(model) + (ITEMS + 2) * 32;
    memcpy(fresh, there, sizeof(fresh));
    settings.shape.items = ITEMS + 3;
    struct transformer *large = transformer_new(&settings);
    assert_memory_equal(fresh, large->weights.items + (ITEMS + 2) * 32, sizeof(fresh));
    w.flat[0] = ITEMS + 2;
    for (int epoch = 0; epoch < 2; epoch++) {
        double loss = transformer_epoch(model, w.sequences, USERS);
        assert_true(isfinite(loss) && loss > 0);
    }
    assert_true(memcmp(fresh, transformer_vectors(model) + (ITEMS + 2) * 32, sizeof(fresh)) != 0);
    transformer_free(large);
    transformer_free(model);
}

/* What follows `first[0]`: twice as often 2, but 3 with `weight`. Returns by how much 3 scores
 * more. */
static double preference(float weight, uint32_t negatives, float mask_share)
{
    static const int32_t often[] = {1, 2}, seldom[] = {1, 3};
    const float weights[] = {1.0f, weight};
    struct transformer_settings settings = settings_of_world();
    settings.negatives = negatives;
    settings.mask_share = mask_share;
    struct sequence sequences[9];
    float hidden[32], scores[ITEMS];
    for (size_t i = 0; i < 9; i++) {
        sequences[i] = (struct sequence){i % 3 ? often : seldom, 2, i % 3 ? NULL : weights};
    }
    struct transformer *model = transformer_new(&settings);
    for (int step = 0; step < 150; step++) { (void)transformer_learn(model, sequences, 9); }
    transformer_encode(model, &(struct sequence){.items = often, .count = 1}, 1, hidden);
    transformer_scores(model, hidden, 1, scores);
    transformer_free(model);
    return (double)(scores[3] - scores[2]);
}

static void test_weights_of_targets(void **state)
{
    for (int way = 0; way < 3; way++) {
        const uint32_t negatives = way == 1 ? 4 : 0;
        const float mask_share = way == 2 ? 0.4f : 0.0f;
        assert_true(preference(1.0f, negatives, mask_share) < 0.0);
        assert_true(preference(8.0f, negatives, mask_share) > 0.0);
    }
}

/* Weights are relative: equal ones, whatever they are, teach the same as none. */
static void test_equal_weights(void **state)
{
    static const float twos[] = {2, 2, 2, 2, 2, 2, 2};
    const struct transformer_settings settings = settings_of_world();
    struct transformer *plain = transformer_new(&settings), *weighed = transformer_new(&settings);
    struct sequence with[ARRAY_COUNT(three)];
    for (size_t i = 0; i < ARRAY_COUNT(three); i++) {
        with[i] = three[i];
        with[i].weights = twos;
    }
    for (int step = 0; step < 10; step++) {
        assert_true(transformer_learn(plain, three, 3) == transformer_learn(weighed, with, 3));
    }
    assert_memory_equal(plain->values, weighed->values, plain->count * sizeof(*plain->values));
    transformer_free(plain);
    transformer_free(weighed);
}

/* Sequences of one action ask nothing: no step. */
static void test_nothing_to_learn(void **state)
{
    const struct transformer_settings settings = settings_of_world();
    struct transformer *model = transformer_new(&settings);
    const struct sequence lone[] = {{.items = first, .count = 1}, {.items = second, .count = 1}};
    assert_true(transformer_learn(model, lone, 2) == 0.0);
    assert_int_equal(transformer_steps(model), 0);
    assert_null(transformer_free(model));
    assert_null(transformer_free(NULL));
}

static void test_settings_that_do_not_fit(void **state)
{
    const struct transformer_settings good = settings_of_world();
    const char *why = NULL;
    assert_true(transformer_settings_fit(&good, &why) && !why);
    struct transformer_settings wrong[10];
    for (size_t i = 0; i < 10; i++) { wrong[i] = good; }
    wrong[0].dropout = 1.0f;
    wrong[1].dropout = NAN;
    wrong[2].mask_share = 1.5f;
    wrong[3].rate = 0.0f;
    wrong[4].negatives = ITEMS;
    wrong[5].batch = 0;
    wrong[6].threads = 0;
    wrong[7].lanes = TRANSFORMER_LANES_MAX + 1;
    wrong[8].shape.d = 33;
    wrong[9].shape.length = 1 << 24; /* more memory than anybody has */
    for (size_t i = 0; i < 10; i++) {
        why = NULL;
        assert_false(transformer_settings_fit(&wrong[i], &why));
        assert_non_null(why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_causal),
        cmocka_unit_test(test_sampled),
        cmocka_unit_test(test_masked),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_encoding_alone),
        cmocka_unit_test(test_grows),
        cmocka_unit_test(test_weights_of_targets),
        cmocka_unit_test(test_equal_weights),
        cmocka_unit_test(test_nothing_to_learn),
        cmocka_unit_test(test_settings_that_do_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
