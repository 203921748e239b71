#include "base/base.h"
#include "rules/again.h"

#include <setjmp.h>
#include <cmocka.h>

#define DAY_MS INT64_C(86400000)

static struct again had(const int *days, size_t count, int64_t period_ms)
{
    struct again again = {0};
    for (size_t k = 0; k < count; k++) { again_add(&again, days[k] * DAY_MS, period_ms); }
    return again;
}

/* The intervals are the user's own and one of the rule's. */
static void an_item_is_due_after_the_mean_interval(void **state _unused_)
{
    static const struct {
        int days[4];
        size_t count;
        int period, counted, due;
    } cases[] = {
        {{10}, 1, 30, 1, 40},
        {{10, 40}, 2, 30, 2, 70},
        {{10, 20}, 2, 30, 2, 40},         /* (30 + 10) / 2 */
        {{10, 20, 30, 40}, 4, 30, 4, 55}, /* (30 + 30) / 4 = 15 */
        {{10, 12, 40}, 3, 30, 2, 70},     /* two days are less than a tenth of 30: one purchase */
        {{10, 13, 40}, 3, 30, 3, 60},
    };
    for (size_t k = 0; k < ARRAY_COUNT(cases); k++) {
        int64_t period_ms = cases[k].period * DAY_MS;
        struct again again = had(cases[k].days, cases[k].count, period_ms);
        assert_int_equal(again.count, cases[k].counted);
        assert_int_equal(again_due_ms(&again, period_ms), cases[k].due * DAY_MS);
    }
}

static void a_row_of_near_purchases_is_one(void **state _unused_)
{
    static const int days[] = {10, 12, 14, 16};
    struct again again = had(days, ARRAY_COUNT(days), 30 * DAY_MS);
    assert_int_equal(again.count, 1);
    assert_int_equal(again_due_ms(&again, 30 * DAY_MS), 16 * DAY_MS + (30 + 6) * DAY_MS);
}

static void relevance_grows_with_the_count_and_falls_with_time(void **state _unused_)
{
    static const int once[] = {10}, thrice[] = {10, 40, 70};
    struct again one = had(once, 1, 30 * DAY_MS), three = had(thrice, 3, 30 * DAY_MS);
    assert_true(again_relevance(&one, 30 * DAY_MS, 40 * DAY_MS) == 0.5);
    assert_true(again_relevance(&three, 30 * DAY_MS, 100 * DAY_MS) == 0.75);
    assert_true(again_relevance(&three, 30 * DAY_MS, 130 * DAY_MS) == 0.375);
}

/* Times come from records. */
static void no_time_is_too_large(void **state _unused_)
{
    static const int64_t times[] = {INT64_MIN, -1, 0, 1, INT64_MAX};
    for (size_t a = 0; a < ARRAY_COUNT(times); a++) {
        for (size_t b = 0; b < ARRAY_COUNT(times); b++) {
            for (int64_t period_ms = 1; period_ms > 0 && period_ms < 36501 * DAY_MS;
                 period_ms *= 36500 * DAY_MS) {
                struct again again = {0};
                again_add(&again, times[a], period_ms);
                again_add(&again, times[b], period_ms);
                assert_true(again.count == 1 || again.count == 2);
                assert_true(again_due_ms(&again, period_ms) > again.last_ms ||
                            again.last_ms == INT64_MAX);
                double relevance = again_relevance(&again, period_ms, times[a]);
                assert_true(relevance > 0.0 && relevance <= 1.0);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_item_is_due_after_the_mean_interval),
        cmocka_unit_test(a_row_of_near_purchases_is_one),
        cmocka_unit_test(relevance_grows_with_the_count_and_falls_with_time),
        cmocka_unit_test(no_time_is_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
