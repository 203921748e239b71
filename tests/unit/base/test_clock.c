#include "base/base.h"
#include "base/clock.h"

#include <setjmp.h>
#include <unistd.h>
#include <cmocka.h>

enum { NAP_US = 5000 };

static void test_wall(void **state)
{
    int64_t before_s = (int64_t)time(NULL);
    int64_t us = clock_wall_us(), ms = clock_wall_ms();
    assert_in_range(us / 1000000, before_s, before_s + 5);
    assert_in_range(ms - us / 1000, 0, 5000);
}

static void test_monotonic(void **state)
{
    int64_t from_us = clock_monotonic_us(), from_ms = clock_monotonic_ms();
    usleep(NAP_US);
    int64_t spent_us = clock_monotonic_us() - from_us;
    int64_t spent_ms = clock_monotonic_ms() - from_ms;
    assert_true(spent_us >= NAP_US);
    assert_true(spent_ms >= NAP_US / 1000 - 1 && spent_ms <= spent_us / 1000 + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wall),
        cmocka_unit_test(test_monotonic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
