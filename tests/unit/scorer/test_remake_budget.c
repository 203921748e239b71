#include "base/base.h"
#include "scorer/remake_budget.h"

#include <setjmp.h>

#include <cmocka.h>

/* Works in pieces whenever it may; returns the time spent on them. */
static int64_t work(struct remake_budget *budget, int64_t from_ms, int64_t for_ms, int64_t piece_us)
{
    int64_t spent_us = 0;
    for (int64_t now_ms = from_ms; now_ms < from_ms + for_ms;) {
        int64_t in_ms = remake_budget_in_ms(budget, now_ms);
        if (in_ms > 0) {
            now_ms += in_ms;
            continue;
        }
        remake_budget_spend(budget, piece_us);
        spent_us += piece_us;
    }
    return spent_us;
}

/* Pieces of less than a millisecond count in full, and long ones are paid for. */
static void test_the_share_is_kept(void **state)
{
    static const int64_t pieces_us[] = {40, 900, 2000, 70000};
    for (size_t i = 0; i < ARRAY_COUNT(pieces_us); i++) {
        struct remake_budget budget = {.percent = 20};
        int64_t spent_us = work(&budget, 1000000, 10000, pieces_us[i]);
        int64_t most_us = 2000000 + REMAKE_BUDGET_MAX_US + pieces_us[i];
        assert_true(spent_us <= most_us);
        assert_true(spent_us >= 2000000 - pieces_us[i]);
    }
}

static void test_rest_is_not_saved_up(void **state)
{
    struct remake_budget budget = {.percent = 100};
    (void)work(&budget, 0, 100, 1000);
    assert_int_equal(remake_budget_in_ms(&budget, 3600000), 0);
    assert_true(budget.left_us <= REMAKE_BUDGET_MAX_US);
    remake_budget_spend(&budget, REMAKE_BUDGET_MAX_US);
    assert_true(remake_budget_in_ms(&budget, 3600000) > 0);
    assert_true(remake_budget_in_ms(&budget, 10) > 0); /* a clock that goes back */
}

static void test_no_share(void **state)
{
    struct remake_budget budget = {0};
    assert_true(remake_budget_in_ms(&budget, 1000) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_share_is_kept),
        cmocka_unit_test(test_rest_is_not_saved_up),
        cmocka_unit_test(test_no_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
