#include "base/base.h"
#include "base/calendar.h"

#include <setjmp.h>
#include <cmocka.h>

/* Day by day, from 801 BC to 9999. */
static void test_every_day(void **state)
{
    int64_t days = calendar_days(-800, 1, 1);
    for (int64_t year = -800; year <= 9999; year++) {
        int64_t begin = days;
        for (int month = 1; month <= 12; month++) {
            int of_month = calendar_month_days(year, month);
            for (int day = 1; day <= of_month; day++) {
                assert_int_equal(calendar_days(year, month, day), days);
                days++;
            }
        }
        bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        assert_int_equal(days - begin, leap ? 366 : 365);
    }
}

static void test_known_days(void **state)
{
    assert_int_equal(calendar_days(1970, 1, 1), 0);
    assert_int_equal(calendar_days(1969, 12, 31), -1);
    assert_int_equal(calendar_days(2000, 2, 29), 11016);
    assert_int_equal(calendar_days(2026, 11, 30), 20787);
    assert_int_equal(calendar_days(0, 1, 1), -719528);
    assert_int_equal(calendar_month_days(1900, 2), 28);
    assert_int_equal(calendar_month_days(2000, 2), 29);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_day),
        cmocka_unit_test(test_known_days),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
