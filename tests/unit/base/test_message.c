#include "base/base.h"
#include "base/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static _printf_(3, 4) void write_it(char *into, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    message_write(into, size, format, args);
    va_end(args);
}

/* A reason is completed by where it happened, in the same buffer. */
static void test_its_own_buffer_is_an_argument(void **state)
{
    char why[64];
    write_it(why, sizeof(why), "more than %d items", 7);
    write_it(why, sizeof(why), "%s, at %s offset %d", why, "clicks", 3);
    assert_string_equal(why, "more than 7 items, at clicks offset 3");
    write_it(why, sizeof(why), "restore: %s", why + 10);
    assert_string_equal(why, "restore: 7 items, at clicks offset 3");
}

static void test_nothing_steers_a_terminal(void **state)
{
    char why[128];
    write_it(why, sizeof(why), "item '%s'", "a\x1b]0;x\x07\r\nb \xe2\x80\xae \xc3\xa9 \xff");
    assert_string_equal(
        why, "item 'a\\x1b]0;x\\x07\\x0d\\nb \\u202e \xc3\xa9 \\xff'");
}

static void test_hint(void **state)
{
    assert_true(message_has_hint("topic a: gone; hint: was it deleted?"));
    assert_false(message_has_hint("topic a: gone; hint, hint"));
    assert_false(message_has_hint(""));
}

static void test_cut(void **state)
{
    char why[8];
    write_it(why, sizeof(why), "%s", "123456789");
    assert_string_equal(why, "1234567");
    write_it(why, sizeof(why), "%s", "12345\x1b");
    assert_string_equal(why, "12345"); /* no piece of an escape */
    write_it(why, sizeof(why), "%5000d", 1);
    assert_string_equal(why, "       ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_its_own_buffer_is_an_argument),
        cmocka_unit_test(test_nothing_steers_a_terminal),
        cmocka_unit_test(test_hint),
        cmocka_unit_test(test_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
