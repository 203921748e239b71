#include "base/base.h"
#include "scorer/lists/catalogue.h"

#include <setjmp.h>

#include <cmocka.h>

static void check(const struct catalogue *catalogue, int32_t item, int want)
{
    struct item_flags flags = catalogue_flags(catalogue);
    assert_true(item < flags.count);
    assert_int_equal(flags.at[item], want);
}

static void test_life_of_an_item(void **state)
{
    struct catalogue catalogue;
    catalogue_init(&catalogue, false);
    assert_int_equal(catalogue_flags(&catalogue).count, 0);
    catalogue_put(&catalogue, 3, true);
    check(&catalogue, 3, ITEM_LISTED);
    check(&catalogue, 2, 0);
    catalogue_put(&catalogue, 3, false);
    check(&catalogue, 3, ITEM_LISTED | ITEM_BARRED);
    catalogue_remove(&catalogue, 3);
    check(&catalogue, 3, ITEM_BARRED);
    catalogue_put(&catalogue, 3, true);
    check(&catalogue, 3, ITEM_LISTED);
    catalogue_remove(&catalogue, 5000);
    check(&catalogue, 5000, ITEM_BARRED);
    check(&catalogue, 4999, 0);
    catalogue_release(&catalogue);
}

static void test_required(void **state)
{
    struct catalogue catalogue;
    catalogue_init(&catalogue, true);
    catalogue_reach(&catalogue, 2);
    check(&catalogue, 1, ITEM_BARRED);
    catalogue_put(&catalogue, 1, true);
    check(&catalogue, 1, ITEM_LISTED);
    check(&catalogue, 0, ITEM_BARRED);
    catalogue_release(&catalogue);
}

/* Each change of a flag is in the log, and nothing else. */
static void test_changes(void **state)
{
    struct catalogue catalogue;
    catalogue_init(&catalogue, false);
    catalogue_put(&catalogue, 0, true);
    const struct change_log *changes = catalogue_flags(&catalogue).changes;
    uint64_t version = changes->version;
    catalogue_put(&catalogue, 0, true);
    catalogue_reach(&catalogue, 1);
    assert_true(changes->version == version);
    catalogue_put(&catalogue, 0, false);
    assert_true(changes->version == version + 1);
    assert_int_equal(change_log_at(changes, version), 0);
    catalogue_release(&catalogue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life_of_an_item),
        cmocka_unit_test(test_required),
        cmocka_unit_test(test_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
