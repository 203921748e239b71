#include "base/base.h"
#include "base/buf.h"
#include "ingest/mapping/json_text.h"

#include <setjmp.h>
#include <cmocka.h>

static char where[200];

static enum json_fault parse(struct slice text)
{
    json_t *document = NULL;
    enum json_fault fault = json_text_parse(text, &document, where, sizeof(where));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_faults_apart),
        cmocka_unit_test(tells_where_but_not_what),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(values_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
