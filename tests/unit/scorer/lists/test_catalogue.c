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

/* Items with dates are barred outside of them, as the clock goes. */
static void test_dates(void **state)
{
    struct catalogue catalogue;
    catalogue_init(&catalogue, false);
    catalogue_set_clock(&catalogue, 1000);
    catalogue_put_dated(&catalogue, 0, true, 2000, 3000);
    catalogue_put_dated(&catalogue, 1, true, 0, 2000);
    catalogue_put_dated(&catalogue, 2, true, 500, 0);
    catalogue_put_dated(&catalogue, 3, false, 500, 5000);
    catalogue_put_dated(&catalogue, 4, true, 3000, 2000);
    catalogue_put_dated(&catalogue, 5, true, 0, 0);
    static const struct {
        int64_t now_ms;
        const char *barred; /* by item */
    } steps[] = {{1000, "100110"}, {1999, "100110"}, {2000, "010110"}, {2999, "010110"},
                 {3000, "110110"}, {9000, "110110"}, {1500, "100110"}, {2500, "010110"}};
    for (size_t s = 0; s < ARRAY_COUNT(steps); s++) {
        catalogue_set_clock(&catalogue, steps[s].now_ms);
        for (int32_t item = 0; item < 6; item++) {
            bool barred = steps[s].barred[item] == '1';
            check(&catalogue, item, ITEM_LISTED | (barred ? ITEM_BARRED : 0));
        }
    }
    catalogue_release(&catalogue);
}

/* A removed item, and one whose dates were taken back, stay as they are when dates are reached. */
static void test_dates_that_are_gone(void **state)
{
    struct catalogue catalogue;
    catalogue_init(&catalogue, false);
    for (int32_t item = 0; item < 4; item++) {
        catalogue_put_dated(&catalogue, item, true, 2000, 3000);
    }
    catalogue_put_dated(&catalogue, 0, true, 2000, 4000);
    catalogue_remove(&catalogue, 1);
    catalogue_put(&catalogue, 2, true);
    catalogue_forget(&catalogue, 3);
    assert_int_equal(catalogue.validities.count, 1);
    for (int64_t now_ms = 1500; now_ms < 6000; now_ms += 1000) {
        catalogue_set_clock(&catalogue, now_ms);
        bool valid = now_ms == 2500 || now_ms == 3500;
        check(&catalogue, 0, ITEM_LISTED | (valid ? 0 : ITEM_BARRED));
        check(&catalogue, 1, ITEM_BARRED);
        check(&catalogue, 2, ITEM_LISTED);
        check(&catalogue, 3, 0);
    }
    catalogue_release(&catalogue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life_of_an_item),
        cmocka_unit_test(test_required),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_dates_that_are_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
