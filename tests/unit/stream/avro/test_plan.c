#include "base/base.h"
#include "tests/probe.h"

#include <float.h>
#include <setjmp.h>
#include <cmocka.h>

#include "stream/avro/plan.h"

/* Schema resolution: what a writer wrote, and what the probe makes of it. */

static void test_all_defaults(void **state)
{
    struct scratch *scratch = *state;
    struct probe probe;
    assert_read(scratch, "", &probe);
    assert_slice(probe.text, "t\u00e9");
    assert_slice(probe.raw, "\x01\xff");
    assert_int_equal(probe.small, -5);
    assert_int_equal(probe.whole, 5000000000);
    assert_true(probe.narrow == 0.5f && probe.real == 3.0);
    assert_true(probe.flag);
    assert_int_equal(probe.color, 2);
    assert_int_equal(probe.mood, 1);
    assert_int_equal(probe.texts.count, 2);
    assert_slice(probe.texts.at[1], "bc");
    assert_int_equal(probe.smalls.count, 2);
    assert_int_equal(probe.smalls.at[1], -2);
    assert_int_equal(probe.wholes.count, 0);
    assert_true(probe.narrows.at[0] == 1.5f && probe.reals.at[0] == 2.5);
    assert_int_equal(probe.colors.at[0], 1);
    assert_null(probe.maybe.data);
    assert_int_equal(probe.count, 7);
    struct probe defaults;
    codec_defaults(scratch->codec, &defaults);
    assert_slice(defaults.text, "t\u00e9");
    assert_int_equal(defaults.colors.at[0], 1);
}

static void test_order_and_removed_fields(void **state)
{
    struct scratch *scratch = *state;
    struct probe probe;
    put_long(&scratch->body, 77);
    put_text(&scratch->body, "gone");
    put_text(&scratch->body, "kept");
    assert_read(scratch,
                "{\"name\":\"whole\",\"type\":\"long\"},{\"name\":\"old\",\"type\":\"string\"},"
                "{\"name\":\"text\",\"type\":\"string\"}",
                &probe);
    assert_int_equal(probe.whole, 77);
    assert_slice(probe.text, "kept");
    assert_int_equal(probe.small, -5);
}

static void test_field_aliases(void **state)
{
    struct scratch *scratch = *state;
    struct probe probe;
    put_text(&scratch->body, "by alias");
    put_long(&scratch->body, 2);
    assert_read(scratch,
                "{\"name\":\"words\",\"type\":\"string\"},{\"name\":\"a2\",\"type\":\"long\"}",
                &probe);
    assert_slice(probe.text, "by alias");
    assert_int_equal(probe.whole, 2);
    /* the name itself is stronger than an alias, the first alias than the second */
    put_long(&scratch->body, 1);
    put_long(&scratch->body, 2);
    put_text(&scratch->body, "alias");
    put_text(&scratch->body, "name");
    assert_read(scratch,
                "{\"name\":\"a2\",\"type\":\"long\"},{\"name\":\"a1\",\"type\":\"long\"},"
                "{\"name\":\"words\",\"type\":\"string\"},{\"name\":\"text\",\"type\":\"string\"}",
                &probe);
    assert_slice(probe.text, "name");
    assert_int_equal(probe.whole, 2);
}

static void test_record_names(void **state)
{
    struct scratch *scratch = *state;
    struct probe probe;
    const char *by_alias = "{\"type\":\"record\",\"name\":\"old.Sonde\",\"fields\":[]}";
    const char *other_space = "{\"type\":\"record\",\"name\":\"far.Probe\",\"fields\":[]}";
    const char *stranger = "{\"type\":\"record\",\"name\":\"test.Sonde\",\"fields\":[]}";
    assert_int_equal(scratch_decode(scratch, scratch_frame(scratch, by_alias), &probe), 0);
    assert_int_equal(scratch_decode(scratch, scratch_frame(scratch, other_space), &probe), 0);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(scratch_decode(scratch, scratch_frame(scratch, stranger), &probe),
                         -EBADMSG);
        assert_string_equal(scratch->error.reason, "schema_mismatch");
        assert_non_null(strstr(scratch->error.detail, "test.Sonde"));
    }
    put_long(&scratch->body, 1);
    assert_int_equal(scratch_decode(scratch, scratch_frame(scratch, "\"long\""), &probe), -EBADMSG);
    assert_string_equal(scratch->error.reason, "schema_mismatch");
}

static void test_promotions(void **state)
{
    struct scratch *scratch = *state;
    struct probe probe;
    put_long(&scratch->body, -3);
    put_long(&scratch->body, 1 << 20);
    put_long(&scratch->body, INT64_C(1) << 40);
    assert_read(scratch,
                "{\"name\":\"whole\",\"type\":\"int\"},{\"name\":\"narrow\",\"type\":\"int\"},"
                "{\"name\":\"real\",\"type\":\"long\"}",
                &probe);
    assert_int_equal(probe.whole, -3);
    assert_true(probe.narrow == 1048576.0f);
    assert_true(probe.real == 1099511627776.0);
    put_long(&scratch->body, 12);
    put_float(&scratch->body, 0.1f);
    put_text(&scratch->body, "bytes");
    put_text(&scratch->body, "string");
    assert_read(scratch,
                "{\"name\":\"narrow\",\"type\":\"long\"},{\"name\":\"real\",\"type\":\"float\"},"
                "{\"name\":\"text\",\"type\":\"bytes\"},{\"name\":\"raw\",\"type\":\"string\"}",
                &probe);
    assert_true(probe.narrow == 12.0f);
    assert_true(probe.real == (double)0.1f);
    assert_slice(probe.text, "bytes");
    assert_slice(probe.raw, "string");
    put_long(&scratch->body, -9);
    assert_read(scratch, "{\"name\":\"real\",\"type\":\"int\"}", &probe);
    assert_true(probe.real == -9.0);
}

static void test_refused_types(void **state)
{
    struct scratch *scratch = *state;
    static const char *const wrong[] = {
        "{\"name\":\"small\",\"type\":\"long\"}",
        "{\"name\":\"whole\",\"type\":\"float\"}",
        "{\"name\":\"narrow\",\"type\":\"double\"}",
        "{\"name\":\"real\",\"type\":\"string\"}",
        "{\"name\":\"text\",\"type\":\"long\"}",
        "{\"name\":\"raw\",\"type\":{\"type\":\"fixed\",\"name\":\"F\",\"size\":1}}",
        "{\"name\":\"flag\",\"type\":\"int\"}",
        "{\"name\":\"color\",\"type\":\"int\"}",
        "{\"name\":\"color\",\"type\":{\"type\":\"enum\",\"name\":\"Mood\",\"symbols\":[\"RED\"]}}",
        "{\"name\":\"texts\",\"type\":\"string\"}",
        "{\"name\":\"texts\",\"type\":{\"type\":\"array\",\"items\":\"long\"}}",
        "{\"name\":\"texts\",\"type\":{\"type\":\"array\",\"items\":\"null\"}}",
        "{\"name\":\"texts\",\"type\":{\"type\":\"map\",\"values\":\"string\"}}",
        "{\"name\":\"smalls\",\"type\":{\"type\":\"array\",\"items\":\"long\"}}",
        "{\"name\":\"text\",\"type\":[\"int\",\"boolean\"]}",
    };
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        buf_append(&scratch->body, "\0\0\0\0\0\0\0\0", 8);
        assert_refused(scratch, wrong[i], "schema_mismatch");
    }
}

/* The refusal names both types. */
static void test_refused_words(void **state)
{
    struct scratch *scratch = *state;
    assert_refused(scratch,
                   "{\"name\":\"smalls\",\"type\":{\"type\":\"array\",\"items\":\"long\"}}",
                   "schema_mismatch");
    assert_string_equal(scratch->error.detail,
                        "field smalls: array of long cannot become array of int");
    assert_refused(scratch,
                   "{\"name\":\"color\",\"type\":{\"type\":\"enum\",\"name\":\"x.Tone\","
                   "\"symbols\":[\"RED\"]}}",
                   "schema_mismatch");
    assert_string_equal(scratch->error.detail,
                        "field color: enum x.Tone cannot become enum test.Color");
}

static void test_no_default(void **state)
{
    struct scratch *scratch = *state;
    static const struct contract_field fields[] = {CONTRACT_FIELD(probe, FIELD_LONG, whole, 0)};
    static const struct contract strict = {
        .name = "test.Strict",
        .schema = "{\"type\":\"record\",\"name\":\"test.Strict\",\"fields\":["
                  "{\"name\":\"whole\",\"type\":\"long\"}]}",
        .fields = fields,
        .fields_count = 1,
        .size = sizeof(struct probe),
    };
    struct codec *codec = codec_new(&strict, scratch->schemas);
    struct slice message =
        scratch_frame(scratch, "{\"type\":\"record\",\"name\":\"test.Strict\",\"fields\":[]}");
    struct probe probe;
    assert_int_equal(codec_decode(codec, message, scratch->arena, &probe, &scratch->error),
                     -EBADMSG);
    assert_string_equal(scratch->error.reason, "schema_mismatch");
    assert_non_null(strstr(scratch->error.detail, "whole"));
    codec_free(codec);
}

static void test_enums(void **state)
{
    struct scratch *scratch = *state;
    struct probe probe;
    const char *fields = "{\"name\":\"color\",\"type\":{\"type\":\"enum\",\"name\":\"Hue\","
                         "\"symbols\":[\"BLUE\",\"GREEN\",\"RED\"]}}";
    static const int32_t ours[] = {2, 0, 1}; /* GREEN is unknown: the default */
    for (int i = 0; i < 3; i++) {
        put_long(&scratch->body, i);
        assert_read(scratch, fields, &probe);
        assert_int_equal(probe.color, ours[i]);
    }
    put_long(&scratch->body, 3);
    assert_refused(scratch, fields, "bad_enum");
    put_long(&scratch->body, -1);
    assert_refused(scratch, fields, "bad_enum");
    fields = "{\"name\":\"mood\",\"type\":{\"type\":\"enum\",\"name\":\"Mood\","
             "\"symbols\":[\"SAD\",\"GOOD\"]}}";
    put_long(&scratch->body, 1);
    assert_read(scratch, fields, &probe);
    assert_int_equal(probe.mood, 0);
    put_long(&scratch->body, 0); /* no default: refused */
    assert_refused(scratch, fields, "bad_enum");
}

static void test_unions(void **state)
{
    struct scratch *scratch = *state;
    struct probe probe;
    const char *fields = "{\"name\":\"text\",\"type\":[\"null\",\"string\",\"long\"]},"
                         "{\"name\":\"whole\",\"type\":[\"int\",\"null\",\"long\"]},"
                         "{\"name\":\"texts\",\"type\":[\"null\","
                         "{\"type\":\"array\",\"items\":\"string\"}]}";
    put_long(&scratch->body, 1);
    put_text(&scratch->body, "there");
    put_long(&scratch->body, 2);
    put_long(&scratch->body, INT64_C(1) << 50);
    put_long(&scratch->body, 1);
    put_long(&scratch->body, 1);
    put_text(&scratch->body, "one");
    put_long(&scratch->body, 0);
    assert_read(scratch, fields, &probe);
    assert_slice(probe.text, "there");
    assert_int_equal(probe.whole, INT64_C(1) << 50);
    assert_int_equal(probe.texts.count, 1);
    put_long(&scratch->body, 0);
    put_long(&scratch->body, 1);
    put_long(&scratch->body, 0);
    assert_read(scratch, fields, &probe);
    assert_slice(probe.text, "t\u00e9"); /* not nullable: its default */
    assert_int_equal(probe.whole, 5000000000);
    assert_int_equal(probe.texts.count, 2);
    put_long(&scratch->body, 2);
    put_long(&scratch->body, 5);
    assert_refused(scratch, fields, "bad_union"); /* a long is no text */
    put_long(&scratch->body, 3);
    assert_refused(scratch, fields, "bad_union");
    put_long(&scratch->body, -1);
    assert_refused(scratch, fields, "bad_union");
}

/* A null is null where ours is nullable, else the default, and refused where there is none. */
static void test_nulls(void **state)
{
    struct scratch *scratch = *state;
    struct probe probe;
    static const struct contract_field fields[] = {
        CONTRACT_FIELD(probe, FIELD_STRING, text, 8), CONTRACT_FIELD(probe, FIELD_LONG, whole, 0)};
    static const struct contract strict = {
        .name = "test.Strict",
        .schema = "{\"type\":\"record\",\"name\":\"test.Strict\",\"fields\":["
                  "{\"name\":\"text\",\"type\":\"string\"},"
                  "{\"name\":\"whole\",\"type\":\"long\",\"default\":3}]}",
        .fields = fields,
        .fields_count = ARRAY_COUNT(fields),
        .size = sizeof(struct probe),
    };
    const char *writer = "{\"type\":\"record\",\"name\":\"test.Strict\",\"fields\":["
                         "{\"name\":\"text\",\"type\":[\"null\",\"string\"]},"
                         "{\"name\":\"whole\",\"type\":[\"null\",\"long\"]}]}";
    struct codec *codec = codec_new(&strict, scratch->schemas);
    put_long(&scratch->body, 1);
    put_text(&scratch->body, "here");
    put_long(&scratch->body, 0);
    struct slice message = scratch_frame(scratch, writer);
    assert_int_equal(codec_decode(codec, message, scratch->arena, &probe, &scratch->error), 0);
    assert_slice(probe.text, "here");
    assert_int_equal(probe.whole, 3);
    buf_clear(&scratch->body);
    buf_append(&scratch->body, "\0\0", 2);
    message = scratch_frame(scratch, writer);
    assert_int_equal(codec_decode(codec, message, scratch->arena, &probe, &scratch->error),
                     -EBADMSG);
    assert_string_equal(scratch->error.reason, "bad_union");
    assert_string_equal(scratch->error.detail, "field text: a branch of type null");
    buf_clear(&scratch->body);
    put_long(&scratch->body, 0);
    assert_read(scratch, "{\"name\":\"maybe\",\"type\":[\"null\",\"bytes\"]}", &probe);
    assert_null(probe.maybe.data);
    codec_free(codec);
}

static void test_unions_in_columns(void **state)
{
    struct scratch *scratch = *state;
    struct probe probe;
    const char *fields = "{\"name\":\"reals\",\"type\":{\"type\":\"array\",\"items\":"
                         "[\"null\",\"int\",\"float\"]}}";
    put_long(&scratch->body, 2);
    put_long(&scratch->body, 1);
    put_long(&scratch->body, 41);
    put_long(&scratch->body, 2);
    put_float(&scratch->body, 0.25f);
    put_long(&scratch->body, 0);
    assert_read(scratch, fields, &probe);
    assert_int_equal(probe.reals.count, 2);
    assert_true(probe.reals.at[0] == 41.0 && probe.reals.at[1] == 0.25);
    put_long(&scratch->body, 2);
    put_long(&scratch->body, 1);
    put_long(&scratch->body, 41);
    put_long(&scratch->body, 0);
    put_long(&scratch->body, 0);
    assert_refused(scratch, fields, "bad_union");
    assert_string_equal(scratch->error.detail, "field reals, element 1: a branch of type null");
}

static void test_column_blocks(void **state)
{
    struct scratch *scratch = *state;
    struct probe probe;
    const char *fields = "{\"name\":\"wholes\",\"type\":{\"type\":\"array\",\"items\":\"int\"}}";
    int32_t next = 0;
    for (int block = 0; block < 10; block++) {
        bool sized = block % 2;
        put_long(&scratch->body, sized ? -(block % 3 + 1) : block % 3 + 1);
        if (sized) { put_long(&scratch->body, block % 3 + 1); }
        for (int i = 0; i <= block % 3; i++) { put_long(&scratch->body, next++); }
    }
    put_long(&scratch->body, 0);
    assert_read(scratch, fields, &probe);
    assert_int_equal(probe.wholes.count, next);
    for (int32_t i = 0; i < next; i++) { assert_int_equal(probe.wholes.at[i], i); }
    put_long(&scratch->body, -1);
    put_long(&scratch->body, 3); /* but one byte it is */
    buf_append(&scratch->body, "\x02\x00\x00\x00", 4);
    assert_refused(scratch, fields, "bad_length");
}

static void test_promoted_columns(void **state)
{
    struct scratch *scratch = *state;
    struct probe probe;
    const char *fields = "{\"name\":\"narrows\",\"type\":{\"type\":\"array\",\"items\":\"long\"}},"
                         "{\"name\":\"reals\",\"type\":{\"type\":\"array\",\"items\":\"float\"}},"
                         "{\"name\":\"colors\",\"type\":{\"type\":\"array\",\"items\":{\"type\":"
                         "\"enum\",\"name\":\"Color\",\"symbols\":[\"BLUE\",\"GREEN\"]}}}";
    put_long(&scratch->body, 1);
    put_long(&scratch->body, 300);
    put_long(&scratch->body, 0);
    put_long(&scratch->body, 2);
    put_float(&scratch->body, 0.5f);
    put_float(&scratch->body, -8.0f);
    put_long(&scratch->body, 0);
    put_long(&scratch->body, 2);
    put_long(&scratch->body, 1);
    put_long(&scratch->body, 0);
    put_long(&scratch->body, 0);
    assert_read(scratch, fields, &probe);
    assert_true(probe.narrows.count == 1 && probe.narrows.at[0] == 300.0f);
    assert_true(probe.reals.count == 2 && probe.reals.at[1] == -8.0);
    assert_int_equal(probe.colors.at[0], 0);
    assert_int_equal(probe.colors.at[1], 2);
}

static void test_finite(void **state)
{
    double reals[5] = {1, -2, 0, DBL_MAX, DBL_TRUE_MIN};
    float narrows[5] = {1, -2, 0, FLT_MAX, FLT_TRUE_MIN};
    assert_true(doubles_finite(reals, 5) && floats_finite(narrows, 5));
    assert_true(doubles_finite(NULL, 0) && floats_finite(NULL, 0));
    const double bad[] = {INFINITY, -INFINITY, NAN, -NAN};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        reals[i] = bad[i];
        narrows[i] = (float)bad[i];
        assert_false(doubles_finite(reals, 5) || floats_finite(narrows, 5));
        assert_true(doubles_finite(reals + i + 1, 4 - i) && floats_finite(narrows + i + 1, 4 - i));
    }
}

int main(void)
{
#define SCRATCH_TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(test_all_defaults),  SCRATCH_TEST(test_order_and_removed_fields),
        SCRATCH_TEST(test_field_aliases), SCRATCH_TEST(test_record_names),
        SCRATCH_TEST(test_promotions),    SCRATCH_TEST(test_refused_types),
        SCRATCH_TEST(test_refused_words), SCRATCH_TEST(test_no_default),
        SCRATCH_TEST(test_enums),         SCRATCH_TEST(test_unions),
        SCRATCH_TEST(test_nulls),         SCRATCH_TEST(test_unions_in_columns),
        SCRATCH_TEST(test_column_blocks), SCRATCH_TEST(test_promoted_columns),
        cmocka_unit_test(test_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
