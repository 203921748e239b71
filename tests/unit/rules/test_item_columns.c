#include "base/base.h"
#include "tests/unit/rules/rules_rig.h"

static void attributes_are_replaced_and_forgotten(void **state _unused_)
{
    struct rules_rig rig;
    size_t count;
    rules_rig_init(&rig);
    int32_t a = rules_rig_item(&rig, "a", (struct item){.price = 9.5, .stock = 3,
                                                        .brand = slice_str("B")}, "x y", "s t u");
    item_columns_reach(&rig.columns, 10);
    assert_true(rig.columns.prices[a] == 9.5);
    assert_true(rig.columns.prices[7] == ITEM_NOT_KNOWN);
    assert_int_equal(rig.columns.brands[7], ID_NONE);
    const int32_t *tags = item_columns_tags(&rig.columns, a, &count);
    assert_int_equal(count, 2);
    assert_int_equal(tags[1], ids_find(rig.columns.symbols, slice_str("y")));
    const int32_t *levels = item_columns_levels(&rig.columns, a, &count);
    assert_int_equal(count, 3);
    assert_int_equal(levels[2], ids_find(rig.columns.symbols, slice_str("u")));
    (void)rules_rig_item(&rig, "a", (struct item){.price = -5, .stock = -5}, "z", "");
    assert_true(rig.columns.prices[a] == ITEM_NOT_KNOWN);
    assert_true(rig.columns.stocks[a] == ITEM_NOT_KNOWN);
    tags = item_columns_tags(&rig.columns, a, &count);
    assert_int_equal(count, 1);
    assert_int_equal(tags[0], ids_find(rig.columns.symbols, slice_str("z")));
    item_columns_remove(&rig.columns, a);
    (void)item_columns_tags(&rig.columns, a, &count);
    assert_int_equal(count, 0);
    item_columns_remove(&rig.columns, 1000);
    rules_rig_clear(&rig);
}

/* Items whose tags become more and more move; what they leave behind is used again. */
static void memory_does_not_grow_with_changes(void **state _unused_)
{
    static const char *const tags[] = {"a", "a b c", "a b c d e f", "a b c d e f g h i j k l"};
    struct rules_rig rig;
    char id[16];
    rules_rig_init(&rig);
    for (int turn = 0; turn < 40; turn++) {
        for (int k = 0; k < 1000; k++) {
            (void)snprintf(id, sizeof(id), "%d", k);
            (void)rules_rig_item(&rig, id, (struct item){0}, tags[(turn + k) % 4], "s");
            if (turn % 3 == 0) { item_columns_remove(&rig.columns, k); }
        }
    }
    assert_true(rig.columns.texts_count < 40000);
    for (int k = 0; k < 1000; k++) {
        size_t count;
        const int32_t *levels = item_columns_levels(&rig.columns, k, &count);
        if (39 % 3 == 0) {
            assert_int_equal(count, 0);
        } else {
            assert_int_equal(levels[0], ids_find(rig.columns.symbols, slice_str("s")));
        }
    }
    rules_rig_clear(&rig);
}

/* One item that gets other texts with every change: what it had before is forgotten; what other
 * items have, or a condition names, keeps its number. */
static void texts_of_the_past_are_forgotten(void **state _unused_)
{
    enum { CHANGES = 100000 };
    struct rules_rig rig;
    char tags[64], brand[32];
    size_t count;
    rules_rig_init(&rig);
    int32_t first = rules_rig_item(&rig, "first", (struct item){.kind = slice_str("kept")}, "x y",
                                   "s");
    int32_t named = item_columns_symbol(&rig.columns, slice_str("named"));
    int32_t kind = rig.columns.kinds[first];
    for (int i = 0; i < CHANGES; i++) {
        (void)snprintf(tags, sizeof(tags), "a%d b%d x", i, i);
        (void)snprintf(brand, sizeof(brand), "brand%d", i);
        (void)rules_rig_item(&rig, "other", (struct item){.brand = slice_str(brand)}, tags, "s");
        assert_true(ids_count(rig.columns.symbols) <= CHANGES);
    }
    assert_int_equal(ids_find(rig.columns.symbols, slice_str("a0")), ID_NONE);
    assert_int_equal(ids_find(rig.columns.symbols, slice_str("named")), named);
    assert_int_equal(ids_find(rig.columns.symbols, slice_str("kept")), kind);
    const int32_t *at = item_columns_tags(&rig.columns, first, &count);
    assert_int_equal(at[0], ids_find(rig.columns.symbols, slice_str("x")));
    assert_int_equal(at[1], ids_find(rig.columns.symbols, slice_str("y")));
    at = item_columns_tags(&rig.columns, ids_find(rig.ids, slice_str("other")), &count);
    assert_int_equal(count, 3);
    (void)snprintf(tags, sizeof(tags), "b%d", CHANGES - 1);
    assert_true(slice_equal(ids_text(rig.columns.symbols, at[1]), slice_str(tags)));
    assert_int_equal(rig.columns.symbols_used, 8);
    rules_rig_clear(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attributes_are_replaced_and_forgotten),
        cmocka_unit_test(memory_does_not_grow_with_changes),
        cmocka_unit_test(texts_of_the_past_are_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
