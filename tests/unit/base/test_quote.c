#include "base/base.h"
#include "base/quote.h"
#include "base/utf8.h"

#include <jansson.h>
#include <setjmp.h>
#include <cmocka.h>

static void check_value(const char *text, size_t length, size_t size, const char *expected)
{
    char into[64];
    memset(into, '#', sizeof(into));
    assert_string_equal(quote_value(text, length, into, size), expected);
    assert_true(strlen(expected) < size);
    for (size_t i = strlen(expected) + 1; i < sizeof(into); i++) { assert_true(into[i] == '#'); }
}

static void test_value(void **state)
{
    check_value("plain", 5, 64, "plain");
    check_value("", 0, 64, "\"\"");
    check_value("a b", 3, 64, "\"a b\"");
    check_value("a=b", 3, 64, "\"a=b\"");
    check_value("a\"b\\c\nd", 7, 64, "\"a\\\"b\\\\c\\nd\"");
    check_value("a\0\t\x7f", 4, 64, "\"a\\x00\\x09\\x7f\"");
    check_value("caf\xc3\xa9", 5, 64, "caf\xc3\xa9");
    check_value("\xe2\x82\xac\xf0\x9f\x98\x80", 7, 64, "\xe2\x82\xac\xf0\x9f\x98\x80");
    check_value("\xc3", 1, 64, "\"\\xc3\"");
    check_value("\xc0\x80", 2, 64, "\"\\xc0\\x80\"");
    check_value("\xed\xa0\x80", 3, 64, "\"\\xed\\xa0\\x80\"");
    check_value("\xc2\x85", 2, 64, "\"\\xc2\\x85\"");
}

static void test_value_cut(void **state)
{
    check_value("1234567", 7, 8, "1234567");
    check_value("12345678", 8, 8, "1234...");
    check_value("1234 6", 6, 9, "\"1234 6\"");
    check_value("1234 6", 6, 8, "\"12...\"");
    check_value("\n\n\n\n", 4, 8, "\"\\n...\"");
    check_value("\x01\x01", 2, 8, "\"...\"");
}

static void test_text(void **state)
{
    assert_string_equal(quote_text("no \"x\"\n").text, "\"no \\\"x\\\"\\n\"");
    assert_string_equal(quote_text("plain").text, "plain");
    assert_string_equal(quote_text(NULL).text, "\"\"");
    char line[2 * QUOTE_TEXT_BYTES + 8];
    (void)snprintf(line, sizeof(line), "a=%s b=%s", quote_text("1 2").text, quote_text("3").text);
    assert_string_equal(line, "a=\"1 2\" b=3");
}

/* Marks that turn the direction of writing or end a line, for people, logs and JSON. */
static void test_bidi(void **state)
{
    char line[64];
    quote_screen(slice_str("a\xe2\x80\xae" "b\xe2\x81\xa6\xd8\x9c\xc2\x9b\xe2\x82\xac\t"), line,
                 sizeof(line));
    assert_string_equal(line, "a\\u202eb\\u2066\\u061c\\u009b\xe2\x82\xac\\x09");
    check_value("\xe2\x80\xae", 3, 64, "\"\\xe2\\x80\\xae\"");
    assert_string_equal(quote_line(slice_str("\xe2\x80")).text, "\\xe2\\x80");
    assert_string_equal(quote_line(slice_of(NULL, 0)).text, "");
}

static void check_json(struct slice text, enum quote_bytes bytes, const char *expected)
{
    struct buf out;
    buf_init(&out, 1024);
    quote_json(&out, text, bytes);
    assert_true(slice_equal(buf_slice(&out), slice_str(expected)));
    buf_release(&out);
}

static void test_json(void **state)
{
    check_json(slice_str(""), QUOTE_UTF8, "\"\"");
    check_json((struct slice){0}, QUOTE_EITHER, "\"\"");
    check_json(slice_str("caf\xc3\xa9"), QUOTE_UTF8, "\"caf\xc3\xa9\"");
    check_json(slice_str("caf\xc3\xa9"), QUOTE_LATIN1, "\"caf\\u00c3\\u00a9\"");
    check_json(slice_str("a\"b\\c\nd\re\tf"), QUOTE_UTF8, "\"a\\\"b\\\\c\\nd\\re\\tf\"");
    check_json(slice_of("\0\x1b\x7f", 3), QUOTE_UTF8, "\"\\u0000\\u001b\\u007f\"");
    check_json(slice_str("\xc2\x9b"), QUOTE_UTF8, "\"\\u009b\"");
    check_json(slice_str("\xe2\x80\xae\xe2\x81\xa9"), QUOTE_UTF8, "\"\\u202e\\u2069\"");
    check_json(slice_str("\xe2\x80\xad"), QUOTE_EITHER, "\"\\u202d\"");
    check_json(slice_str("\xc2\x9b"), QUOTE_LATIN1, "\"\\u00c2\\u009b\"");
    check_json(slice_str("\xc2\xa0"), QUOTE_EITHER, "\"\xc2\xa0\"");
    check_json(slice_str("\xc3"), QUOTE_EITHER, "\"\\u00c3\"");
    check_json(slice_str("\xc2"), QUOTE_EITHER, "\"\\u00c2\"");
}

/* Another reader of JSON finds the text again, and nothing steers a terminal. */
static void check_read_again(const char *text, size_t size)
{
    struct buf out;
    buf_init(&out, 1024);
    quote_json(&out, slice_of(text, size), QUOTE_UTF8);
    json_t *read = json_loadb(out.data, out.size, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    assert_non_null(read);
    assert_true(slice_equal(slice_of(json_string_value(read), json_string_length(read)),
                            slice_of(text, size)));
    for (size_t i = 0; i < out.size; i++) {
        assert_int_equal(quote_control(slice_of(out.data + i, out.size - i)), 0);
    }
    json_decref(read);
    buf_release(&out);
}

static void test_json_random(void **state)
{
    static const char *const pieces[] = {
        "a",    "\"",       "\\",       "/",        "\n",           "\x01",
        "\x7f", "\xc2\x80", "\xc2\xa0", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
        "\xe2\x80\xae"};
    uint32_t random = 17;
    for (size_t round = 0; round < 2000; round++) {
        char text[64] = "";
        size_t size = 0;
        for (size_t i = 0; i < round % 12; i++) {
            random = random * 1664525u + 1013904223u;
            const char *piece = pieces[(random >> 16) % ARRAY_COUNT(pieces)];
            memcpy(text + size, piece, strlen(piece));
            size += strlen(piece);
        }
        text[size++] = '\0'; /* a NUL is a character too */
        check_read_again(text, size);
    }
}

static void check_shell(const char *text, const char *want)
{
    struct buf out;
    buf_init(&out, 1024);
    quote_shell(&out, slice_str(text));
    assert_true(slice_equal(buf_slice(&out), slice_str(want)));
    buf_release(&out);
}

static void test_shell(void **state)
{
    check_shell("kafka-1:9092,kafka-2:9092", "kafka-1:9092,kafka-2:9092");
    check_shell("/etc/freshet/ingest.properties", "/etc/freshet/ingest.properties");
    check_shell("topic.clicks=shop.clicks", "topic.clicks=shop.clicks");
    check_shell("", "''");
    check_shell("a b", "'a b'");
    check_shell("a;rm $HOME", "'a;rm $HOME'");
    check_shell("it's", "'it'\\''s'");
    check_shell("~", "'~'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_value),
        cmocka_unit_test(test_value_cut),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_bidi),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_json_random),
        cmocka_unit_test(test_shell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
