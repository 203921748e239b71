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
    assert_int_equal(json_value_number(json("\"1.5\""), NULL, false, &number), VALUE_WRONG_TYPE);
    assert_true(number == 7);
    assert_int_equal(json_value_number(json("\"1.5e2\""), NULL, true, &number), VALUE_FOUND);
    assert_true(number == 150);
    assert_int_equal(json_value_number(json("\"NaN\""), NULL, false, &number), VALUE_FOUND);
    assert_true(isnan(number));
    assert_int_equal(json_value_integer(json("\"-12\""), true, &integer), VALUE_FOUND);
    assert_int_equal(integer, -12);
    assert_int_equal(json_value_integer(json("\" -12\\n\""), true, &integer), VALUE_FOUND);
    assert_int_equal(integer, -12);
    static const char *const bad[] = {"\"\"",    "\" \"", "\"1 1\"", "\"+1\"", "\"0x1\"", "\"1.5\"",
                                      "\"inf\"", "\"1e5\"", "\"-\"", "\"9223372036854775808\"",
                                      "\"1\\u0000\"", "true", "[1]", "1.5"};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        if (json_value_integer(json(bad[i]), true, &integer) != VALUE_WRONG_TYPE) {
            fail_msg("%s", bad[i]);
        }
    }
    assert_int_equal(integer, -12);
    assert_int_equal(json_value_number(NULL, NULL, true, &number), VALUE_ABSENT);
    assert_int_equal(json_value_integer(NULL, true, &integer), VALUE_ABSENT);
}

static enum value_state read_time(json_t *at, enum time_format format, bool as_text,
                                  int64_t *ms)
{
    const struct time_layouts layouts = time_layouts_of((struct time_layout){.format = format});
    return json_value_time(at, &layouts, as_text, ms);
}

static void times(void **state)
{
    int64_t ms = 7;
    assert_int_equal(read_time(json("\"1700000000\""), TIME_FORMAT_S, false, &ms),
                     VALUE_WRONG_TYPE);
    assert_int_equal(read_time(json("\"1700000000\""), TIME_FORMAT_S, true, &ms),
                     VALUE_FOUND);
    assert_int_equal(ms, 1700000000000);
    assert_int_equal(read_time(json("\"1700000000.5\""), TIME_FORMAT_S, true, &ms),
                     VALUE_FOUND);
    assert_int_equal(ms, 1700000000500);
    assert_int_equal(read_time(json("\"2023-11-14\""), TIME_FORMAT_AVRO, false, &ms),
                     VALUE_FOUND);
    assert_int_equal(ms, 1699920000000);
    assert_int_equal(read_time(json("1"), TIME_FORMAT_ISO8601, true, &ms), VALUE_WRONG_TYPE);
    assert_int_equal(read_time(json("\"soon\""), TIME_FORMAT_ISO8601, true, &ms),
                     VALUE_UNREADABLE);
    assert_int_equal(read_time(json("9e18"), TIME_FORMAT_MS, true, &ms), VALUE_UNREADABLE);
    assert_int_equal(read_time(NULL, TIME_FORMAT_MS, true, &ms), VALUE_ABSENT);
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
        {"\"12\"", VALUE_FOUND, true},       {"\"0.00\"", VALUE_FOUND, false},
        {"\"Active \"", VALUE_FOUND, true},  {"\"-1\"", VALUE_FOUND, false},
        {"\"in stock\"", VALUE_FOUND, true}, {"[]", VALUE_WRONG_TYPE, false},
    };
    static const struct flag_texts own = {.yes = "active,in stock"};
    for (size_t i = 0; i < ARRAY_COUNT(samples); i++) {
        bool flag = false;
        enum value_state found = json_value_flag(json(samples[i].text), NULL, &own, &flag);
        if (found != samples[i].state || flag != samples[i].flag) { fail_msg("%zu", i); }
    }
    bool flag = true;
    const struct flag_texts none = {.yes = ""};
    assert_int_equal(json_value_flag(json("\"\""), NULL, &none, &flag), VALUE_FOUND);
    assert_false(flag);
    assert_int_equal(json_value_flag(NULL, NULL, &none, &flag), VALUE_ABSENT);
}

/* A text of which nobody has said that it means no is neither. */
static void a_flag_is_not_guessed(void **state)
{
    static const struct flag_texts texts = {.yes = "true,yes", .no = "false,no"};
    static const struct {
        const char *text;
        enum value_state state;
        bool flag;
    } samples[] = {
        {"\"True\"", VALUE_FOUND, true},    {"\"YES\"", VALUE_FOUND, true},
        {"\"No\"", VALUE_FOUND, false},     {"\"12.00\"", VALUE_FOUND, true},
        {"\"DA==\"", VALUE_WRONG_TYPE, false}, {"\"\"", VALUE_WRONG_TYPE, false},
        {"{\"scale\":0,\"value\":\"DA==\"}", VALUE_FOUND, true},
        {"{\"$numberLong\":\"0\"}", VALUE_FOUND, false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(samples); i++) {
        bool flag = false;
        enum value_state found = json_value_flag(json(samples[i].text), NULL, &texts, &flag);
        if (found != samples[i].state || flag != samples[i].flag) { fail_msg("%zu", i); }
    }
}

static void absent_values_have_any_type(void **state)
{
    static const struct {
        const char *value, *list;
        bool listed;
    } samples[] = {
        {"\"-\"", "(not set),-", true},
        {"\"\"", "0,", true},
        {"\"\"", "0", false},
        {"0", "0,", true},             {"0.0", "0", true},        {"\"0\"", "0", true},
        {"1", "0", false},             {"-1", "0,-1", true},      {"false", "false", true},
        {"true", "false", false},      {"{}", "{}", true},        {"[]", "[],{}", true},
        {"[]", "{}", false},           {"{\"a\":1}", "{}", false},
        {"\"__debezium_unavailable_value\"", "", true},
        {"[\"__debezium_unavailable_value\"]", "", true},
        {"\"X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==\"", "", true},
    };
    for (size_t i = 0; i < ARRAY_COUNT(samples); i++) {
        bool listed = json_value_is_listed(json(samples[i].value), samples[i].list, false);
        if (listed != samples[i].listed) {
            fail_msg("%s in %s", samples[i].value, samples[i].list);
        }
    }
    assert_false(json_value_is_listed(json("0"), "0", true));
    assert_false(json_value_is_listed(NULL, "0", false));
}

/* What an id may be, and what it becomes. */
static void ids_of_many_types(void **state)
{
    static const struct {
        const char *value, *id; /* NULL: refused */
    } samples[] = {
        {"12583.0", "12583"}, {"1.2583e4", "12583"}, {"-7.0", "-7"}, {"1.5", NULL},
        {"1e16", NULL}, {"9007199254740991.5", NULL}, {"true", NULL}, {"{}", NULL}, {"[]", NULL},
        {"\" u1\\n\"", "u1"}, {"\"\\u00a0u1\\u3000 \\ufeff\"", "u1"}, {"\"  \"", ""},
        {"{\"$oid\":\"64\"}", "64"}, {"{\"$numberLong\":\"7\"}", "7"},
        {"{\"$uuid\":\"a-b\"}", "a-b"}, {"{\"scale\":0,\"value\":\"A+k=\"}", "1001"},
        {"{\"scale\":2,\"value\":\"AYcE\"}", "1001"}, {"{\"scale\":2,\"value\":\"AYcU\"}", NULL},
        {"{\"scale\":2,\"value\":\"JxA=\"}", "100"}, {"{\"scale\":0,\"value\":\"?\"}", NULL},
    };
    arena_reset(arena);
    for (size_t i = 0; i < ARRAY_COUNT(samples); i++) {
        struct slice text = {0};
        enum value_state found = json_value_text(json(samples[i].value), NULL, true, arena, &text);
        bool same = samples[i].id ? found == VALUE_FOUND &&
                                        slice_equal(text, slice_str(samples[i].id))
                                  : found == VALUE_WRONG_TYPE;
        if (!same) { fail_msg("%s: %.*s", samples[i].value, SLICE_ARGS(text)); }
    }
    struct slice text = {0};
    const struct path_format decimal = {.kind = PATH_FORMAT_DECIMAL};
    assert_int_equal(json_value_text(json("\"A+k=\""), &decimal, true, arena, &text), VALUE_FOUND);
    assert_true(slice_equal(text, slice_str("1001")));
    assert_int_equal(json_value_text(json("\" u\""), NULL, false, arena, &text), VALUE_FOUND);
    assert_true(slice_equal(text, slice_str(" u")));
    double number;
    const struct path_format two = {.kind = PATH_FORMAT_DECIMAL, .scale = 2};
    assert_int_equal(json_value_number(json("\"A+k=\""), &two, false, &number), VALUE_FOUND);
    assert_true(number == 10.01);
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
    assert_int_equal(json_value_text(json("-5"), NULL, true, arena, &text), VALUE_FOUND);
    assert_true(slice_equal(text, slice_str("-5")));
    assert_int_equal(json_value_text(json("\"a\\u0000b\""), NULL, true, arena, &text), VALUE_FOUND);
    assert_int_equal(text.size, 3);
    assert_int_equal(json_value_text(json("1.5"), NULL, true, arena, &text), VALUE_WRONG_TYPE);
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
        cmocka_unit_test(a_flag_is_not_guessed),
        cmocka_unit_test(absent_values_have_any_type),
        cmocka_unit_test(ids_of_many_types),
        cmocka_unit_test(years_texts_and_floats),
    };
    arena = arena_new(1024);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(arena);
    json_decref(value);
    return failed;
}
