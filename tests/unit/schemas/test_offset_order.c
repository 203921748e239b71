#include "base/base.h"
#include "schemas/offset_order.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_near_ones(void **state)
{
    assert_true(offset_older(4, 5));
    assert_false(offset_older(5, 5));
    assert_false(offset_older(6, 5));
    assert_true(offset_older(0, OFFSETS_APART_MAX));
    assert_true(offset_older(-1, 0));
}

/* Whatever somebody writes, what follows counts. */
static void test_no_number_is_the_last(void **state)
{
    static const int64_t numbers[] = {INT64_MAX, INT64_MAX - 1, INT64_C(1) << 53,
                                      OFFSETS_APART_MAX + 1000};
    for (size_t i = 0; i < ARRAY_COUNT(numbers); i++) {
        assert_false(offset_older(7, numbers[i]));
        assert_false(offset_older(INT64_MIN, numbers[i]));
    }
    assert_false(offset_older(-1, INT64_MAX));
    assert_true(offset_older(INT64_MIN, INT64_MIN + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_near_ones),
        cmocka_unit_test(test_no_number_is_the_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
