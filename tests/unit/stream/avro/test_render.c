#include "base/base.h"
#include "tests/probe.h"

#include <setjmp.h>
#include <cmocka.h>

#include "stream/avro/render.h"

/* What scratch->body is as JSON when that schema wrote it; on refusal "!reason". */
static const char *shown(struct scratch *scratch, const char *schema)
{
    buf_clear(&scratch->json);
    struct slice message = scratch_frame(scratch, schema);
    if (codec_json(scratch->schemas, message, &scratch->json, NULL, &scratch->error)) {
        assert_int_equal(scratch->json.size, 0);
        buf_printf(&scratch->json, "!%s", scratch->error.reason);
    }
    buf_append(&scratch->json, "", 1);
    buf_clear(&scratch->body);
    return scratch->json.data;
}

static void test_scalars(void **state)
{
    struct scratch *scratch = *state;
    assert_string_equal(shown(scratch, "\"null\""), "null");
    put_long(&scratch->body, -7);
    assert_string_equal(shown(scratch, "\"int\""), "-7");
    put_long(&scratch->body, INT64_MIN);
    assert_string_equal(shown(scratch, "\"long\""), "-9223372036854775808");
    put_long(&scratch->body, INT64_MIN);
    assert_string_equal(shown(scratch, "\"int\""), "!bad_length");
    buf_append(&scratch->body, "\x01", 1);
    assert_string_equal(shown(scratch, "\"boolean\""), "true");
    buf_append(&scratch->body, "\x07", 1);
    assert_string_equal(shown(scratch, "\"boolean\""), "!bad_enum");
    put_long(&scratch->body, 1);
    const char *color = "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"B\"]}";
    assert_string_equal(shown(scratch, color), "\"B\"");
    put_long(&scratch->body, 2);
    assert_string_equal(shown(scratch, color), "!bad_enum");
}

static void test_reals(void **state)
{
    struct scratch *scratch = *state;
    static const struct {
        double value;
        const char *text;
    } reals[] = {
        {0.1, "0.1"},      {1.0 / 3, "0.3333333333333333"},    {-2, "-2"},
        {1e300, "1e+300"}, {5e-324, "4.94065645841247e-324"},  {INFINITY, "\"Infinity\""},
        {NAN, "\"NaN\""},  {0.1 + 0.2, "0.30000000000000004"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(reals); i++) {
        put_double(&scratch->body, reals[i].value);
        assert_string_equal(shown(scratch, "\"double\""), reals[i].text);
    }
    put_float(&scratch->body, 0.1f);
    assert_string_equal(shown(scratch, "\"float\""), "0.1");
    put_float(&scratch->body, 16777216.0f);
    assert_string_equal(shown(scratch, "\"float\""), "16777216");
    put_float(&scratch->body, -INFINITY);
    assert_string_equal(shown(scratch, "\"float\""), "\"-Infinity\"");
}

/* Debezium's VariableScaleDecimal, whatever the record's name is. */
static void test_a_decimal_beside_its_scale(void **state)
{
    struct scratch *scratch = *state;
    static const char schema[] =
        "{\"type\":\"record\",\"name\":\"VariableScaleDecimal\",\"fields\":["
        "{\"name\":\"scale\",\"type\":\"int\"},{\"name\":\"value\",\"type\":\"bytes\"}]}";
    static const struct {
        int scale;
        const char *text;
    } samples[] = {{0, "1001"},
                 {2, "10.01"},
                 {-1, "10010"},
                 {1000000, "{\"scale\":1000000,\"value\":\"\\u0003\\u00e9\"}"}};
    for (size_t i = 0; i < ARRAY_COUNT(samples); i++) {
        put_long(&scratch->body, samples[i].scale);
        put_text(&scratch->body, "\x03\xe9");
        assert_string_equal(shown(scratch, schema), samples[i].text);
    }
}

static void test_texts(void **state)
{
    struct scratch *scratch = *state;
    put_text(&scratch->body, "a\"b\\c\n\r\t\x01\x7f \u00e9\U0001f30a/");
    assert_string_equal(shown(scratch, "\"string\""),
                        "\"a\\\"b\\\\c\\n\\r\\t\\u0001\\u007f \u00e9\U0001f30a/\"");
    put_text(&scratch->body, "\x1b[31m\xc2\x9b"
                             "31m\xc2\xa0"); /* nothing steers a terminal */
    assert_string_equal(shown(scratch, "\"string\""), "\"\\u001b[31m\\u009b31m\xc2\xa0\"");
    put_text(&scratch->body, "\xff\x80z\"\x1f");
    assert_string_equal(shown(scratch, "\"bytes\""), "\"\\u00ff\\u0080z\\\"\\u001f\"");
    put_text(&scratch->body, "\xff");
    assert_string_equal(shown(scratch, "\"string\""), "!bad_utf8");
    buf_append(&scratch->body, "\x00\xe9", 2);
    assert_string_equal(shown(scratch, "{\"type\":\"fixed\",\"name\":\"F\",\"size\":2}"),
                        "\"\\u0000\\u00e9\"");
}

static void test_nested(void **state)
{
    struct scratch *scratch = *state;
    const char *schema =
        "{\"type\":\"record\",\"name\":\"R\",\"fields\":["
        "{\"name\":\"m\",\"type\":{\"type\":\"map\",\"values\":[\"null\",\"long\"]}},"
        "{\"name\":\"a\",\"type\":{\"type\":\"array\",\"items\":{\"type\":\"array\",\"items\":"
        "\"int\"}}},{\"name\":\"r\",\"type\":[\"null\",\"R\"]},"
        "{\"name\":\"e\",\"type\":{\"type\":\"record\",\"name\":\"E\",\"fields\":[]}}]}";
    put_long(&scratch->body, 2);
    put_text(&scratch->body, "k\"");
    put_long(&scratch->body, 0);
    put_text(&scratch->body, "l");
    put_long(&scratch->body, 1);
    put_long(&scratch->body, 5);
    put_long(&scratch->body, 0);
    put_long(&scratch->body, -2); /* two inner arrays, four bytes of them */
    put_long(&scratch->body, 4);
    buf_append(&scratch->body, "\x02\x0e\x00\x00", 4);
    put_long(&scratch->body, 1);
    put_long(&scratch->body, 0);
    put_long(&scratch->body, 0);
    put_long(&scratch->body, 1);
    buf_append(&scratch->body, "\x00\x00\x00", 3);
    assert_string_equal(shown(scratch, schema), "{\"m\":{\"k\\\"\":null,\"l\":5},\"a\":[[7],[],[]],"
                                                "\"r\":{\"m\":{},\"a\":[],\"r\":null,\"e\":{}},"
                                                "\"e\":{}}");
}

static void test_refused(void **state)
{
    struct scratch *scratch = *state;
    const char *list = "{\"type\":\"record\",\"name\":\"L\",\"fields\":["
                       "{\"name\":\"n\",\"type\":[\"L\",\"null\"]}]}";
    for (int i = 0; i < 500; i++) { put_long(&scratch->body, 0); }
    assert_string_equal(shown(scratch, list), "!over_limit");
    put_long(&scratch->body, INT64_C(1) << 60);
    assert_string_equal(shown(scratch, "{\"type\":\"array\",\"items\":\"null\"}"), "!over_limit");
    put_long(&scratch->body, 2);
    assert_string_equal(shown(scratch, "{\"type\":\"map\",\"values\":\"int\"}"), "!truncated");
    put_long(&scratch->body, 2);
    assert_string_equal(shown(scratch, "[\"null\",\"int\"]"), "!bad_union");
    put_long(&scratch->body, 2);
    put_long(&scratch->body, 2);
    assert_string_equal(shown(scratch, "\"int\""), "!trailing_bytes");
    assert_string_equal(shown(scratch, "\"double\""), "!truncated");
}

/* What was in the buffer before stays when there is no room, and only that. */
/* Moments at the limits of their type are numbers where they are in no year from 0 to 9999. */
static void test_moments(void **state)
{
    static const struct {
        const char *logical;
        int64_t count;
        const char *shown;
    } moments[] = {
        {"timestamp-nanos", INT64_MIN, "\"1677-09-21T00:12:43.145224192Z\""},
        {"timestamp-nanos", INT64_MAX, "\"2262-04-11T23:47:16.854775807Z\""},
        {"timestamp-nanos", -1, "\"1969-12-31T23:59:59.999999999Z\""},
        {"timestamp-micros", INT64_MIN, "-9223372036854775808"},
        {"timestamp-millis", INT64_MAX, "9223372036854775807"},
        {"timestamp-millis", -1, "\"1969-12-31T23:59:59.999Z\""},
    };
    struct scratch *scratch = *state;
    for (size_t i = 0; i < ARRAY_COUNT(moments); i++) {
        char schema[200];
        (void)snprintf(schema, sizeof(schema),
                       "{\"type\":\"record\",\"name\":\"R%zu\",\"fields\":[{\"name\":\"t\","
                       "\"type\":{\"type\":\"long\",\"logicalType\":\"%s\"}}]}",
                       i, moments[i].logical);
        char shown[80];
        (void)snprintf(shown, sizeof(shown), "{\"t\":%s}", moments[i].shown);
        buf_clear(&scratch->json);
        put_long(&scratch->body, moments[i].count);
        struct slice message = scratch_frame(scratch, schema);
        assert_int_equal(
            codec_json_times(scratch->schemas, message, &scratch->json, &scratch->error), 0);
        buf_append(&scratch->json, "", 1);
        assert_string_equal(scratch->json.data, shown);
        buf_clear(&scratch->body);
    }
}

static void test_small_buffer(void **state)
{
    struct scratch *scratch = *state;
    put_text(&scratch->body, "0123456789");
    struct slice message = scratch_frame(scratch, "\"string\"");
    const char *name = NULL;
    struct buf small;
    buf_init(&small, 14);
    for (size_t used = 0; used < 8; used++) {
        buf_clear(&small);
        buf_append(&small, "abcdefgh", used);
        int rc = codec_json(scratch->schemas, message, &small, &name, &scratch->error);
        assert_int_equal(rc, used + 12 <= 14 ? 0 : -EBADMSG);
        if (rc) { assert_string_equal(scratch->error.reason, "over_limit"); }
        assert_int_equal(small.size, rc ? used : used + 12);
        assert_false(buf_failed(&small));
    }
    assert_string_equal(name, "string");
    buf_release(&small);
}

/* Bytes by their logical types, and a fixed without one as hex. */
static void test_logical_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *schema, *body, *expected;
        size_t size;
    } samples[] = {
#define DECIMAL(rest) "{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":9" rest "}"
#define FIXED(size, rest) "{\"type\":\"fixed\",\"name\":\"f\",\"size\":" size rest "}"
#define IS_DECIMAL ",\"logicalType\":\"decimal\",\"precision\":9,\"scale\":2"
        {DECIMAL(""), "\x04\x03\xe9", "1001", 3},
        {DECIMAL(",\"scale\":2"), "\x04\x03\xe9", "10.01", 3},
        {DECIMAL(",\"scale\":2"), "\x02\xff", "-0.01", 2},
        {DECIMAL(",\"scale\":2"), "\x00", "\"\"", 1},
        {DECIMAL(",\"scale\":-1"), "\x02\x41", "\"A\"", 2},
        {DECIMAL(",\"scale\":\"x\""), "\x02\x41", "\"A\"", 2},
        {"\"bytes\"", "\x02\x41", "\"A\"", 2},
        {FIXED("2", IS_DECIMAL), "\x03\xe9", "10.01", 2},
        {FIXED("2", ""), "\x03\xe9", "\"03e9\"", 2},
        {FIXED("2", ",\"logicalType\":\"uuid\""), "\x03\xe9", "\"03e9\"", 2},
        {FIXED("16", ",\"logicalType\":\"uuid\""), "0123456789abcdef",
         "\"30313233-3435-3637-3839-616263646566\"", 16},
        {"{\"type\":\"string\",\"logicalType\":\"uuid\"}", "\x02\x41", "\"A\"", 2},
    };
    for (size_t i = 0; i < ARRAY_COUNT(samples); i++) {
        struct codec_error error;
        struct buf text;
        const char *name;
        buf_init(&text, 200);
        struct schema *schema = schema_parse(samples[i].schema, &error);
        assert_non_null(schema);
        int rc = codec_json_body(schema, slice_of(samples[i].body, samples[i].size), false, &text,
                                 &name, &error);
        assert_int_equal(rc, 0);
        if (!slice_equal(buf_slice(&text), slice_str(samples[i].expected))) {
            fail_msg("%s: %.*s", samples[i].schema, SLICE_ARGS(buf_slice(&text)));
        }
        buf_release(&text);
        schema_free(schema);
    }
}

int main(void)
{
#define SCRATCH_TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(test_scalars), SCRATCH_TEST(test_reals),
        SCRATCH_TEST(test_a_decimal_beside_its_scale),
          SCRATCH_TEST(test_texts),
        SCRATCH_TEST(test_nested),  SCRATCH_TEST(test_refused), SCRATCH_TEST(test_small_buffer),
        SCRATCH_TEST(test_moments), cmocka_unit_test(test_logical_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
