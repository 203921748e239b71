#include "base/base.h"
#include "features/taken_back.h"
#include "schemas/user_event.h"

#include <setjmp.h>
#include <cmocka.h>

enum { ITEM = 77, EVENT = 5 };

static void test_by_event(void **state _unused_)
{
    struct taken_back taken = {0};
    assert_false(taken_back_has(&taken, EVENT, ITEM, ACTION_LIKE, 0));
    assert_true(taken_back_add(&taken, EVENT, TAKEN_BACK_EVENT, 10));
    assert_false(taken_back_add(&taken, EVENT, TAKEN_BACK_EVENT, 10));
    assert_true(taken_back_has(&taken, EVENT, ITEM, ACTION_LIKE, 0));
    assert_false(taken_back_has(&taken, EVENT + 1, ITEM, ACTION_LIKE, 0));
    taken_back_release(&taken);
}

static void test_by_kind_up_to_a_time(void **state _unused_)
{
    struct taken_back taken = {0};
    uint64_t likes = taken_back_hash(ITEM, ACTION_LIKE);
    assert_true(taken_back_add(&taken, likes, 100, 10));
    assert_true(taken_back_has(&taken, EVENT, ITEM, ACTION_LIKE, 100));
    assert_false(taken_back_has(&taken, EVENT, ITEM, ACTION_LIKE, 101));
    assert_false(taken_back_has(&taken, EVENT, ITEM, ACTION_VIEW, 100));
    assert_false(taken_back_has(&taken, EVENT, ITEM + 1, ACTION_LIKE, 100));
    assert_false(taken_back_add(&taken, likes, 90, 10));
    assert_true(taken_back_add(&taken, likes, 110, 10));
    assert_true(taken_back_has(&taken, EVENT, ITEM, ACTION_LIKE, 101));
    assert_int_equal(taken.count, 1);
    taken_back_release(&taken);
}

static void test_bounded(void **state _unused_)
{
    struct taken_back taken = {0};
    for (uint64_t e = 1; e <= 5; e++) { (void)taken_back_add(&taken, e, TAKEN_BACK_EVENT, 3); }
    assert_int_equal(taken.count, 3);
    assert_false(taken_back_has(&taken, 2, ITEM, ACTION_LIKE, 0));
    assert_true(taken_back_has(&taken, 3, ITEM, ACTION_LIKE, 0));
    taken_back_release(&taken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_event),
        cmocka_unit_test(test_by_kind_up_to_a_time),
        cmocka_unit_test(test_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
