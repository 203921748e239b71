/* What needs no task; tests/topology/test_outcomes.c has the rest. */
#include "base/base.h"
#include "features/outcome_sums.h"

#include <setjmp.h>
#include <cmocka.h>

static void test_values_are_bounded(void **state _unused_)
{
    assert_int_equal(outcome_micros(19.99), 19990000);
    assert_int_equal(outcome_micros(-0.5), -500000);
    assert_int_equal(outcome_micros(1e300), INT64_C(10000000000000000));
    assert_int_equal(outcome_micros(-1e300), INT64_C(-10000000000000000));
    assert_int_equal(outcome_micros(1e-9), 0);
}

static void test_sums_stay_in_their_range(void **state _unused_)
{
    struct outcome_counts sum = {0};
    const struct outcome_counts most = {.clicks = 1, .revenue_micros = INT64_MAX};
    for (int i = 0; i < 3; i++) { outcome_counts_add(&sum, &most, 1); }
    assert_int_equal(sum.clicks, 3);
    assert_true(sum.revenue_micros == INT64_MAX);
    for (int i = 0; i < 4; i++) { outcome_counts_add(&sum, &most, -1); }
    assert_int_equal(sum.clicks, -1);
    assert_true(sum.revenue_micros == INT64_MIN);
}

static void test_kinds(void **state _unused_)
{
    assert_int_equal(outcome_of_action(ACTION_VIEW, 0).clicks, 1);
    assert_int_equal(outcome_of_action(ACTION_CLICK, 0).clicks, 1);
    assert_int_equal(outcome_of_action(ACTION_LIKE, 0).clicks, 0);
    const struct outcome_counts bought = outcome_of_action(ACTION_PURCHASE, 5);
    assert_int_equal(bought.conversions, 1);
    assert_int_equal(bought.actions, 1);
    assert_int_equal(bought.clicks, 0);
    assert_int_equal(bought.revenue_micros, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_are_bounded),
        cmocka_unit_test(test_sums_stay_in_their_range),
        cmocka_unit_test(test_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
