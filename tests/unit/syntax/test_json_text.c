#include "base/base.h"
#include "base/buf.h"
#include "syntax/json_text.h"

#include <setjmp.h>
#include <cmocka.h>

static char where[200];

static const struct json_rules strict = {.values_max = JSON_VALUES_MAX, .strict = true};
static const struct json_rules lenient = {.values_max = JSON_VALUES_MAX};

static enum json_fault parse(struct slice text)
{
    json_t *document = NULL;
    enum json_fault fault = json_text_parse(text, &strict, &document, where, sizeof(where));
    assert_true((fault == JSON_FINE) == (document != NULL));
    json_decref(document);
    return fault;
}

static void tells_faults_apart(void **state)
{
    static const struct {
        const char *text;
        enum json_fault fault;
    } samples[] = {
        {"{}", JSON_FINE},
        {" {\"a\": [1, -2.5e3, true, null, \"\\u00e4\\ud83d\\ude00\"]}\n", JSON_FINE},
        {"1", JSON_FINE},
        {"\"\xc3\xa4\"", JSON_FINE},
        {"{\"a\": \"\\u0000\"}", JSON_FINE},
        {"{\"a\": 1e-999}", JSON_FINE},
        {"{\"a\": \"\xff\"}", JSON_NOT_UTF8},
        {"{\"a\": \"\xed\xa0\x80\"}", JSON_NOT_UTF8},
        {"{\"a\": \"\xc0\x80\"}", JSON_NOT_UTF8},
        {"{\"a\": 1, \"a\": 1}", JSON_DUPLICATE_KEY},
        {"{\"a\": 1, \"\\u0061\": 1}", JSON_DUPLICATE_KEY},
        {"{\"b\": {\"a\": 1, \"a\": 2}}", JSON_DUPLICATE_KEY},
        {"{\"a\": 1e999}", JSON_NUMBER_TOO_LARGE},
        {"{\"a\": -1e999}", JSON_NUMBER_TOO_LARGE},
        {"{\"a\": 9223372036854775808}", JSON_NUMBER_TOO_LARGE},
        {"{\"a\": \"\\ud800\"}", JSON_BAD_SYNTAX},
        {"{\"a\": \"\\udc00\\ud800\"}", JSON_BAD_SYNTAX},
        {"{\"a\": NaN}", JSON_BAD_SYNTAX},
        {"{'a': 1}", JSON_BAD_SYNTAX},
        {"{\"a\": 1,}", JSON_BAD_SYNTAX},
        {"{\"a\": 01}", JSON_BAD_SYNTAX},
        {"{\"a\": 1} {}", JSON_BAD_SYNTAX},
        {"{\"a\": \"x\ny\"}", JSON_BAD_SYNTAX},
        {"{\"a\"", JSON_BAD_SYNTAX},
        {"{\"a\": \"\\", JSON_BAD_SYNTAX},
        {" ", JSON_BAD_SYNTAX},
        {"\xef\xbb\xbf{}", JSON_BAD_SYNTAX},
    };
    for (size_t i = 0; i < ARRAY_COUNT(samples); i++) {
        enum json_fault fault = parse(slice_str(samples[i].text));
        if (fault != samples[i].fault) { fail_msg("%s: fault %d", samples[i].text, (int)fault); }
    }
    assert_int_equal(parse(slice_of("{\"a\": 1}\0", 9)), JSON_BAD_SYNTAX);
    assert_int_equal(parse(slice_of("{\"a\0\": 1}", 9)), JSON_BAD_SYNTAX);
}

static void tells_where_but_not_what(void **state)
{
    assert_int_equal(parse(slice_str("{\"a\": secret}")), JSON_BAD_SYNTAX);
    assert_non_null(strstr(where, "byte 12"));
    assert_null(strstr(where, "secret"));
    assert_int_equal(parse(slice_str("{\"secret\": 1, \"secret\": 2}")), JSON_DUPLICATE_KEY);
    assert_null(strstr(where, "secret"));
    assert_int_equal(parse(slice_str("{\"a\": \"secret")), JSON_BAD_SYNTAX);
    assert_null(strstr(where, "secret"));
}

static enum json_fault nested(size_t depth, const char *open, const char *inner, const char *close)
{
    struct buf text;
    buf_init(&text, 1 << 24);
    for (size_t i = 0; i < depth; i++) { buf_append(&text, open, strlen(open)); }
    buf_append(&text, inner, strlen(inner));
    for (size_t i = 0; i < depth; i++) { buf_append(&text, close, strlen(close)); }
    enum json_fault fault = parse(buf_slice(&text));
    buf_release(&text);
    return fault;
}

static void depth_is_bounded(void **state)
{
    assert_int_equal(nested(JSON_DEPTH_MAX, "[", "1", "]"), JSON_FINE);
    assert_int_equal(nested(JSON_DEPTH_MAX + 1, "[", "1", "]"), JSON_TOO_DEEP);
    assert_int_equal(nested(JSON_DEPTH_MAX, "{\"a\":", "1", "}"), JSON_FINE);
    assert_int_equal(nested(JSON_DEPTH_MAX + 1, "{\"a\":", "1", "}"), JSON_TOO_DEEP);
    assert_int_equal(nested(1000000, "[", "", ""), JSON_TOO_DEEP);
    /* Inside a string brackets are text, behind an escaped quote too. */
    assert_int_equal(nested(1, "[\"", "[[\\\"[[", "\"]"), JSON_FINE);
    char inner[4 * JSON_DEPTH_MAX];
    memset(inner, '[', sizeof(inner));
    memcpy(inner + sizeof(inner) / 2, "\\\"", 2);
    inner[sizeof(inner) - 1] = '\0';
    assert_int_equal(nested(1, "[\"", inner, "\"]"), JSON_FINE);
    /* Closing brackets that close nothing give no credit. */
    assert_int_equal(nested(1, "]]]]", "", ""), JSON_BAD_SYNTAX);
}

static enum json_fault many(size_t count, const char *value)
{
    struct buf text;
    buf_init(&text, 1 << 24);
    buf_append(&text, "[", 1);
    for (size_t i = 0; i < count; i++) { buf_printf(&text, "%s%s", i ? "," : "", value); }
    buf_append(&text, "]", 1);
    enum json_fault fault = parse(buf_slice(&text));
    buf_release(&text);
    return fault;
}

static void values_are_bounded(void **state)
{
    assert_int_equal(many(JSON_VALUES_MAX - 1, "1"), JSON_FINE);
    assert_int_equal(many(JSON_VALUES_MAX, "1"), JSON_TOO_MANY_VALUES);
    assert_int_equal(many(JSON_VALUES_MAX / 2 - 1, "{}"), JSON_FINE);
    assert_int_equal(many(JSON_VALUES_MAX / 2 + 1, "[]"), JSON_TOO_MANY_VALUES);
    assert_int_equal(many(100, "\",,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,"
                               ",,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\""),
                     JSON_FINE);
}

/* What a text becomes without `strict`: the member a of an object. */
static void flaws_are_values(void **state)
{
    static const struct {
        const char *text;
        enum json_flaw flaw;
    } samples[] = {
        {"{\"a\": \"nice \\ud83d\"}", FLAW_SURROGATE},
        {"{\"a\": \"\\udc00x\"}", FLAW_SURROGATE},
        {"{\"a\": \"\\ud83d\\ud83d\\ude00\"}", FLAW_SURROGATE},
        {"{\"a\": \"\\ud83d\\u0041\"}", FLAW_SURROGATE},
        {"{\"a\": \"\\ud83d\\ude00\"}", FLAW_NONE},
        {"{\"a\": 1, \"a\": 2}", FLAW_TWICE},
        {"{\"a\": 1, \"a\": 1}", FLAW_NONE},
        {"{\"a\": 1, \"a\": 2, \"a\": 1}", FLAW_TWICE},
        {"{\"a\": {\"b\": 1}, \"\\u0061\": {\"b\": 2}}", FLAW_TWICE},
        {"{\"a\": NaN}", FLAW_NOT_FINITE},
        {"{\"a\": Infinity}", FLAW_NOT_FINITE},
        {"{\"a\": -Infinity}", FLAW_NOT_FINITE},
        {"{\"a\": 1e999}", FLAW_RANGE},
        {"{\"a\": null}", FLAW_NONE},
    };
    for (size_t i = 0; i < ARRAY_COUNT(samples); i++) {
        json_t *document = NULL;
        assert_int_equal(json_text_parse(slice_str(samples[i].text), &lenient, &document, where,
                                         sizeof(where)), JSON_FINE);
        enum json_flaw flaw = json_flaw_of(json_object_get(document, "a"));
        if (flaw != samples[i].flaw) { fail_msg("%s: flaw %d", samples[i].text, (int)flaw); }
        json_decref(document);
    }
    assert_int_equal(json_flaw_of(NULL), FLAW_NONE);
}

static void numbers_keep_their_digits(void **state)
{
    static const char *const ends[] = {"9223372036854775807", "-9223372036854775808"};
    json_t *document = NULL;
    for (size_t i = 0; i < ARRAY_COUNT(ends); i++) {
        assert_int_equal(json_text_parse(slice_str(ends[i]), &lenient, &document, where,
                                         sizeof(where)), JSON_FINE);
        assert_true(json_integer_value(document) == (i ? INT64_MIN : INT64_MAX));
        json_decref(document);
    }
    static const char *const large[] = {"9223372036854775808", "-9223372036854775809",
                                        "18446744073709551615",
                                        "123456789012345678901234567890"};
    for (size_t i = 0; i < ARRAY_COUNT(large); i++) {
        assert_int_equal(json_text_parse(slice_str(large[i]), &lenient, &document, where,
                                         sizeof(where)), JSON_FINE);
        assert_string_equal(json_string_value(document), large[i]);
        json_decref(document);
    }
    static const char *const whole[] = {"12583.0", "12583.000", "12583"};
    for (size_t i = 0; i < ARRAY_COUNT(whole); i++) {
        assert_int_equal(json_text_parse(slice_str(whole[i]), &strict, &document, where,
                                         sizeof(where)), JSON_FINE);
        assert_true(json_is_integer(document) && json_integer_value(document) == 12583);
        json_decref(document);
    }
}

/* jansson's own parser is the oracle for what is strict JSON. */
static void agrees_with_jansson(void **state)
{
    static const char *const texts[] = {
        "{}", "[]", "[[]]", "[1,[2,{\"a\":[]}],{}]", "\"\\u00e4\\n\\\"\\\\\\/\"", "-0", "-0.5e-3",
        "{\"a\":{\"b\":{\"c\":[true,false,null,\"x\"]}},\"d\":1.25}", "0.1", "1E5", "1e+5",
        "[1,]", "[,1]", "{,}", "{\"a\":}", "{\"a\" 1}", "{1:2}", "[1 2]", "tru", "nul", "+1",
        ".5",
        "1.", "1e", "-", "--1", "00", "[", "]", "{", "}", "\"", "\"\\x\"", "\"\\u12\"", "'a'",
        "[1]]",
        "\t[ 1 ,\r\n2 ] ", "{\"a\":1,\"b\":[{\"a\":1},{\"a\":1}]}", "\"\\u0000\"",
        "[\"a\",\"a\"]",
    };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        json_t *document = NULL;
        size_t flags = JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY;
        json_t *wanted = json_loadb(texts[i], strlen(texts[i]), flags, NULL);
        enum json_fault fault =
            json_text_parse(slice_str(texts[i]), &strict, &document, where, sizeof(where));
        if ((fault == JSON_FINE) != (wanted != NULL)) { fail_msg("%s: %d", texts[i], (int)fault); }
        if (wanted && !json_equal(wanted, document)) { fail_msg("%s differs", texts[i]); }
        json_decref(document);
        json_decref(wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_faults_apart),
        cmocka_unit_test(tells_where_but_not_what),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(values_are_bounded),
        cmocka_unit_test(flaws_are_values),
        cmocka_unit_test(numbers_keep_their_digits),
        cmocka_unit_test(agrees_with_jansson),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
