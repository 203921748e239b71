/* What users searched for, on its way into a model: texts as numbers and vectors, places in
 * sequences, and what a model learns of them. */
#include "base/base.h"
#include "base/xalloc.h"
#include "base/byte_vector.h"
#include "embed/text/sentence_model.h"
#include "trainer/sequence/history_items.h"
#include "trainer/sequence/learner.h"
#include "tests/unit/numbers.h"

#include <unistd.h>

#define MODEL "tests/golden/sentences"

enum { PIECES = 64, TEXTS = 300, WIDTH_MAX = 64, WAITS_MAX = 20000 };

static struct search_table *open_table(size_t most)
{
    struct query_vectors *encoder;
    char why[256];
    if (query_vectors_open(MODEL, PIECES, QUERIES_WAITING_MAX, &encoder, why, sizeof(why)) < 0) {
        fail_msg("%s", why);
    }
    return search_table_new(encoder, most);
}

static void encode_all(struct search_table *table)
{
    for (int waits = 0; search_table_waiting(table) > 0; waits++) {
        assert_true(waits < WAITS_MAX);
        search_table_work(table);
        usleep(1000);
    }
}

static struct slice text_of(char *to, size_t size, int n)
{
    static const char *const words[] = {"space", "opera", "robot", "garden", "winter", "train"};
    (void)snprintf(to, size, "%s %s %d", words[n % 6], words[n / 6 % 6], n);
    return slice_str(to);
}

static void encode_one(struct slice text, float *vector)
{
    struct sentence_model *model = NULL;
    struct reason reason;
    assert_int_equal(sentence_model_open(MODEL, PIECES, &model, &reason), 0);
    sentence_model_run(model, &text, 1, vector);
    sentence_model_free(model);
}

/* Each text has one number, and in the end the vector that the encoder makes of it alone. */
static void test_table(void **state)
{
    struct search_table *table = open_table(TEXTS);
    char text[64], longer[QUERY_TEXT_BYTES_MAX + 1];
    float vector[WIDTH_MAX], want[WIDTH_MAX];
    assert_true(search_table_width(table) <= WIDTH_MAX);
    memset(longer, 'a', sizeof(longer));
    assert_int_equal(search_table_number(table, slice_of("", 0)), SEARCH_NONE);
    assert_int_equal(search_table_number(table, slice_of(longer, sizeof(longer))), SEARCH_NONE);
    for (int n = 0; n < TEXTS; n++) {
        struct slice one = text_of(text, sizeof(text), n);
        assert_int_equal(search_table_number(table, one), n);
        assert_int_equal(search_table_number(table, one), n);
        assert_false(search_table_read(table, n, vector));
    }
    assert_int_equal(search_table_number(table, slice_str("one too many")), SEARCH_NONE);
    assert_false(search_table_caught_up(table));
    encode_all(table);
    assert_true(search_table_caught_up(table));
    assert_int_equal(search_table_count(table), TEXTS);
    assert_false(search_table_read(table, SEARCH_NONE, vector));
    assert_false(search_table_read(table, TEXTS, vector));
    for (int n = 0; n < TEXTS; n += 37) {
        encode_one(text_of(text, sizeof(text), n), want);
        assert_true(search_table_read(table, n, vector));
        for (size_t i = 0; i < search_table_width(table); i++) {
            near_to(vector[i], want[i], 0.01, "number", i);
        }
    }
    assert_null(search_table_free(table));
}

/* Freed while texts wait, it forgets them. */
static void test_freed_early(void **state)
{
    struct search_table *table = open_table(TEXTS);
    char text[64];
    for (int n = 0; n < TEXTS; n++) {
        (void)search_table_number(table, text_of(text, sizeof(text), n));
    }
    search_table_work(table);
    search_table_free(table);
}

/* ---- Histories ---- */

static void check_sequence(struct training_set *set, const int32_t *want, size_t count)
{
    int32_t items[HISTORY_TOKENS_MAX];
    size_t users;
    struct roster_entry *roster = training_set_roster(set, 0, &users);
    assert_int_equal(users, 1);
    assert_int_equal(training_set_read(set, roster, items, NULL, HISTORY_TOKENS_MAX), count);
    if (count) { assert_memory_equal(items, want, count * sizeof(*want)); }
    free(roster);
}

/* A search stands before what was done at its time or later; without a table it is left out. */
static void test_history(void **state)
{
    static struct slice ids[] = {{"a", 1}, {"b", 1}, {"c", 1}};
    static struct slice texts[] = {{"first", 5}, {"second", 6}, {"third", 5}, {"first", 5}};
    static float weights[] = {1, 0, 2};
    static int64_t times[] = {10, 20, 30}, searched[] = {5, 20, 30, 31};
    static int32_t kinds[3];
    const struct user_history history = {
        .items = {ids, 3}, .weights = {weights, 3}, .event_times_ms = {times, 3},
        .actions = {kinds, 3}, .search_texts = {texts, 4}, .search_times_ms = {searched, 4},
        .events_total = 3,
    };
    struct history_items to = {
        .ids = ids_new(100), .training_set = training_set_new(50, 1 << 20), .weights_power = 1};
    history_items_put(&to, slice_str("u"), &history);
    check_sequence(to.training_set, (const int32_t[]){0, 1}, 2);
    to.searches = open_table(2);
    history_items_put(&to, slice_str("u"), &history);
    const int32_t want[] = {pack_of_search(0), 0, pack_of_search(1), 1, pack_of_search(0)};
    check_sequence(to.training_set, want, 5);
    assert_true(to.longest == 3 && !to.cut);
    search_table_free(to.searches);
    training_set_free(to.training_set);
    ids_free(to.ids);
}

/* ---- What is learned ---- */

enum { USERS = 400, ITEMS = 30, STEPS = 6 };

static const struct learner_settings settings = {
    .d = 32, .blocks = 1, .heads = 1, .length = 20, .dropout = .1, .batch = 16, .rate = 3e-3,
    .epochs = 25, .patience = 25, .actions_least = 100, .growth = 10, .items_max = 1000,
    .threads = 1, .seed = 3,
};

static struct content_table *text_content(const struct search_table *table)
{
    struct content_table *content = content_table_new();
    for (int32_t item = 0; item < ITEMS; item++) {
        char text[64];
        float vector[WIDTH_MAX];
        int8_t numbers[WIDTH_MAX];
        encode_one(text_of(text, sizeof(text), item), vector);
        const size_t width = search_table_width(table);
        const struct content_vector one = {
            .scale = byte_vector_make(vector, width, numbers), .numbers = numbers, .width = width};
        assert_true(content_table_put(content, item, slice_str(search_table_model(table)), &one));
    }
    return content;
}

/* Users search for an item's text and then take that item, which nothing else foretells. */
static struct training_set *searchers(struct search_table *table)
{
    struct training_set *set = training_set_new(201, 1 << 24);
    uint64_t rng = 5;
    for (uint64_t item = 0; item < ITEMS; item++) { training_set_add_item(set, 1000 + item); }
    for (uint64_t user = 0; user < USERS; user++) {
        int32_t tokens[2 * STEPS];
        for (size_t step = 0; step < STEPS; step++) {
            char text[64];
            int32_t item = (int32_t)(draw(&rng) * ITEMS);
            int32_t search = search_table_number(table, text_of(text, sizeof(text), item));
            tokens[2 * step] = pack_of_search((size_t)search);
            tokens[2 * step + 1] = item;
        }
        training_set_put(set, user + 1, tokens, NULL, ARRAY_COUNT(tokens), STEPS);
    }
    return set;
}

static double learned(bool with_searches)
{
    struct search_table *table = open_table(1000);
    struct content_table *content = text_content(table);
    struct training_set *set = searchers(table);
    struct learner *learner = learner_new(&settings, set);
    learner_use_content(learner, content, 24);
    if (with_searches) { learner_use_searches(learner, table); }
    encode_all(table);
    while (learner_report(learner).training_runs == 0 ||
           learner_report(learner).phase == PHASE_TRAINING ||
           learner_report(learner).phase == PHASE_VALIDATING) {
        assert_true(learner_step(learner));
    }
    double ndcg10 = learner_report(learner).ndcg10;
    learner_free(learner);
    training_set_free(set);
    content_table_free(content);
    search_table_free(table);
    return ndcg10;
}

static void test_searches_foretell(void **state)
{
    double with = learned(true), without = learned(false);
    if (with < 0.8 || without > 0.4) { fail_msg("NDCG@10 %g with, %g without", with, without); }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_freed_early),
        cmocka_unit_test(test_history),
        cmocka_unit_test(test_searches_foretell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
