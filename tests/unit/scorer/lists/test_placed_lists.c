/* The list of a placement does not depend on the other placements of the rules, nor its beginning
 * on how long a list a request wants. What is new and gets a place suits the user. */
#include "base/base.h"
#include "scorer/lists/lists.h"
#include "scorer/scorer_settings.h"

#include <setjmp.h>

#include <cmocka.h>

enum { ITEMS = 600, FAR = 400, LENGTH = 10 };

/* Nothing is dear enough for the first, so it looks at many more candidates; the second would have
 * those that are far behind, if they were its candidates. */
static const char text[] = "first.length=10\n"
                           "first.filter.dear=price > 5000\n"
                           "second.length=10\n"
                           "second.boost.far=+5 if tags has 'far'\n"
                           "third.length=10\n"
                           "third.filter.far=tags has 'far'\n"
                           "fourth.length=10\n"
                           "fourth.filter.ends=price < 25 or tags has 'far'\n"
                           "fourth.boost.far=+5 if tags has 'far'\n"
                           "fourth.cap.far=20 if tags has 'far'\n";

enum { PLACEMENTS = 4 };

struct ranked_place {
    struct slice item, because;
    int32_t reason;
};

struct fixture {
    struct scorer_settings settings;
    struct options *options;
    struct tables tables;
    struct lists *lists;
    struct rule_set *rules;
};

/* Items with ever fewer actions; those from FAR on have a tag. */
static void put_items(struct tables *tables)
{
    struct slice tags[] = {slice_str("far")};
    for (int k = 0; k < ITEMS; k++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "i%03d", k);
        const struct serving_row row = {.item_id = slice_str(id), .mass = 1.0,
                                        .actions = 2.0 * ITEMS - k, .trend = 1.0};
        const struct item item = {.item_id = slice_str(id), .available = true, .price = k,
                                  .tags = {tags, k >= FAR}};
        assert_null(tables_put_row(tables, &row));
        tables_put_item(tables, &item);
    }
}

static void begin(struct fixture *fixture)
{
    struct buf faults;
    *fixture = (struct fixture){0};
    const struct option_group group = {"scorer", scorer_options, SCORER_OPTIONS_COUNT,
                                       &fixture->settings};
    assert_int_equal(options_fill(&group, 1, NULL, 0, stderr, &fixture->options), 0);
    tables_init(&fixture->tables, &fixture->settings.lists);
    fixture->lists = lists_new(&fixture->settings.lists, &fixture->tables, NULL, NULL, "");
    put_items(&fixture->tables);
    buf_init(&faults, 4096);
    fixture->rules =
        rule_set_parse(slice_str(text), &fixture->tables.columns, PLACEMENT_LENGTH, &faults);
    assert_non_null(fixture->rules);
    lists_set_rules(fixture->lists, fixture->rules);
    buf_release(&faults);
}

static void end(struct fixture *fixture)
{
    lists_free(fixture->lists);
    rule_set_free(fixture->rules);
    tables_release(&fixture->tables);
    options_free(fixture->options);
}

static void test_alone(void **state _unused_)
{
    static struct fixture fixture;
    const struct user_history history = {.user_id = slice_str("u"), .input_offset = 1};
    const struct list_scope scope = {.length = PLACEMENT_CANDIDATES};
    struct recommendation_list list;
    char items[PLACEMENTS][LENGTH][16] = {{""}};
    int32_t counts[PLACEMENTS];
    begin(&fixture);
    lists_make(fixture.lists, &history, &list);
    lists_place(fixture.lists, &history, &list);
    assert_int_equal(list.placement_counts.count, PLACEMENTS);
    for (size_t p = 0, at = 0; p < PLACEMENTS; p++) {
        counts[p] = list.placement_counts.at[p];
        for (int32_t k = 0; k < counts[p]; k++, at++) {
            (void)snprintf(items[p][k], sizeof(items[p][k]), "%.*s",
                           SLICE_ARGS(list.placement_items.at[at]));
        }
    }
    assert_int_equal(counts[0], 0);
    assert_int_equal(counts[1], LENGTH);
    assert_int_equal(counts[2], LENGTH);
    for (size_t p = 0; p < PLACEMENTS; p++) {
        lists_make_scoped(fixture.lists, &history, &scope, &list);
        lists_place_one(fixture.lists, &history, p, LENGTH, &list);
        assert_int_equal(list.items.count, counts[p]);
        for (size_t k = 0; k < list.items.count; k++) {
            assert_true(slice_equal(list.items.at[k], slice_str(items[p][k])));
        }
    }
    end(&fixture);
}

/* Pages of any length are pages of one list, which begins with the one that stands. */
static void test_pages(void **state _unused_)
{
    enum { MOST = 60 };
    static struct fixture fixture;
    const struct user_history history = {.user_id = slice_str("u"), .input_offset = 1};
    const struct list_scope scope = {.length = PLACEMENT_CANDIDATES};
    begin(&fixture);
    for (size_t p = 0; p < PLACEMENTS; p++) {
        struct recommendation_list list;
        char whole[MOST][16] = {""};
        size_t count = 0;
        for (size_t length = MOST; length > 0; length--) {
            lists_make_scoped(fixture.lists, &history, &scope, &list);
            lists_place_one(fixture.lists, &history, p, length, &list);
            if (length == MOST) { count = list.items.count; }
            assert_int_equal(list.items.count, MIN_OF(count, length));
            for (size_t k = 0; k < list.items.count; k++) {
                struct slice item = list.items.at[k];
                if (length == MOST) {
                    (void)snprintf(whole[k], sizeof(whole[k]), "%.*s", SLICE_ARGS(item));
                }
                assert_true(slice_equal(item, slice_str(whole[k])));
            }
        }
        assert_int_equal(count, p == 0 ? 0 : p == 3 ? 45 : MOST);
    }
    end(&fixture);
}

/* Returns what is at the fifth place of the list of somebody who had this. */
static struct ranked_place fifth_place(struct fixture *fixture, const char *had)
{
    struct slice items[] = {slice_str(had)};
    int32_t actions[] = {ACTION_VIEW};
    float weights[] = {1.0F};
    int64_t times_ms[] = {1000}, offsets[] = {0};
    const struct list_scope scope = {.length = PLACEMENT_CANDIDATES};
    const struct user_history history = {
        .user_id = slice_str("u"), .input_offset = 1, .events_total = 1, .items = {items, 1},
        .actions = {actions, 1}, .weights = {weights, 1}, .event_times_ms = {times_ms, 1},
        .offsets = {offsets, 1}};
    struct recommendation_list list;
    lists_make_scoped(fixture->lists, &history, &scope, &list);
    lists_place_one(fixture->lists, &history, /* placement= */ 0, LENGTH, &list);
    assert_int_equal(list.items.count, LENGTH);
    return (struct ranked_place){list.items.at[4], list.because.at[4], list.reasons.at[4]};
}

static void assert_place(struct ranked_place place, const char *item, int32_t reason,
                         const char *because)
{
    assert_true(slice_equal(place.item, slice_str(item)));
    assert_int_equal(place.reason, reason);
    assert_true(slice_equal(place.because, slice_str(because)));
}

static void describe(struct fixture *fixture, struct content_scores *content, const char *id,
                     const uint32_t *features, size_t count)
{
    int32_t number = ids_find(fixture->tables.ids, slice_str(id));
    assert_true(content_scores_describe(content, number, features, count));
}

/* More than a hundred items are like i001 alone, so that n1, which is like i599 as well, is not
 * among those most like it. */
static void describe_many(struct fixture *fixture, struct content_scores *content)
{
    const uint32_t one = 1, both[] = {1, 8};
    for (int k = 100; k < 250; k++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "i%03d", k);
        describe(fixture, content, id, &one, 1);
    }
    describe(fixture, content, "i599", both + 1, 1);
    describe(fixture, content, "n1", both, 2);
}

/* Who acts on i500 acts on i002, too: and n2 is like that. */
static void put_factors(struct cluster_table *clusters)
{
    struct slice items[] = {slice_str("i000"), slice_str("i001"), slice_str("i002"),
                            slice_str("i500")};
    float factors[] = {1.0F, 0.0F, -1.0F, 0.0F, 0.0F, 2.0F, 0.1F, 1.0F};
    const struct cluster_version version = {1, 1, 1, 0};
    assert_null(cluster_space_put_factors(clusters->space, version, 0,
                                          (struct slices){items, ARRAY_COUNT(items)},
                                          (struct floats){factors, ARRAY_COUNT(factors)}));
    assert_null(cluster_space_put_cluster(clusters->space, version, slice_str("1"),
                                          (struct floats){factors, 2}));
}

/* Counting knows nothing of new items: of those that a share asks for, the one that is like what
 * the user had is taken, and says so; else the one that is like what users chose who chose the
 * same; else the newest. */
static void test_a_share_takes_the_new_that_suit(void **state _unused_)
{
    enum { NEW = 3 };
    static const char one[] = "home.length=10\nhome.share.new=20% if tags has 'new'\n";
    static struct fixture fixture;
    struct mixture mixture;
    struct slice tags[] = {slice_str("new")};
    begin(&fixture);
    rule_set_free(fixture.rules);
    lists_free(fixture.lists);
    const struct list_settings *settings = &fixture.settings.lists;
    struct ids *ids = fixture.tables.ids;
    struct content_scores *content = content_scores_new(settings->items_max, 20, ids);
    for (int k = 0; k < NEW; k++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "n%d", k);
        const struct item item = {.item_id = slice_str(id), .available = true, .created_ms = 9 - k,
                                  .tags = {tags, 1}};
        tables_put_item(&fixture.tables, &item);
        uint32_t feature = (uint32_t)k;
        content_scores_describe(content, ids_find(ids, item.item_id), &feature, 1);
        (void)snprintf(id, sizeof(id), "i%03d", k);
        content_scores_describe(content, ids_find(ids, slice_str(id)), &feature, 1);
    }
    fixture.lists = lists_new(settings, &fixture.tables, NULL, content, "");
    mixture_init(&mixture);
    lists_set_mixture(fixture.lists, &mixture);
    struct buf faults;
    buf_init(&faults, 4096);
    fixture.rules =
        rule_set_parse(slice_str(one), &fixture.tables.columns, PLACEMENT_LENGTH, &faults);
    assert_non_null(fixture.rules);
    lists_set_rules(fixture.lists, fixture.rules);
    assert_place(fifth_place(&fixture, "i001"), "n1", REASON_TAGS, "i001");
    assert_place(fifth_place(&fixture, "i500"), "n0", REASON_NEW, "");
    assert_place(fifth_place(&fixture, "i002"), "n2", REASON_TAGS, "i002");
    describe_many(&fixture, content);
    assert_place(fifth_place(&fixture, "i001"), "n1", REASON_TAGS, "i001");
    assert_place(fifth_place(&fixture, "i002"), "n2", REASON_TAGS, "i002");
    struct cluster_table *clusters = cluster_table_new(1 << 20, false);
    lists_set_clusters(fixture.lists, clusters);
    assert_place(fifth_place(&fixture, "i500"), "n0", REASON_NEW, ""); /* no version serves */
    put_factors(clusters);
    assert_place(fifth_place(&fixture, "i500"), "n2", REASON_NEW, "");
    assert_place(fifth_place(&fixture, "i001"), "n1", REASON_TAGS, "i001");
    buf_release(&faults);
    end(&fixture);
    cluster_table_free(clusters);
    content_scores_free(content);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_alone), cmocka_unit_test(test_pages),
                                       cmocka_unit_test(test_a_share_takes_the_new_that_suit)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
