#include "base/base.h"
#include "base/xalloc.h"
#include "stream/generation.h"

#include <setjmp.h>
#include <cmocka.h>

static void test_valid(void **state)
{
    assert_true(generation_valid(""));
    assert_true(generation_valid("g2"));
    assert_true(generation_valid("2026-decay"));
    assert_true(generation_valid("abcdefghijklmnopqrstuvwxyz012345"));
    assert_false(generation_valid("abcdefghijklmnopqrstuvwxyz0123456"));
    assert_false(generation_valid("base"));
    assert_false(generation_valid("-g"));
    assert_false(generation_valid("G2"));
    assert_false(generation_valid("a.b"));
    assert_false(generation_valid("a/b"));
    assert_false(generation_valid("a_b"));
}

static void test_names(void **state)
{
    _cleanup_(xfreep) char *named = generation_name("shop-histories", "g2");
    _cleanup_(xfreep) char *plain = generation_name("shop-histories", "");
    assert_string_equal(named, "shop-histories.g2");
    assert_string_equal(plain, "shop-histories");
    assert_string_equal(generation_label(""), "base");
    assert_string_equal(generation_label("g2"), "g2");
    assert_string_equal(generation_parse("base"), "");
    assert_string_equal(generation_parse("g2"), "g2");
    assert_null(generation_parse("G 2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
