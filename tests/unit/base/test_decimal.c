#include "base/base.h"
#include "base/decimal.h"

#include <setjmp.h>
#include <cmocka.h>

static void writes_as(const char *bytes, size_t size, int scale, const char *expected)
{
    char text[DECIMAL_TEXT_MAX];
    size_t written = decimal_write(slice_of(bytes, size), scale, text);
    assert_int_equal(written, strlen(expected));
    if (written) { assert_string_equal(text, expected); }
}

static void decimals_are_numbers(void **state)
{
    writes_as("\x03\xe9", 2, 0, "1001");
    writes_as("\x03\xe9", 2, 2, "10.01");
    writes_as("\x03\xe9", 2, 5, "0.01001");
    writes_as("\x03\xe9", 2, -3, "1001000");
    writes_as("\0", 1, 0, "0");
    writes_as("\0", 1, 2, "0.00");
    writes_as("\0", 1, -2, "0");
    writes_as("\xff", 1, 0, "-1");
    writes_as("\xff", 1, 2, "-0.01");
    writes_as("\x80", 1, 0, "-128");
    writes_as("\x00\xff\xff\xff\xff\xff\xff\xff\xff", 9, 0, "18446744073709551615");
    writes_as("\x7f\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 16, 0,
              "170141183460469231731687303715884105727");
    writes_as("", 0, 0, "");
    writes_as("\1", 1, 256, "");
    char large[DECIMAL_BYTES_MAX + 1], text[DECIMAL_TEXT_MAX];
    memset(large, 0x80, sizeof(large));
    assert_int_equal(decimal_write(slice_of(large, sizeof(large)), 0, text), 0);
    assert_true(decimal_write(slice_of(large, DECIMAL_BYTES_MAX), 255, text) > 255);
    assert_true(decimal_write(slice_of(large, DECIMAL_BYTES_MAX), -255, text) > 255);
}

static void whole_numbers_lose_their_point(void **state)
{
    struct slice number = slice_str("1001.00");
    assert_true(decimal_whole(&number) && number.size == 4);
    number = slice_str("1001");
    assert_true(decimal_whole(&number) && number.size == 4);
    number = slice_str("0.10");
    assert_false(decimal_whole(&number));
}

static void base64_is_decoded(void **state)
{
    static const struct {
        const char *text, *bytes;
    } samples[] = {{"A+k=", "\x03\xe9"}, {"A-k", "\x03\xe9"}, {"Zg==", "f"},   {"Zm8", "fo"},
                   {"Zm9v", "foo"},      {"Zm9vYg==", "foob"}, {"//__", "\xff\xff\xff"}};
    char bytes[8];
    for (size_t i = 0; i < ARRAY_COUNT(samples); i++) {
        int size = base64_decode(slice_str(samples[i].text), bytes, sizeof(bytes));
        assert_int_equal(size, strlen(samples[i].bytes));
        assert_memory_equal(bytes, samples[i].bytes, (size_t)size);
    }
    static const char *const bad[] = {"", "A", "=", "A===", "Zm9v!", "Z m8", "AAAAAAAAAAAAAAAA"};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        assert_int_equal(base64_decode(slice_str(bad[i]), bytes, sizeof(bytes)), -EINVAL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimals_are_numbers),
        cmocka_unit_test(whole_numbers_lose_their_point),
        cmocka_unit_test(base64_is_decoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
