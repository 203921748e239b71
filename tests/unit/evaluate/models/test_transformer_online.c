#include "base/base.h"
#include "base/xalloc.h"
#include "model/rng.h"
#include "evaluate/models/transformer_online.h"

#include <setjmp.h>
#include <cmocka.h>

/* A stream: users come by chance, each stepping through the catalogue by fives. Items come to be
 * known as the stream goes on, as in a catalogue that grows. */
enum { USERS = 40, ITEMS = 90, STEP = 5, ACTIONS = 2400, HISTORY = 4 };

static const struct transformer_online_settings small = {
    .every = 4,
    .d = 16,
    .blocks = 1,
    .heads = 1,
    .length = 8,
    .dropout = .1,
    .batch = 8,
    .rate = 3e-3,
    .whole = 1000,
    .negatives = 1024,
};

static void *make(const struct transformer_online_settings *settings)
{
    const struct model_context context = {.users_max = USERS, .items_max = ITEMS, .seed = 3};
    return transformer_online_recommender.make(&context, settings);
}

static int32_t next_of(int32_t item)
{
    return (item + STEP) % ITEMS;
}

/* Lets the model learn actions from `from` to `to` of the stream. */
static void stream(void *model, int from, int to)
{
    int32_t at[USERS];
    uint64_t rng = 7;
    for (int32_t user = 0; user < USERS; user++) { at[user] = user % STEP; }
    for (int action = 0; action < to; action++) {
        int32_t user = (int32_t)rng_below(&rng, USERS);
        const struct training_example example = {.user = user, .item = at[user]};
        at[user] = next_of(at[user]);
        if (action >= from) { transformer_online_recommender.learn(model, &example); }
    }
}

/* The share of items whose successor scores best. */
static double share_right(void *model)
{
    int right = 0;
    for (int32_t from = 0; from < ITEMS; from++) {
        int32_t history[HISTORY] = {from};
        for (int i = 1; i < HISTORY; i++) { history[i] = next_of(history[i - 1]); }
        const struct query query = {.history = history, .count = HISTORY, .items = ITEMS};
        float scores[ITEMS];
        transformer_online_recommender.score(model, &query, scores);
        int32_t best = 0;
        for (int32_t item = 0; item < ITEMS; item++) {
            assert_true(isfinite(scores[item]));
            if (scores[item] > scores[best]) { best = item; }
        }
        right += best == next_of(history[HISTORY - 1]);
    }
    return (double)right / ITEMS;
}

static void test_learns_as_actions_come(void **state)
{
    void *model = make(&small);
    stream(model, 0, ACTIONS / 8);
    double early = share_right(model);
    stream(model, ACTIONS / 8, ACTIONS);
    assert_true(share_right(model) > 0.9);
    assert_true(early < 0.7);
    transformer_online_recommender.free(model);
}

/* Over drawn items the softmax learns too, also when more are to be drawn than there are. */
static void test_draws_when_there_are_many(void **state)
{
    struct transformer_online_settings settings = small;
    settings.whole = ITEMS - 1;
    settings.negatives = 20;
    void *model = make(&settings);
    stream(model, 0, ACTIONS);
    assert_true(share_right(model) > 0.7);
    transformer_online_recommender.free(model);
    settings.negatives = 65536;
    model = make(&settings);
    stream(model, 0, 100);
    transformer_online_recommender.free(model);
}

static void test_is_repeatable(void **state)
{
    void *models[] = {make(&small), make(&small)};
    float scores[2][ITEMS];
    const int32_t history[] = {3, 8};
    const struct query query = {.history = history, .count = 2, .items = ITEMS};
    for (size_t m = 0; m < 2; m++) {
        stream(models[m], 0, 300);
        transformer_online_recommender.score(models[m], &query, scores[m]);
        transformer_online_recommender.free(models[m]);
    }
    assert_memory_equal(scores[0], scores[1], sizeof(scores[0]));
}

/* Nothing learned, nothing known of the user, items that the model has not met. */
static void test_says_nothing_of_what_it_does_not_know(void **state)
{
    float scores[ITEMS];
    const int32_t history[] = {ITEMS - 1};
    struct query query = {.history = history, .count = 1, .items = ITEMS};
    void *model = make(&small);
    transformer_online_recommender.score(model, &query, scores);
    for (int32_t item = 0; item < ITEMS; item++) { assert_true(scores[item] == 0.0F); }

    for (int32_t turn = 0; turn < 8; turn++) { /* two items: the model has room for 64 */
        const struct training_example example = {.user = turn % 4, .item = turn / 4};
        transformer_online_recommender.learn(model, &example);
    }
    transformer_online_recommender.score(model, &query, scores);
    for (int32_t item = 0; item < ITEMS; item++) { assert_true(scores[item] == 0.0F); }
    query.history = (const int32_t[]){0};
    transformer_online_recommender.score(model, &query, scores);
    for (int32_t item = 2; item < ITEMS; item++) {
        assert_true(isfinite(scores[item]));
        assert_true(item < 65 || scores[item] == scores[ITEMS - 1]);
        assert_true(scores[ITEMS - 1] <= scores[item]);
    }
    query.count = 0;
    transformer_online_recommender.score(model, &query, scores);
    for (int32_t item = 0; item < ITEMS; item++) { assert_true(scores[item] == 0.0F); }
    transformer_online_recommender.free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_learns_as_actions_come),
        cmocka_unit_test(test_draws_when_there_are_many),
        cmocka_unit_test(test_is_repeatable),
        cmocka_unit_test(test_says_nothing_of_what_it_does_not_know),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
