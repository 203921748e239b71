#include "base/base.h"
#include "stream/config/option_value.h"

#include <setjmp.h>
#include <cmocka.h>

static void check_number(enum option_type type, const char *text, int64_t expected)
{
    struct option option = {.name = "x", .type = type};
    struct option_value value = {.number = -99};
    if (option_value_parse(&option, text, &value) != 0) { fail_msg("%s is refused", text); }
    assert_true(value.number == expected);
}

static void check_bad(enum option_type type, const char *text)
{
    struct option option = {.name = "x", .type = type, .choices = "one|two"};
    struct option_value value = {.number = -99, .real = -99};
    if (option_value_parse(&option, text, &value) != -EINVAL) { fail_msg("%s is taken", text); }
    assert_true(value.number == -99 && value.real == -99);
}

static void test_long(void **state)
{
    check_number(OPTION_LONG, "0", 0);
    check_number(OPTION_LONG, "-17", -17);
    check_number(OPTION_LONG, "9223372036854775807", INT64_MAX);
    check_number(OPTION_LONG, "-9223372036854775808", INT64_MIN);
    static const char *const bad[] = {"",  " 1", "1 ", "+1",  "1.0", "1e3",
                                      "-", "0x1", "1k", "--1", "9223372036854775808"};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) { check_bad(OPTION_LONG, bad[i]); }
}

static void test_bytes(void **state)
{
    check_number(OPTION_BYTES, "0", 0);
    check_number(OPTION_BYTES, "100", 100);
    check_number(OPTION_BYTES, "64k", 65536);
    check_number(OPTION_BYTES, "32m", 33554432);
    check_number(OPTION_BYTES, "3g", INT64_C(3221225472));
    check_number(OPTION_BYTES, "2t", INT64_C(2199023255552));
    check_number(OPTION_BYTES, "1 k", 1024);
    check_number(OPTION_BYTES, "32MB", 33554432);
    check_number(OPTION_BYTES, "32 MiB", 33554432);
    check_number(OPTION_BYTES, "1kb", 1024);
    check_number(OPTION_BYTES, "7B", 7);
    static const char *const bad[] = {"", "k", "1 ", "-1", "1.5k", "1ms", "9999999999g", "1k b",
                                      "1mbit", "1|", "1kilobytes", "1 | "};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) { check_bad(OPTION_BYTES, bad[i]); }
}

static void test_duration(void **state)
{
    check_number(OPTION_DURATION, "1500", 1500);
    check_number(OPTION_DURATION, "250ms", 250);
    check_number(OPTION_DURATION, "5s", 5000);
    check_number(OPTION_DURATION, "10m", 600000);
    check_number(OPTION_DURATION, "2h", 7200000);
    check_number(OPTION_DURATION, "30d", INT64_C(2592000000));
    check_number(OPTION_DURATION, "5 s", 5000);
    check_number(OPTION_DURATION, "10min", 600000);
    check_number(OPTION_DURATION, "2 hours", 7200000);
    static const char *const bad[] = {"", "s", "1w", "-1s", "5S", "5M", "5 ", "1 |day",
                                      "1h30m", "999999999999999d"};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) { check_bad(OPTION_DURATION, bad[i]); }
}

static void test_double(void **state)
{
    struct option option = {.type = OPTION_DOUBLE};
    struct option_value value;
    assert_int_equal(option_value_parse(&option, "0.25", &value), 0);
    assert_true(value.real == 0.25);
    assert_int_equal(option_value_parse(&option, "-1e-3", &value), 0);
    assert_true(value.real == -0.001);
    static const char *const bad[] = {"", " 1", "1 ", "nan", "inf", "0x1", "1e", "1e999", "1,5"};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) { check_bad(OPTION_DOUBLE, bad[i]); }
}

static void test_words(void **state)
{
    check_number(OPTION_BOOL, "true", 1);
    check_number(OPTION_BOOL, "false", 0);
    check_bad(OPTION_BOOL, "yes");
    check_bad(OPTION_BOOL, "TRUE");
    check_bad(OPTION_BOOL, "");
    struct option option = {.type = OPTION_CHOICE, .choices = "cosine|jaccard|llr"};
    static const char *const words[] = {"cosine", "jaccard", "llr"};
    struct option_value value;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(option_value_parse(&option, words[i], &value), 0);
        assert_int_equal(value.number, i);
    }
    check_bad(OPTION_CHOICE, "on");
    check_bad(OPTION_CHOICE, "one|two");
    check_bad(OPTION_CHOICE, "");
}

static void test_limits(void **state)
{
    static const struct {
        enum option_type type;
        double min, max;
        const char *text;
        int result;
    } cases[] = {
        {OPTION_LONG, 1, 10, "0", -EINVAL},        {OPTION_LONG, 1, 10, "1", 0},
        {OPTION_LONG, 1, 10, "10", 0},             {OPTION_LONG, 1, 10, "11", -EINVAL},
        {OPTION_LONG, -5, 0, "1", -EINVAL},        {OPTION_LONG, 1, INFINITY, "99999999", 0},
        {OPTION_BYTES, 1024, 65536, "64k", 0},     {OPTION_BYTES, 1024, 65536, "65k", -EINVAL},
        {OPTION_DURATION, 10, 1000, "1s", 0},      {OPTION_DURATION, 10, 1000, "2s", -EINVAL},
        {OPTION_DOUBLE, 0, 1, "1.0", 0},           {OPTION_DOUBLE, 0, 1, "1.01", -EINVAL},
        {OPTION_DOUBLE, 0, 1, "-0.01", -EINVAL},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct option option = {.type = cases[i].type, .min = cases[i].min, .max = cases[i].max};
        struct option_value value;
        assert_int_equal(option_value_parse(&option, cases[i].text, &value), cases[i].result);
    }
}

static void test_store(void **state)
{
    struct settings {
        char before;
        const char *text;
        int64_t number;
        double real;
        bool truth;
        int32_t choice;
    } settings;
    memset(&settings, 0xee, sizeof(settings));
    static const char text[] = "t";
    const struct option_value value = {.text = text, .number = 1, .real = 2.5};
    static const struct option options[] = {
        {.type = OPTION_SECRET, .offset = offsetof(struct settings, text)},
        {.type = OPTION_BYTES, .offset = offsetof(struct settings, number)},
        {.type = OPTION_DOUBLE, .offset = offsetof(struct settings, real)},
        {.type = OPTION_BOOL, .offset = offsetof(struct settings, truth)},
        {.type = OPTION_CHOICE, .offset = offsetof(struct settings, choice)},
    };
    for (size_t i = 0; i < ARRAY_COUNT(options); i++) {
        option_value_store(&options[i], &value, &settings);
    }
    assert_true(settings.text == text && settings.number == 1 && settings.real == 2.5);
    assert_true(settings.truth && settings.choice == 1);
    assert_true(settings.before == (char)0xee);
}

static void check_words(struct option option, const char *expected)
{
    struct buf out;
    buf_init(&out, 1000);
    option_describe(&option, &out);
    buf_append(&out, "", 1);
    assert_string_equal(out.data, expected);
    buf_release(&out);
}

static void test_describe(void **state)
{
    check_words((struct option){.type = OPTION_LONG}, "a whole number");
    check_words((struct option){.type = OPTION_LONG, .min = 1, .max = 1e5},
                "a whole number, from 1 to 100000");
    check_words((struct option){.type = OPTION_DOUBLE, .min = 0.1, .max = INFINITY},
                "a decimal number, at least 0.1");
    check_words((struct option){.type = OPTION_DOUBLE, .min = -INFINITY, .max = 3},
                "a decimal number, at most 3");
    check_words((struct option){.type = OPTION_BYTES, .min = 0, .max = 96 << 20},
                "a size such as 64k, 32m or 1g, from 0 to 96m");
    check_words((struct option){.type = OPTION_DURATION, .min = 1500, .max = 7200000},
                "a duration such as 250ms, 5s, 10m, 2h or 30d, from 1500ms to 2h");
    check_words((struct option){.type = OPTION_CHOICE, .choices = "a|b|c"}, "one of a, b or c");
    check_words((struct option){.type = OPTION_CHOICE, .choices = "a"}, "one of a");
    check_words((struct option){.type = OPTION_BOOL, .min = 0, .max = 1}, "true or false");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_long),   cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_duration), cmocka_unit_test(test_double),
        cmocka_unit_test(test_words),  cmocka_unit_test(test_limits),
        cmocka_unit_test(test_store),  cmocka_unit_test(test_describe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
