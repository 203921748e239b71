#include "base/base.h"
#include "rules/newest_items.h"
#include "tests/unit/rules/rules_rig.h"

enum { ITEMS = 200 };

static void put(struct rules_rig *rig, int number, int64_t created_ms)
{
    char id[16];
    (void)snprintf(id, sizeof(id), "i%03d", number);
    (void)rules_rig_item(rig, id, (struct item){.created_ms = created_ms}, "", "");
}

static void the_newest_come_first(void **state _unused_)
{
    struct rules_rig rig;
    struct newest_items newest;
    const struct topk_entry *items;
    rules_rig_init(&rig);
    newest_items_init(&newest, rig.ids);
    assert_int_equal(newest_items_find(&newest, &rig.columns, &items), 0);
    for (int k = 0; k < ITEMS; k++) { put(&rig, k, k % 10 ? 1000 + k : 0); }
    assert_int_equal(newest_items_find(&newest, &rig.columns, &items), NEWEST_ITEMS);
    assert_int_equal(items[0].item, 199);
    assert_int_equal(items[9].item, 189); /* 190 has no time of creation */
    put(&rig, 50, 5000);
    put(&rig, 199, 1);
    put(&rig, 3, 5000);
    assert_int_equal(newest_items_find(&newest, &rig.columns, &items), NEWEST_ITEMS);
    assert_int_equal(items[0].item, 3); /* equal times: by id */
    assert_int_equal(items[1].item, 50);
    assert_int_equal(items[2].item, 198);
    item_columns_remove(&rig.columns, 3);
    (void)newest_items_find(&newest, &rig.columns, &items);
    assert_int_equal(items[0].item, 50);
    newest_items_release(&newest);
    rules_rig_clear(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_come_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
