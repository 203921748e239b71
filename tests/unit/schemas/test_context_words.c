#include "base/base.h"
#include "schemas/context_words.h"

#include <setjmp.h>
#include <cmocka.h>

static void circumstances_are_told_in_words(void **state _unused_)
{
    static const struct {
        const char *because, *english, *chinese;
    } cases[] = {
        {"day=evening", "in the evening", "晚间"},   {"week=weekend", "at weekends", "周末"},
        {"device=mobile", "on mobile", "在移动端"},  {"device=watch", "on watch", "在 watch 上"},
        {"channel=mail", "by mail", "通过 mail"},    {"country=de", "in DE", "在 DE"},
        {"region=de-by", "in DE-BY", "在 DE-BY"},    {"geohash=u281", "near u281", "在 u281 附近"},
        {"other", "other", "other"},                 {"", "", ""},
        {"device=", "device=", "device="},
    };
    char into[CONTEXT_WORDS_BYTES];
    for (size_t k = 0; k < ARRAY_COUNT(cases); k++) {
        struct slice because = slice_str(cases[k].because);
        assert_string_equal(context_words(because, false, into), cases[k].english);
        assert_string_equal(context_words(because, true, into), cases[k].chinese);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(circumstances_are_told_in_words)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
