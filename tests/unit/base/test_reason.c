#include "base/base.h"
#include "base/reason.h"

#include <setjmp.h>
#include <cmocka.h>

static void test_gives_the_sentence(void **state)
{
    struct reason reason = {0};
    assert_int_equal(reason_give(&reason, "%s: line %d", "a.csv", 7), -1);
    assert_string_equal(reason.text, "a.csv: line 7");
    assert_int_equal(reason_give(&reason, "later"), -1);
    assert_string_equal(reason.text, "later");
}

static void test_cuts_a_long_one(void **state)
{
    struct reason reason;
    (void)reason_give(&reason, "%0*d", 2 * REASON_BYTES_MAX, 0);
    assert_int_equal(strlen(reason.text), REASON_BYTES_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gives_the_sentence),
        cmocka_unit_test(test_cuts_a_long_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
