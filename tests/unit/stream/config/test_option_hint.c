#include "base/base.h"
#include "stream/config/option_hint.h"

#include <setjmp.h>
#include <cmocka.h>

static void check(enum option_type type, const char *text, const char *expected)
{
    const struct option option = {
        .name = "x", .type = type, .choices = "ms|s|iso8601|warn|exactly_once|at_least_once"};
    struct buf out;
    buf_init(&out, 512);
    option_hint(&option, text, &out);
    buf_append(&out, "", 1);
    if (strcmp(out.data, expected) != 0) { fail_msg("%s: %s", text, out.data); }
    buf_release(&out);
}

static void test_choices(void **state)
{
    check(OPTION_CHOICE, "iso", "; did you mean iso8601?");
    check(OPTION_CHOICE, "ISO8601", "; did you mean iso8601?");
    check(OPTION_CHOICE, "MS", "; did you mean ms?");
    check(OPTION_CHOICE, "warning", "; did you mean warn?");
    check(OPTION_CHOICE, "exactly-once", "; did you mean exactly_once?");
    check(OPTION_CHOICE, "at_least_onze", "; did you mean at_least_once?");
    check(OPTION_CHOICE, "least_once", "; did you mean at_least_once?");
    check(OPTION_CHOICE, "verbose", "");
    check(OPTION_CHOICE, "", "");
    check(OPTION_CHOICE, "q", "");
    check(OPTION_CHOICE, "dd.MM.yyyy", "; for texts such as 2026-11-23 09:00:00 or "
                                       "2026-11-23T09:00:00Z write iso8601");
}

static void test_other_types(void **state)
{
    check(OPTION_BOOL, "True", "; write true");
    check(OPTION_BOOL, "OFF", "; write false");
    check(OPTION_BOOL, "maybe", "");
    check(OPTION_STRING, "\"a\"", "values have no quotes around them");
    check(OPTION_STRING, "\"", "");
    check(OPTION_STRING, "[\"a.b\"]", "");
    check(OPTION_STRING, "customer # the buyer",
          "a value has no comment behind it: write that in a line of its own");
    check(OPTION_STRING, "a#b", "");
    check(OPTION_STRING, "Order #", "");
    check(OPTION_STRING, "[\"Order #1\"]", "");
    check(OPTION_LONG, "iso", "");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choices),
        cmocka_unit_test(test_other_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
