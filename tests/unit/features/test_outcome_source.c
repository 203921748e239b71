#include "base/base.h"
#include "features/outcome_source.h"

#include <setjmp.h>
#include <cmocka.h>

static void test_sources(void **state _unused_)
{
    char rule[EVENT_RULE_BYTES_MAX + 10] = "main::";
    assert_true(outcome_source_valid(slice_str("main::")));
    assert_true(outcome_source_valid(slice_str("main:g2:a rule: with a colon")));
    assert_false(outcome_source_valid(slice_str("")));
    assert_false(outcome_source_valid(slice_str("main")));
    assert_false(outcome_source_valid(slice_str("main:")));
    assert_false(outcome_source_valid(slice_str("::")));
    memset(rule + 6, 'r', EVENT_RULE_BYTES_MAX + 1);
    assert_false(outcome_source_valid(slice_of(rule, EVENT_RULE_BYTES_MAX + 7)));
    assert_true(outcome_source_valid(slice_of(rule, EVENT_RULE_BYTES_MAX + 6)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sources),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
