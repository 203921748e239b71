#include "base/base.h"
#include "model/ids.h"
#include "scorer/lists/lists.h"
#include "scorer/scorer_settings.h"

#include <setjmp.h>

#include <cmocka.h>

/* The scorer's tables and lists, with default options except for those of a test. */
struct scorer_fixture {
    struct scorer_settings settings;
    struct options *options;
    struct tables tables;
    struct lists *lists;
};

static void fixture_init(struct scorer_fixture *fixture, const char *const *pairs, size_t count)
{
    *fixture = (struct scorer_fixture){0};
    const struct option_group group = {"scorer", scorer_options, SCORER_OPTIONS_COUNT,
                                       &fixture->settings};
    assert_int_equal(options_fill(&group, 1, pairs, count, stderr, &fixture->options), 0);
    tables_init(&fixture->tables, &fixture->settings.lists);
    fixture->lists = lists_new(&fixture->settings.lists, &fixture->tables, NULL, NULL, "g7");
}

static void fixture_release(struct scorer_fixture *fixture)
{
    lists_free(fixture->lists);
    tables_release(&fixture->tables);
    options_free(fixture->options);
}

/* Puts a row whose neighbours are the letters of a text, strongest first. */
static const char *put_row(struct scorer_fixture *fixture, const char *item, double actions,
                           const char *neighbours)
{
    struct slice items[8];
    float co[8], forwards[8], backwards[8];
    size_t count = strlen(neighbours);
    for (size_t k = 0; k < count; k++) {
        items[k] = slice_of(neighbours + k, 1);
        co[k] = forwards[k] = (float)(count - k);
        backwards[k] = 0.0F;
    }
    struct serving_row row = {
        .item_id = slice_str(item),
        .mass = actions,
        .actions = actions,
        .trend = actions,
        .items = {items, count},
        .co_ratings = {co, count},
        .forwards = {forwards, count},
        .backwards = {backwards, count},
    };
    return tables_put_row(&fixture->tables, &row);
}

static void list_item(struct scorer_fixture *fixture, const char *id, bool available)
{
    const struct item item = {.item_id = slice_str(id), .available = available};
    tables_put_item(&fixture->tables, &item);
}

/* Makes the list of a user who acted on the letters of a text; compares its items and `because`
 * ("_": none). */
static void check_list(struct scorer_fixture *fixture, const char *acted, struct slice seen,
                       const char *want, const char *because)
{
    struct slice items[8];
    float weights[8];
    int64_t offsets[8];
    struct recommendation_list list;
    size_t count = strlen(acted);
    for (size_t k = 0; k < count; k++) {
        items[k] = slice_of(acted + k, 1);
        weights[k] = 1.0F;
        offsets[k] = (int64_t)k;
    }
    const struct user_history history = {
        .user_id = slice_str("u"),
        .items = {items, count},
        .weights = {weights, count},
        .offsets = {offsets, count},
        .seen = seen,
        .input_partition = 3,
        .input_offset = 77,
        .event_time_ms = 1000,
        .received_ms = 2000,
    };
    lists_make(fixture->lists, &history, &list);
    char got[16] = "", got_because[16] = "";
    for (size_t k = 0; k < list.items.count; k++) {
        got[k] = list.items.at[k].data[0];
        got_because[k] = list.because.at[k].size ? list.because.at[k].data[0] : '_';
        assert_int_equal(list.reasons.at[k] == REASON_BECAUSE, got_because[k] != '_');
    }
    assert_string_equal(got, want);
    assert_string_equal(got_because, because);
    assert_true(slice_equal(list.user_id, slice_str("u")));
    assert_true(slice_equal(list.model, slice_str(fixture->settings.lists.model_name)));
    assert_int_equal(list.input_partition, 3);
    assert_int_equal(list.input_offset, 77);
    assert_int_equal(list.event_time_ms, 1000);
    assert_int_equal(list.received_ms, 2000);
}

static const struct slice nothing = {.data = "", .size = 0};

static void test_list(void **state)
{
    struct scorer_fixture fixture;
    fixture_init(&fixture, NULL, 0);
    assert_null(put_row(&fixture, "a", 10, "bcd"));
    assert_null(put_row(&fixture, "b", 1, "ac"));
    assert_null(put_row(&fixture, "x", 50, ""));
    list_item(&fixture, "n", true);
    check_list(&fixture, "a", nothing, "bcdxn", "aaa__");
    /* Seen items are given by fingerprint. */
    uint8_t seen[2 * HISTORY_SEEN_BYTES];
    const uint64_t hashes[] = {ids_fingerprint(slice_str("unheard of")),
                               ids_fingerprint(slice_str("c"))};
    for (size_t k = 0; k < sizeof(seen); k++) {
        seen[k] = (uint8_t)(hashes[k / 8] >> (k % 8 * 8));
    }
    check_list(&fixture, "a", slice_of(seen, sizeof(seen)), "bdxn", "aa__");
    /* Removed from the catalogue; not available; listed again. */
    tables_remove_item(&fixture.tables, slice_str("b"));
    list_item(&fixture, "x", false);
    check_list(&fixture, "a", nothing, "cdn", "aa_");
    list_item(&fixture, "b", true);
    check_list(&fixture, "a", nothing, "bcdn", "aaa_");
    /* Without the row, only the items that are known from elsewhere are left. */
    tables_remove_row(&fixture.tables, slice_str("a"));
    tables_remove_row(&fixture.tables, slice_str("nobody"));
    check_list(&fixture, "a", nothing, "bn", "__");
    fixture_release(&fixture);
}

static void test_catalogue_required(void **state)
{
    const char *const pairs[] = {"items.required=true", "list.length=2", "model.name=strict"};
    struct scorer_fixture fixture;
    fixture_init(&fixture, pairs, ARRAY_COUNT(pairs));
    put_row(&fixture, "a", 10, "bcd");
    check_list(&fixture, "a", nothing, "", "");
    list_item(&fixture, "c", true);
    check_list(&fixture, "a", nothing, "c", "a");
    fixture_release(&fixture);
}

/* Items past the limit are left out, also among neighbours. */
static void test_items_max(void **state)
{
    const char *const pairs[] = {"items.max=3"};
    struct scorer_fixture fixture;
    fixture_init(&fixture, pairs, ARRAY_COUNT(pairs));
    put_row(&fixture, "a", 10, "b");
    put_row(&fixture, "c", 10, "xyb");
    assert_int_equal(fixture.tables.over_max, 2);
    check_list(&fixture, "c", nothing, "ba", "c_");
    assert_null(put_row(&fixture, "z", 10, "ab"));
    check_list(&fixture, "zz", nothing, "ac", "__");
    fixture_release(&fixture);
}

static void test_rows_over_limits(void **state)
{
    struct scorer_fixture fixture;
    fixture_init(&fixture, NULL, 0);
    assert_string_equal(put_row(&fixture, "a", 1e13, "b"), "over_limit");
    float one = 1.0F;
    struct slice b = slice_str("b");
    struct serving_row row = {.item_id = slice_str("a"), .items = {&b, 1}};
    row.co_ratings = row.forwards = (struct floats){&one, 1};
    assert_string_equal(tables_put_row(&fixture.tables, &row), "columns_differ");
    row.backwards = (struct floats){&one, 1};
    row.epoch = INT64_MIN;
    assert_string_equal(tables_put_row(&fixture.tables, &row), "over_limit");
    row.epoch = 0;
    row.trend_epoch = INT64_MIN;
    assert_string_equal(tables_put_row(&fixture.tables, &row), "over_limit");
    assert_int_equal(ids_count(fixture.tables.ids), 0);
    fixture_release(&fixture);
}

/* Rows of items as the objects of kinds are no rows of items, whoever wrote them. */
static void test_rows_of_kinds(void **state)
{
    struct scorer_fixture fixture;
    const struct cross_found *found;
    fixture_init(&fixture, NULL, 0);
    struct slice items[] = {slice_str("\x1f" "5b"), slice_str("c"), slice_str("\x1f" "9d"),
                            slice_str("\x1f" "5a"), slice_str("\x1f")};
    float numbers[ARRAY_COUNT(items)] = {30, 20, 20, 20, 20}, none[ARRAY_COUNT(items)] = {0};
    const size_t count = ARRAY_COUNT(items);
    struct serving_row row = {
        .item_id = slice_str("\x1f" "1a"), .version = 1, .mass = 100, .items = {items, count},
        .co_ratings = {none, count}, .forwards = {numbers, count}, .backwards = {none, count}};
    uint64_t clock = fixture.tables.clock;
    assert_null(tables_put_row(&fixture.tables, &row));
    assert_true(fixture.tables.rows_changed > clock);
    row.version = 0; /* an older one */
    row.items.count = row.co_ratings.count = row.forwards.count = row.backwards.count = 0;
    assert_null(tables_put_row(&fixture.tables, &row));
    row = (struct serving_row){.item_id = slice_str("\x1f" "5b"), .version = 1, .mass = 40};
    assert_null(tables_put_row(&fixture.tables, &row));
    row.item_id = slice_str("\x1f" "8b");
    assert_null(tables_put_row(&fixture.tables, &row));
    int32_t a = ids_find(fixture.tables.ids, slice_str("a"));
    int32_t b = ids_find(fixture.tables.ids, slice_str("b"));
    assert_int_equal(ids_count(fixture.tables.ids), 2);
    assert_false(item_table_has(fixture.tables.items, a));
    assert_int_equal(cross_table_find(fixture.tables.cross, ACTION_VIEW, a, 1000, &found), 1);
    assert_int_equal(found[0].item, b);
    assert_true(found[0].users == 30.0F);
    row.mass = 1e13;
    assert_string_equal(tables_put_row(&fixture.tables, &row), "over_limit");
    tables_remove_row(&fixture.tables, slice_str("\x1f" "1nothing"));
    tables_remove_row(&fixture.tables, slice_str("\x1f"));
    tables_remove_row(&fixture.tables, slice_str("\x1f" "1a"));
    assert_int_equal(cross_table_find(fixture.tables.cross, ACTION_VIEW, a, 1000, &found), 0);
    fixture_release(&fixture);
}

static void test_the_greater_version_stays(void **state)
{
    struct scorer_fixture fixture;
    fixture_init(&fixture, NULL, 0);
    struct serving_row row = {.item_id = slice_str("a"), .version = 7, .mass = 1, .actions = 1};
    assert_null(tables_put_row(&fixture.tables, &row));
    row.version = 6;
    row.actions = 100;
    assert_null(tables_put_row(&fixture.tables, &row));
    int32_t item = ids_find(fixture.tables.ids, slice_str("a"));
    assert_true(item_table_actions(fixture.tables.items, item) == 1);
    row.version = 7;
    assert_null(tables_put_row(&fixture.tables, &row));
    assert_true(item_table_actions(fixture.tables.items, item) == 100);
    tables_remove_row(&fixture.tables, slice_str("a"));
    row.version = 3;
    assert_null(tables_put_row(&fixture.tables, &row));
    assert_true(item_table_actions(fixture.tables.items, item) == 100);
    row.version = INT64_MAX; /* somebody's: the trainer's next row counts all the same */
    assert_null(tables_put_row(&fixture.tables, &row));
    row.version = 4;
    row.actions = 5;
    assert_null(tables_put_row(&fixture.tables, &row));
    assert_true(item_table_actions(fixture.tables.items, item) == 5);
    fixture_release(&fixture);
}

/* Every score is finite, also with counts that have decayed to almost nothing or contradict each
 * other. */
static void test_scores_are_finite(void **state)
{
    static const char *const measures[] = {"similarity.measure=cosine",
                                           "similarity.measure=jaccard", "similarity.measure=llr"};
    static const struct {
        int64_t later; /* epoch of the newest row */
        double mass, co, actions;
    } edges[] = {{100, 3, 1, 3},       {140, 3, 1, 3},          {300, 3, 1, 3},
                 {900, 3, 1, 3},       {0, 1e-300, 1, 3},       {0, 1e-300, 1e12, 3},
                 {0, 5e-324, 1e12, 3}, {60, 1e-30, 1e12, 3},    {0, 3, 1, 1e-309},
                 {0, 3, 1e-300, 3},    {0, 1e-30, 1e-44, 1e-40}};
    for (size_t i = 0; i < ARRAY_COUNT(edges) * ARRAY_COUNT(measures); i++) {
        struct slice items[] = {slice_str("b"), slice_str("c")};
        float co = (float)edges[i % ARRAY_COUNT(edges)].co;
        double actions = edges[i % ARRAY_COUNT(edges)].actions;
        float counts[] = {co, co}, more[] = {co, co}, none[] = {0, 0};
        struct serving_row row = {.mass = edges[i % ARRAY_COUNT(edges)].mass,
                                      .actions = actions,
                                      .trend = 1, .items = {items, 2}, .co_ratings = {counts, 2},
                                      .forwards = {more, 2}, .backwards = {none, 2}};
        struct scorer_fixture fixture;
        fixture_init(&fixture, &measures[i / ARRAY_COUNT(edges)], 1);
        row.item_id = slice_str("a");
        assert_null(tables_put_row(&fixture.tables, &row));
        items[0] = slice_str("a");
        row.item_id = slice_str("b");
        assert_null(tables_put_row(&fixture.tables, &row));
        row.item_id = slice_str("n");
        row.epoch = edges[i % ARRAY_COUNT(edges)].later;
        assert_null(tables_put_row(&fixture.tables, &row));
        float weights[] = {1.0F};
        int64_t offsets[] = {0};
        struct slice acted[] = {slice_str("a")};
        const struct user_history history = {.user_id = slice_str("u"), .items = {acted, 1},
                                             .weights = {weights, 1}, .offsets = {offsets, 1}};
        struct recommendation_list list;
        lists_make(fixture.lists, &history, &list);
        for (size_t k = 0; k < list.items.count; k++) {
            assert_true(isfinite(list.scores.at[k]) && isfinite(list.evidence.at[k]));
        }
        fixture_release(&fixture);
    }
}

static void test_history_fault(void **state)
{
    struct slice item = slice_str("a");
    float weight = 1.0F;
    int64_t offset = 0;
    struct user_history history = {.items = {&item, 1}};
    assert_string_equal(history_fault(&history), "columns_differ");
    history.weights = (struct floats){&weight, 1};
    assert_string_equal(history_fault(&history), "columns_differ");
    history.offsets = (struct longs){&offset, 1};
    assert_null(history_fault(&history));
    static const float wrong[] = {NAN, INFINITY, -INFINITY, -1.0F, 2e6F};
    for (size_t k = 0; k < ARRAY_COUNT(wrong); k++) {
        weight = wrong[k];
        assert_string_equal(history_fault(&history), "bad_weight");
    }
    weight = HISTORY_WEIGHT_MAX;
    assert_null(history_fault(&history));
    history.seen = slice_of("123456789", 9);
    assert_string_equal(history_fault(&history), "bad_seen");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_catalogue_required),
        cmocka_unit_test(test_items_max),
        cmocka_unit_test(test_rows_over_limits),
        cmocka_unit_test(test_rows_of_kinds),
        cmocka_unit_test(test_the_greater_version_stays),
        cmocka_unit_test(test_scores_are_finite),
        cmocka_unit_test(test_history_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
