#include "base/base.h"
#include "tests/probe.h"
#include "tests/sample.h"

#include <setjmp.h>
#include <cmocka.h>

#include "stream/avro/cursor.h"

static struct cursor cursor_on(const void *bytes, size_t size)
{
    struct cursor cursor;
    cursor_init(&cursor, slice_of(bytes, size));
    return cursor;
}

static void test_varints_come_back(void **state)
{
    struct sample sample = {.state = 1};
    struct buf bytes;
    buf_init(&bytes, 1024);
    for (int i = 0; i < 20000; i++) {
        int64_t value = i == 0 ? INT64_MIN : i == 1 ? INT64_MAX : sample_long(&sample);
        buf_clear(&bytes);
        put_long(&bytes, value);
        struct cursor cursor = cursor_on(bytes.data, bytes.size);
        int64_t read;
        assert_true(cursor_long(&cursor, &read));
        assert_int_equal(read, value);
        assert_int_equal(cursor_left(&cursor), 0);
        cursor = cursor_on(bytes.data, bytes.size - 1);
        assert_false(cursor_long(&cursor, &read));
        assert_string_equal(cursor.reason, "truncated");
        cursor = cursor_on(bytes.data, bytes.size);
        int32_t small;
        bool fits = value >= INT32_MIN && value <= INT32_MAX;
        assert_int_equal(cursor_int(&cursor, &small), fits);
        if (fits) { assert_int_equal(small, value); }
    }
    buf_release(&bytes);
}

static void test_varints_too_long(void **state)
{
    int64_t value;
    struct cursor cursor = cursor_on("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10);
    assert_true(cursor_long(&cursor, &value));
    assert_int_equal(value, INT64_MIN);
    cursor = cursor_on("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10);
    assert_false(cursor_long(&cursor, &value));
    assert_string_equal(cursor.reason, "bad_length");
    cursor = cursor_on("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 11);
    assert_false(cursor_long(&cursor, &value));
    assert_string_equal(cursor.reason, "bad_length");
    cursor = cursor_on("\x80\x80\x80", 3);
    assert_false(cursor_long(&cursor, &value));
    assert_string_equal(cursor.reason, "truncated");
}

static void test_slices(void **state)
{
    struct slice text = {0};
    struct cursor cursor = cursor_on("\x06" "abc\x00\x04z", 7);
    assert_true(cursor_slice(&cursor, &text));
    assert_slice(text, "abc");
    assert_true(cursor_slice(&cursor, &text));
    assert_int_equal(text.size, 0);
    assert_non_null(text.data);
    assert_false(cursor_slice(&cursor, &text));
    assert_string_equal(cursor.reason, "truncated");
    cursor = cursor_on("\x01", 1);
    assert_false(cursor_slice(&cursor, &text));
    assert_string_equal(cursor.reason, "bad_length");
    const char *taken;
    cursor = cursor_on("ab", 2);
    assert_true(cursor_take(&cursor, 2, &taken));
    assert_false(cursor_take(&cursor, 1, &taken));
}

static void test_blocks(void **state)
{
    struct cursor_block block;
    struct cursor cursor = cursor_on("\x03\x06" "abc", 5);
    assert_true(cursor_block(&cursor, &block));
    assert_int_equal(block.count, 2);
    assert_ptr_equal(block.end, cursor.end);
    assert_false(cursor_block_done(&cursor, &block));
    assert_string_equal(cursor.reason, "bad_length");
    cursor = cursor_on("\x03\x08" "abc", 5); /* a size beyond the end */
    assert_false(cursor_block(&cursor, &block));
    assert_string_equal(cursor.reason, "truncated");
    cursor = cursor_on("\x03\x01" "abc", 5); /* a negative size */
    assert_false(cursor_block(&cursor, &block));
    assert_string_equal(cursor.reason, "bad_length");
    cursor = cursor_on("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00", 11); /* INT64_MIN items */
    assert_false(cursor_block(&cursor, &block));
    assert_string_equal(cursor.reason, "bad_length");
}

static void test_bools_and_branches(void **state)
{
    bool flag;
    size_t branch;
    struct cursor cursor = cursor_on("\x00\x01\x02", 3);
    assert_true(cursor_bool(&cursor, &flag) && !flag);
    assert_true(cursor_bool(&cursor, &flag) && flag);
    assert_false(cursor_bool(&cursor, &flag));
    assert_string_equal(cursor.reason, "bad_enum");
    cursor = cursor_on("\x02\x04", 2);
    assert_true(cursor_branch(&cursor, 2, &branch));
    assert_int_equal(branch, 1);
    assert_false(cursor_branch(&cursor, 2, &branch));
    assert_string_equal(cursor.reason, "bad_union");
}

/* Skips `bytes` by a schema; returns the reason, NULL when all was skipped. */
static const char *skip_all(const char *json, const void *bytes, size_t size)
{
    struct schema *schema = schema_parse(json, NULL);
    assert_non_null(schema);
    struct cursor cursor = cursor_on(bytes, size);
    if (cursor_skip(&cursor, schema_root(schema), 0)) {
        cursor.reason = cursor_left(&cursor) ? "left" : NULL;
    }
    schema_free(schema);
    return cursor.reason;
}

static void test_skips(void **state)
{
    assert_null(skip_all("\"null\"", "", 0));
    assert_null(skip_all("\"boolean\"", "\x01", 1));
    assert_null(skip_all("\"int\"", "\x80\x01", 2));
    assert_null(skip_all("\"float\"", "1234", 4));
    assert_string_equal(skip_all("\"float\"", "123", 3), "truncated");
    assert_null(skip_all("\"double\"", "12345678", 8));
    assert_null(skip_all("\"bytes\"", "\x04" "ab", 3));
    assert_string_equal(skip_all("\"bytes\"", "\x03" "ab", 3), "bad_length");
    assert_null(skip_all("[\"null\",\"string\"]", "\x02\x02" "a", 3));
    assert_string_equal(skip_all("[\"null\",\"string\"]", "\x04\x02" "a", 3), "bad_union");
    const char *map = "{\"type\":\"map\",\"values\":\"long\"}";
    assert_null(skip_all(map, "\x02\x02k\x02\x01\x06\x02k\x02\x00", 10));
    assert_string_equal(skip_all(map, "\x02\x01k\x02\x00", 5), "bad_length");
    const char *fixed = "{\"type\":\"fixed\",\"name\":\"F\",\"size\":3}";
    assert_null(skip_all(fixed, "abc", 3));
    assert_string_equal(skip_all(fixed, "ab", 2), "truncated");
    assert_null(skip_all("{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\"]}", "\x00", 1));
}

/* Nothing, 2^62 times. */
static void test_endless_nothing(void **state)
{
    const char *claim = "\xfe\xff\xff\xff\xff\xff\xff\xff\x7f\x00";
    assert_string_equal(skip_all("{\"type\":\"array\",\"items\":\"null\"}", claim, 10),
                        "over_limit");
    assert_string_equal(skip_all("{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":"
                                 "\"R\",\"fields\":[]}}",
                                 claim, 10),
                        "over_limit");
    assert_null(skip_all("{\"type\":\"array\",\"items\":\"null\"}", "\x80\x10\x00", 3));
}

static void test_endless_depth(void **state)
{
    static const char down[1000] = {0};
    const char *list = "{\"type\":\"record\",\"name\":\"L\",\"fields\":["
                       "{\"name\":\"next\",\"type\":[\"L\",\"null\"]}]}";
    assert_string_equal(skip_all(list, down, sizeof(down)), "over_limit");
    assert_null(skip_all(list, "\x00\x00\x00\x02", 4));
    assert_string_equal(skip_all("{\"type\":\"record\",\"name\":\"L\",\"fields\":["
                                 "{\"name\":\"next\",\"type\":\"L\"}]}",
                                 down, sizeof(down)),
                        "over_limit");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_varints_come_back), cmocka_unit_test(test_varints_too_long),
        cmocka_unit_test(test_slices),            cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_bools_and_branches), cmocka_unit_test(test_skips),
        cmocka_unit_test(test_endless_nothing),   cmocka_unit_test(test_endless_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
