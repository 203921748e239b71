#include "base/base.h"
#include "evaluate/models/transformer_recommender.h"
#include "model/transformer/transformer_presets.h"
#include "evaluate/leave_one_out.h"
#include "evaluate/models/models.h"
#include "tests/unit/tiny_world.h"

#include <setjmp.h>
#include <cmocka.h>

enum { USERS = 60, ITEMS = 24, LENGTH = 7, STEP = 5 };

/* Everybody steps through the catalogue by fives, so that what comes next is certain, and is not
 * what is had most or stands beside in number. */
static void walks(struct sequences *sequences)
{
    struct user_action actions[USERS * LENGTH];
    for (int32_t at = 0; at < USERS * LENGTH; at++) {
        int32_t user = at / LENGTH, step = at % LENGTH;
        actions[at] = (struct user_action){
            .user = user, .item = (user + step * STEP) % ITEMS, .rating = 1.0F};
    }
    sequences_build(sequences, actions, ARRAY_COUNT(actions), USERS, ITEMS);
}

static const struct transformer_preset small = {
    .epochs = 40,
    .patience = 40,
    .d = 16,
    .blocks = 1,
    .heads = 1,
    .length = 8,
    .windows = 1,
    .dropout = .1,
    .batch = 8,
    .rate = 3e-3,
    .whole = 1000,
    .negatives = 1024,
};

static const struct leave_users everybody = {.stride = 1};

static struct ranking_metrics validate_test(void *model, const struct sequences *sequences)
{
    const struct scoring scoring = {.score = transformer_recommender.score, .self = model};
    return leave_one_out_evaluate(&scoring, sequences, everybody, LEAVE_TEST);
}

static void test_learns_a_pattern(void **state)
{
    struct sequences sequences;
    walks(&sequences);
    struct model_context context = {.users_max = USERS, .items_max = ITEMS, .seed = 3};
    void *model = transformer_recommender.make(&context, &small);
    struct ranking_metrics before = validate_test(model, &sequences);
    leave_one_out_learn(&transformer_recommender, model, &sequences, everybody, 2);
    transformer_recommender.settle(model);
    struct ranking_metrics after = validate_test(model, &sequences);
    assert_true(before.ndcg10 < 0.6);
    assert_true(after.ndcg10 > 0.95);
    transformer_recommender.free(model);
    sequences_release(&sequences);
}

/* With more items than it is over all of, the softmax is over some, and learns all the same. */
static void test_draws_when_there_are_many(void **state)
{
    struct sequences sequences;
    walks(&sequences);
    struct model_context context = {.users_max = USERS, .items_max = ITEMS, .seed = 3};
    struct transformer_preset settings = small;
    settings.whole = ITEMS - 1;
    settings.negatives = 6;
    void *model = transformer_recommender.make(&context, &settings);
    leave_one_out_learn(&transformer_recommender, model, &sequences, everybody, 2);
    transformer_recommender.settle(model);
    struct ranking_metrics drawn = validate_test(model, &sequences);
    assert_true(drawn.ndcg10 > 0.8);
    transformer_recommender.free(model);
    settings.negatives = 65536; /* more than there are */
    model = transformer_recommender.make(&context, &settings);
    transformer_recommender.free(model);
    sequences_release(&sequences);
}

/* Trained on masked items, it predicts the item in place of a mask at the end. */
static void test_learns_masked(void **state)
{
    struct sequences sequences;
    walks(&sequences);
    struct model_context context = {.users_max = USERS, .items_max = ITEMS, .seed = 3};
    struct transformer_preset settings = small;
    assert_int_equal(recommender_set(&transformer_recommender, &settings, "mask_share", .3), 0);
    settings.epochs = 150;
    void *model = transformer_recommender.make(&context, &settings);
    leave_one_out_learn(&transformer_recommender, model, &sequences, everybody, 2);
    transformer_recommender.settle(model);
    assert_true(validate_test(model, &sequences).ndcg10 > 0.6);
    transformer_recommender.free(model);
    sequences_release(&sequences);
}

/* Everybody first walks, and then has so much else that the walk is beyond the newest window. */
static double knows_the_walk(double windows)
{
    enum { WALK = LENGTH, ELSE = 10, MANY = ITEMS + ELSE };
    struct transformer_preset settings = small;
    struct model_context context = {.users_max = USERS, .items_max = MANY, .seed = 3};
    settings.windows = windows;
    void *model = transformer_recommender.make(&context, &settings);
    for (int32_t user = 0; user < USERS; user++) {
        for (int32_t at = 0; at < WALK + ELSE; at++) {
            int32_t item = at < WALK ? (user + at * STEP) % ITEMS : ITEMS + at - WALK;
            transformer_recommender.learn(model,
                                          &(struct training_example){.user = user, .item = item});
        }
    }
    transformer_recommender.settle(model);
    int right = 0;
    for (int32_t from = 0; from < ITEMS; from++) {
        const int32_t history[] = {from, (from + STEP) % ITEMS};
        const struct query query = {.history = history, .count = 2, .items = MANY};
        float scores[MANY];
        transformer_recommender.score(model, &query, scores);
        int32_t best = 0;
        for (int32_t item = 1; item < MANY; item++) {
            if (scores[item] > scores[best]) { best = item; }
        }
        right += best == (from + 2 * STEP) % ITEMS;
    }
    transformer_recommender.free(model);
    return (double)right / ITEMS;
}

static void test_learns_long_sequences_in_windows(void **state)
{
    assert_true(knows_the_walk(1) < 0.3);
    assert_true(knows_the_walk(3) > 0.9);
}

/* Likes the model of one round only. */
struct fancy {
    int rounds, liked;
    float scores[ITEMS];
};

static const int32_t asked[] = {2, 7};
static const struct query question = {.history = asked, .count = 2, .items = ITEMS};

static double objective(void *arg, const struct recommender *recommender, void *model)
{
    struct fancy *fancy = arg;
    if (++fancy->rounds != fancy->liked) { return 0.0; }
    recommender->score(model, &question, fancy->scores);
    return 1.0;
}

static void test_keeps_the_best_round(void **state)
{
    struct sequences sequences;
    walks(&sequences);
    struct fancy fancy = {.liked = 4};
    struct validator validator = {.objective = objective, .arg = &fancy};
    struct model_context context = {
        .users_max = USERS, .items_max = ITEMS, .seed = 3, .validator = &validator};
    struct transformer_preset settings = small;
    settings.patience = 5;
    void *model = transformer_recommender.make(&context, &settings);
    leave_one_out_learn(&transformer_recommender, model, &sequences, everybody, 2);
    transformer_recommender.settle(model);
    assert_int_equal(fancy.rounds, 9 + 3); /* patience, then a third as many again */
    float scores[ITEMS];
    transformer_recommender.score(model, &question, scores);
    assert_memory_equal(scores, fancy.scores, sizeof(scores));
    transformer_recommender.free(model);
    sequences_release(&sequences);
}

/* How many items come before one that nobody had, where everybody has its twin next. */
enum { NEW = ITEMS, TWIN = 12 };

static int before_new(struct content *content, const struct sequences *sequences)
{
    struct model_context context = {
        .users_max = USERS, .items_max = ITEMS + 1, .content = content, .seed = 3};
    void *model = transformer_recommender.make(&context, &small);
    leave_one_out_learn(&transformer_recommender, model, sequences, everybody, 2);
    transformer_recommender.settle(model);
    const int32_t history[] = {TWIN - 2 * STEP, TWIN - STEP};
    float scores[ITEMS + 1];
    transformer_recommender.score(
        model, &(struct query){.history = history, .count = 2, .items = ITEMS + 1}, scores);
    int before = 0;
    for (int item = 0; item < ITEMS; item++) { before += scores[item] > scores[NEW]; }
    transformer_recommender.free(model);
    return before;
}

static void test_attributes_reach_a_new_item(void **state)
{
    struct sequences sequences;
    walks(&sequences);
    struct content *content = content_new(ITEMS + 1, 1);
    for (uint32_t item = 0; item <= ITEMS; item++) { /* 7 is common; others are one item's or two */
        const uint32_t own[] = {100 + (item == NEW ? TWIN : item), 7};
        assert_int_equal(content_put(content, (int32_t)item, own, ARRAY_COUNT(own)), 0);
    }
    int blind = before_new(NULL, &sequences), seeing = before_new(content, &sequences);
    assert_true(seeing + ITEMS / 6 < blind);
    content_free(content);
    sequences_release(&sequences);
}

static size_t preferred(int32_t users, int32_t each, struct content *content)
{
    struct sequences sequences;
    struct user_action *actions = xcalloc((size_t)(users * each), sizeof(*actions));
    for (int32_t at = 0; at < users * each; at++) { actions[at].user = at / each; }
    sequences_build(&sequences, actions, (size_t)(users * each), users, 1);
    struct model_context context = {.users_max = users, .items_max = 1, .content = content};
    size_t preset = transformer_recommender.prefer(&context, &sequences);
    sequences_release(&sequences);
    free(actions);
    return preset;
}

static void test_prefers_by_shape(void **state)
{
    struct content *content = content_new(1, 1);
    const struct preset *presets = transformer_recommender.presets;
    assert_string_equal(presets[preferred(3, 8, NULL)].name, "sparse");
    assert_string_equal(presets[preferred(3, 8, content)].name, "attributes");
    assert_string_equal(presets[preferred(3, 160, content)].name, "long");
    content_free(content);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_learns_a_pattern),
        cmocka_unit_test(test_draws_when_there_are_many),
        cmocka_unit_test(test_learns_masked),
        cmocka_unit_test(test_learns_long_sequences_in_windows),
        cmocka_unit_test(test_keeps_the_best_round),
        cmocka_unit_test(test_attributes_reach_a_new_item),
        cmocka_unit_test(test_prefers_by_shape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
