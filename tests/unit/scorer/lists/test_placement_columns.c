#include "base/base.h"
#include "scorer/lists/placement_columns.h"

#include <setjmp.h>
#include <cmocka.h>

struct columns {
    struct slice placements[2], items[5], rules[5], because[5];
    int32_t counts[2], ranks[5], reasons[5];
    float scores[5], evidence[5], shares[5], probabilities[5];
};

/* Two placements: a b c, and b d. */
static struct recommendation_list list_of(struct columns *columns)
{
    static const char *const ids[] = {"a", "b", "c", "b", "d"};
    *columns = (struct columns){.placements = {slice_str("p"), slice_str("q")}, .counts = {3, 2}};
    for (size_t k = 0; k < ARRAY_COUNT(ids); k++) {
        columns->items[k] = slice_str(ids[k]);
        columns->rules[k] = slice_str("");
        columns->ranks[k] = (int32_t)k + 1;
        columns->scores[k] = 1.0F;
        columns->probabilities[k] = k >= 3 ? 0.25F * (float)(k - 3) : 0.0F;
        columns->because[k] = slice_str(ids[k]);
        columns->reasons[k] = (int32_t)k;
        columns->evidence[k] = columns->shares[k] = (float)k;
    }
    return (struct recommendation_list){
        .placements = {columns->placements, 2}, .placement_counts = {columns->counts, 2},
        .removal_counts = {columns->counts, 2}, .placement_items = {columns->items, 5},
        .placement_scores = {columns->scores, 5}, .placement_ranks = {columns->ranks, 5},
        .placement_rules = {columns->rules, 5}, .placement_because = {columns->because, 5},
        .placement_reasons = {columns->reasons, 5}, .placement_evidence = {columns->evidence, 5},
        .placement_shares = {columns->shares, 5},
        .placement_probabilities = {columns->probabilities, 5}};
}

static void tables_with(struct tables *tables, const char *barred)
{
    static const struct list_settings settings = {
        .items_max = 100, .neighbours_used = 8, .list_length = 5, .recent_items = 5};
    tables_init(tables, &settings);
    for (const char *id = "abcd"; *id; id++) {
        const struct item item = {.item_id = slice_of(id, 1), .available = *id != *barred};
        tables_put_item(tables, &item);
    }
}

static void barred_items_leave_all_placements(void **state _unused_)
{
    struct tables tables;
    struct columns columns;
    tables_with(&tables, "b");
    struct recommendation_list list = list_of(&columns);
    placement_columns_strip(&tables, &list);
    assert_int_equal(list.placement_items.count, 3);
    assert_int_equal(columns.counts[0], 2);
    assert_int_equal(columns.counts[1], 1);
    assert_true(slice_equal(columns.items[1], slice_str("c")));
    assert_true(slice_equal(columns.items[2], slice_str("d")));
    assert_int_equal(columns.ranks[2], 5);
    assert_true(list_placements_reasoned(&list)); /* their reasons move with them */
    assert_true(slice_equal(columns.because[2], slice_str("d")));
    assert_int_equal(columns.reasons[1], 2);
    assert_true(columns.evidence[2] == 4.0F && columns.shares[1] == 2.0F);
    assert_true(list_placements_drawn(&list) && columns.probabilities[2] == 0.25F);
    list = list_of(&columns);
    list.placement_shares.count = 0; /* of an earlier release, or anybody's */
    placement_columns_strip(&tables, &list);
    assert_int_equal(list.placement_items.count, 3);
    assert_int_equal(list.placement_because.count, 0);
    assert_int_equal(list.placement_reasons.count, 0);
    list = list_of(&columns);
    list.placement_probabilities.count = 4;
    placement_columns_strip(&tables, &list);
    assert_int_equal(list.placement_probabilities.count, 0);
    tables_release(&tables);
}

static void columns_that_do_not_fit_are_dropped(void **state _unused_)
{
    struct tables tables;
    struct columns columns;
    tables_with(&tables, "b");
    static const int32_t counts[][2] = {{3, 3}, {-1, 6}, {6, -1}, {2, 2}};
    for (size_t k = 0; k < ARRAY_COUNT(counts); k++) {
        struct recommendation_list list = list_of(&columns);
        memcpy(columns.counts, counts[k], sizeof(columns.counts));
        placement_columns_strip(&tables, &list);
        assert_int_equal(list.placement_items.count, 0);
        assert_int_equal(list.placements.count, 0);
    }
    struct recommendation_list list = list_of(&columns);
    list.placement_ranks.count = 4;
    placement_columns_strip(&tables, &list);
    assert_int_equal(list.placements.count, 0);
    tables_release(&tables);
}

static void what_a_reader_sees_is_compared(void **state _unused_)
{
    struct columns one, other;
    struct recommendation_list a = list_of(&one), b = list_of(&other);
    assert_true(placement_columns_same(&a, &b));
    other.rules[4] = slice_str("pin.x");
    assert_false(placement_columns_same(&a, &b));
    b = list_of(&other);
    other.because[2] = slice_str("z");
    assert_false(placement_columns_same(&a, &b));
    b = list_of(&other);
    other.reasons[0] = REASON_NEW;
    assert_false(placement_columns_same(&a, &b));
    b = list_of(&other);
    other.counts[0] = 2;
    other.counts[1] = 3;
    assert_false(placement_columns_same(&a, &b));
    b = list_of(&other);
    b.rules_offset = 7;
    assert_false(placement_columns_same(&a, &b));
    b = list_of(&other);
    struct slice removed[] = {slice_str("z"), slice_str("y")};
    a.removal_items = a.removal_rules = (struct slices){removed, 1};
    assert_false(placement_columns_same(&a, &b));
    b.removal_items = b.removal_rules = (struct slices){removed + 1, 1};
    assert_false(placement_columns_same(&a, &b));
    b = list_of(&other);
    a.removal_items.count = a.removal_rules.count = 0;
    assert_true(placement_columns_same(&a, &b));
}

static void test_find(void **state _unused_)
{
    struct columns columns;
    struct recommendation_list list = list_of(&columns);
    struct placement_range range;
    int32_t removed[] = {0, 1}, ranks[] = {4};
    struct slice names[] = {slice_str("z")};
    list.removal_counts = (struct ints){removed, 2};
    list.removal_items = list.removal_rules = (struct slices){names, 1};
    list.removal_ranks = (struct ints){ranks, 1};
    assert_true(placement_columns_find(&list, slice_str("q"), &range));
    assert_int_equal(range.placement, 1);
    assert_int_equal(range.from, 3);
    assert_int_equal(range.count, 2);
    assert_int_equal(range.removals_from, 0);
    assert_int_equal(range.removals_count, 1);
    assert_false(placement_columns_find(&list, slice_str("r"), &range));
    removed[1] = 2; /* more than there are */
    assert_false(placement_columns_find(&list, slice_str("q"), &range));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(barred_items_leave_all_placements),
        cmocka_unit_test(columns_that_do_not_fit_are_dropped),
        cmocka_unit_test(what_a_reader_sees_is_compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
