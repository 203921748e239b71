#include "base/base.h"
#include "ingest/mapping/json_value.h"

#include <setjmp.h>
#include <cmocka.h>

static struct arena *arena;
static json_t *value;

static json_t *json(const char *text)
{
    json_decref(value);
    value = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    assert_non_null(value);
    return value;
}

static void numbers_in_quotes(void **state)
{
    double number = 7;
    int64_t integer = 7;
    assert_int_equal(json_value_number(json("\"1.5\""), false, &number), VALUE_WRONG_TYPE);
    assert_true(number == 7);
    assert_int_equal(json_value_number(json("\"1.5e2\""), true, &number), VALUE_FOUND);
    assert_true(number == 150);
    assert_int_equal(json_value_number(json("\"NaN\""), false, &number), VALUE_FOUND);
    assert_true(isnan(number));
    assert_int_equal(json_value_integer(json("\"-12\""), true, &integer), VALUE_FOUND);
    assert_int_equal(integer, -12);
    static const char *const bad[] = {"\"\"",    "\" 1\"", "\"1 \"", "\"+1\"", "\"0x1\"", "\"1.5\"",
                                      "\"inf\"", "\"1e5\"", "\"-\"", "\"9223372036854775808\"",
                                      "\"1\\u0000\"", "true", "[1]", "1.5"};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        if (json_value_integer(json(bad[i]), true, &integer) != VALUE_WRONG_TYPE) {
            fail_msg("%s", bad[i]);
        }
    }
    assert_int_equal(integer, -12);
    assert_int_equal(json_value_number(NULL, true, &number), VALUE_ABSENT);
    assert_int_equal(json_value_integer(NULL, true, &integer), VALUE_ABSENT);
}

static void times(void **state)
{
    int64_t ms = 7;
    assert_int_equal(json_value_time(json("\"1700000000\""), TIME_FORMAT_S, false, &ms),
                     VALUE_WRONG_TYPE);
    assert_int_equal(json_value_time(json("\"1700000000\""), TIME_FORMAT_S, true, &ms),
                     VALUE_FOUND);
    assert_int_equal(ms, 1700000000000);
    assert_int_equal(json_value_time(json("\"1700000000.5\""), TIME_FORMAT_S, true, &ms),
                     VALUE_FOUND);
    assert_int_equal(ms, 1700000000500);
    assert_int_equal(json_value_time(json("\"2023-11-14\""), TIME_FORMAT_AVRO, false, &ms),
                     VALUE_FOUND);
    assert_int_equal(ms, 1699920000000);
    assert_int_equal(json_value_time(json("1"), TIME_FORMAT_ISO8601, true, &ms), VALUE_WRONG_TYPE);
    assert_int_equal(json_value_time(json("\"soon\""), TIME_FORMAT_ISO8601, true, &ms),
                     VALUE_UNREADABLE);
    assert_int_equal(json_value_time(json("9e18"), TIME_FORMAT_MS, true, &ms), VALUE_UNREADABLE);
    assert_int_equal(json_value_time(NULL, TIME_FORMAT_MS, true, &ms), VALUE_ABSENT);
    assert_int_equal(ms, 1699920000000);
}

static void flags(void **state)
{
    static const struct {
        const char *text;
        enum value_state state;
        bool flag;
    } samples[] = {
        {"true", VALUE_FOUND, true},         {"false", VALUE_FOUND, false},
        {"1", VALUE_FOUND, true},            {"0", VALUE_FOUND, false},
        {"-3", VALUE_FOUND, false},          {"0.5", VALUE_FOUND, true},
        {"\"active\"", VALUE_FOUND, true},   {"\"sold\"", VALUE_FOUND, false},
        {"\"\"", VALUE_FOUND, false},        {"\"act\"", VALUE_FOUND, false},
        {"\"in stock\"", VALUE_FOUND, true}, {"[]", VALUE_WRONG_TYPE, false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(samples); i++) {
        bool flag = false;
        enum value_state found = json_value_flag(json(samples[i].text), "active,in stock", &flag);
        if (found != samples[i].state || flag != samples[i].flag) { fail_msg("%zu", i); }
    }
    bool flag = true;
    assert_int_equal(json_value_flag(json("\"\""), "", &flag), VALUE_FOUND);
    assert_false(flag);
    assert_int_equal(json_value_flag(NULL, "", &flag), VALUE_ABSENT);
}

static void years_texts_and_floats(void **state)
{
    int32_t year = 0;
    assert_int_equal(json_value_year(json("\"1985-02-03\""), &year), VALUE_FOUND);
    assert_int_equal(year, 1985);
    assert_int_equal(json_value_year(json("1990"), &year), VALUE_FOUND);
    assert_int_equal(year, 1990);
    assert_int_equal(json_value_year(json("-1"), &year), VALUE_UNREADABLE);
    assert_int_equal(json_value_year(json("\"85\""), &year), VALUE_UNREADABLE);
    assert_int_equal(json_value_year(json("1990.0"), &year), VALUE_WRONG_TYPE);
    assert_int_equal(year, 1990);
    struct slice text = {0};
    assert_int_equal(json_value_text(json("-5"), arena, &text), VALUE_FOUND);
    assert_true(slice_equal(text, slice_str("-5")));
    assert_int_equal(json_value_text(json("\"a\\u0000b\""), arena, &text), VALUE_FOUND);
    assert_int_equal(text.size, 3);
    assert_int_equal(json_value_text(json("1.5"), arena, &text), VALUE_WRONG_TYPE);
    struct floats floats = {0};
    assert_int_equal(json_value_floats(json("[1,2.5,-3]"), 5, arena, &floats), VALUE_FOUND);
    assert_int_equal(floats.count, 3);
    assert_true(floats.at[1] == 2.5f);
    assert_int_equal(json_value_floats(json("[1,2,3,4]"), 2, arena, &floats), VALUE_FOUND);
    assert_int_equal(floats.count, 3);
    assert_int_equal(json_value_floats(json("[1,\"2\"]"), 5, arena, &floats), VALUE_WRONG_TYPE);
    assert_int_equal(json_value_floats(json("{}"), 5, arena, &floats), VALUE_WRONG_TYPE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_in_quotes),
        cmocka_unit_test(times),
        cmocka_unit_test(flags),
        cmocka_unit_test(years_texts_and_floats),
    };
    arena = arena_new(1024);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(arena);
    json_decref(value);
    return failed;
}
