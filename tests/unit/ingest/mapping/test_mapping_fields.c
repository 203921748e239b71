/* The fields that rules of placements are about; test_mapping.c has the others. */
#include "base/base.h"
#include "tests/mapping_rig.h"

#include <setjmp.h>
#include <cmocka.h>

static const struct item *item_of(struct rig *rig, const char *value)
{
    const char *reason = rig_apply(rig, slice_str(value));
    if (reason) { fail_msg("%s: %s (%s)", value, reason, rig->refusal.detail); }
    assert_int_equal(rig->outcome.target, TARGET_ITEM);
    assert_int_equal(rig->outcome.count, 1);
    return rig->outcome.at[0].object;
}

static void assert_text(struct slice text, const char *expected)
{
    assert_int_equal(text.size, strlen(expected));
    assert_memory_equal(text.data, expected, text.size);
}

static void attributes_are_read(void **state _unused_)
{
    static const char *const pairs[] = {
        "becomes=Item", "map.item=sku", "map.price=price", "map.stock=stock", "map.brand=maker",
        "map.category=path", "map.group=model", "map.item.kind==product",
        "map.image=pictures[0].src"};
    struct rig rig;
    assert_int_equal(rig_init(&rig, pairs, ARRAY_COUNT(pairs), NULL), 0);
    const struct item *item = item_of(
        &rig, "{\"sku\":12,\"price\":12.5,\"stock\":3.9,\"maker\":\"M\",\"model\":7,"
              "\"path\":\" Food > Hot drinks>Tea\",\"pictures\":[{\"src\":\"https://x/y\"}]}");
    assert_true(item->price == 12.5);
    assert_int_equal(item->stock, 3);
    assert_text(item->brand, "M");
    assert_int_equal(item->category.count, 3);
    assert_text(item->category.at[0], "Food");
    assert_text(item->category.at[1], "Hot drinks");
    assert_text(item->category.at[2], "Tea");
    assert_text(item->group_id, "7");
    assert_text(item->kind, "product");
    assert_text(item->image, "https://x/y");
    rig_clear(&rig);
}

/* A list of levels is not split. */
static void what_is_absent_is_not_known(void **state _unused_)
{
    static const char *const pairs[] = {"becomes=Item", "map.item=sku", "map.price=price",
                                        "map.stock=stock", "map.category=path"};
    struct rig rig;
    assert_int_equal(rig_init(&rig, pairs, ARRAY_COUNT(pairs), NULL), 0);
    const struct item *item =
        item_of(&rig, "{\"sku\":13,\"brand\":\"B\",\"path\":[\"Food\",null,\"a > b\"]}");
    assert_true(item->price == ITEM_NOT_KNOWN);
    assert_int_equal(item->stock, ITEM_NOT_KNOWN);
    assert_int_equal(item->brand.size, 0);
    assert_int_equal(item->category.count, 2);
    assert_text(item->category.at[1], "a > b");
    item = item_of(&rig, "{\"sku\":13}");
    assert_int_equal(item->category.count, 0);
    rig_clear(&rig);
}

static void dates_are_read(void **state _unused_)
{
    static const char *const pairs[] = {
        "becomes=Item", "map.item=sku", "map.available.from=valid.from:s",
        "map.available.until=valid.to:iso8601"};
    struct rig rig;
    assert_int_equal(rig_init(&rig, pairs, ARRAY_COUNT(pairs), NULL), 0);
    const struct item *item =
        item_of(&rig, "{\"sku\":1,\"valid\":{\"from\":1700000000,"
                      "\"to\":\"2023-11-14T22:13:21Z\"}}");
    assert_int_equal(item->available_from_ms, 1700000000000);
    assert_int_equal(item->available_until_ms, 1700000001000);
    item = item_of(&rig, "{\"sku\":1,\"valid\":{\"to\":null}}");
    assert_int_equal(item->available_from_ms, 0);
    assert_int_equal(item->available_until_ms, 0);
    rig_clear(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attributes_are_read),
        cmocka_unit_test(what_is_absent_is_not_known),
        cmocka_unit_test(dates_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
