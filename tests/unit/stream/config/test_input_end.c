#include "base/base.h"
#include "stream/config/input_end.h"

#include <setjmp.h>
#include <cmocka.h>

static void test_valid(void **state)
{
    static const char *const good[] = {"", "0:0", "0:12,1:9223372036854775807", "3:1,2:5,11:0"};
    static const char *const bad[] = {"0", "0:", ":5", "0:1,", ",0:1", "0:1 1:2", "-1:5", "0:-5",
                                      "0:1;1:2", "a:1", "0:9223372036854775808", "4294967296:1"};
    for (size_t i = 0; i < ARRAY_COUNT(good); i++) { assert_true(input_end_valid(good[i])); }
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) { assert_false(input_end_valid(bad[i])); }
}

static void test_found(void **state)
{
    assert_int_equal(input_end_of("0:7,12:9,2:0", 0), 7);
    assert_int_equal(input_end_of("0:7,12:9,2:0", 12), 9);
    assert_int_equal(input_end_of("0:7,12:9,2:0", 2), 0);
    assert_true(input_end_of("0:7,12:9,2:0", 1) == INT64_MAX);
    assert_true(input_end_of("", 0) == INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),
        cmocka_unit_test(test_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
