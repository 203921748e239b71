#include "base/base.h"
#include "rules/rule_text.h"

#include <setjmp.h>
#include <cmocka.h>

static void words_are_told_apart(void **state _unused_)
{
    struct rule_text text;
    rule_text_init(&text, slice_str(" user.idle>=1.5 2w 'a \"b' 20% 2026-12-01T08:30Z,x"));
    assert_true(rule_text_take(&text, "user.idle"));
    assert_true(rule_text_take(&text, ">="));
    assert_int_equal(text.word, WORD_NUMBER);
    assert_true(text.number == 1.5);
    rule_text_next(&text);
    assert_int_equal(text.word, WORD_PERIOD);
    assert_true(text.number == 14.0 * 86400000.0);
    rule_text_next(&text);
    assert_int_equal(text.word, WORD_TEXT);
    assert_true(slice_equal(text.text, slice_str("a \"b")));
    rule_text_next(&text);
    assert_int_equal(text.word, WORD_SHARE);
    assert_true(text.number == 0.2);
    rule_text_next(&text);
    assert_int_equal(text.word, WORD_DATE);
    assert_true(text.number == 1796113800000.0);
    rule_text_next(&text);
    assert_true(rule_text_take(&text, ","));
    assert_true(rule_text_take(&text, "x"));
    assert_int_equal(text.word, WORD_END);
    rule_text_next(&text);
    assert_int_equal(text.word, WORD_END);
}

static double date(const char *text)
{
    struct rule_text words;
    rule_text_init(&words, slice_str(text));
    return words.word == WORD_DATE ? words.number : -1.0;
}

static void dates_are_those_of_the_calendar(void **state _unused_)
{
    assert_true(date("1970-01-01") == 0.0);
    assert_true(date("2000-02-29") == 951782400000.0);
    assert_true(date("2024-02-29T23:59") == 1709251140000.0);
    assert_true(date("2100-02-29") < 0.0);
    assert_true(date("2023-02-29") < 0.0);
    assert_true(date("2026-13-01") < 0.0);
    assert_true(date("2026-04-31") < 0.0);
    assert_true(date("2026-12-01T24:00") < 0.0);
    assert_true(date("2026-12-01T8:00") < 0.0);
    assert_true(date("1969-12-31") < 0.0);
}

/* A fault stays: what comes behind it is not read. */
static void the_first_fault_stays(void **state _unused_)
{
    struct rule_text text;
    rule_text_init(&text, slice_of("a \0 'b", 6));
    rule_text_next(&text);
    assert_int_equal(text.word, WORD_FAULT);
    assert_non_null(strstr(text.why, "is no sign"));
    rule_text_next(&text);
    assert_int_equal(text.word, WORD_FAULT);
    assert_false(rule_text_fault(&text, "another"));
    assert_non_null(strstr(text.why, "is no sign"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_told_apart),
        cmocka_unit_test(dates_are_those_of_the_calendar),
        cmocka_unit_test(the_first_fault_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
