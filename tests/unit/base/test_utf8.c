#include "base/base.h"
#include "base/utf8.h"

#include <setjmp.h>
#include <cmocka.h>

/* The oracle: decode to a code point the long way, and look at the code point. */
static bool valid_plainly(const uint8_t *at, size_t size)
{
    while (size > 0) {
        static const uint32_t first[] = {0, 0, 0x80, 0x800, 0x10000};
        static const size_t lengths[16] = {1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 2, 2, 3, 4};
        size_t length = lengths[at[0] >> 4];
        if (length == 0 || length > size || at[0] >= 0xf8) { return false; }
        uint32_t point = length == 1 ? at[0] : at[0] & (0x7f >> length);
        for (size_t i = 1; i < length; i++) {
            if (at[i] >> 6 != 2) { return false; }
            point = point << 6 | (at[i] & 0x3f);
        }
        if (point < first[length] || point > 0x10ffff) { return false; }
        if (point >= 0xd800 && point <= 0xdfff) { return false; }
        at += length;
        size -= length;
    }
    return true;
}

static void assert_same(const uint8_t *bytes, size_t size)
{
    assert_int_equal(utf8_valid((const char *)bytes, size), valid_plainly(bytes, size));
}

/* All sequences of one and two bytes, those of three that begin like a wide character, and the
 * edges of those of four. */
static void test_all_short_sequences(void **state)
{
    for (uint32_t bits = 0xc0 << 16; bits < 1 << 24; bits++) {
        uint8_t bytes[3] = {(uint8_t)(bits >> 16), (uint8_t)(bits >> 8), (uint8_t)bits};
        bool same = utf8_valid((const char *)bytes, 3) == valid_plainly(bytes, 3);
        if (!same) { fail_msg("%02x %02x %02x", bytes[0], bytes[1], bytes[2]); }
    }
    for (uint32_t bits = 0; bits < 1 << 16; bits++) {
        uint8_t bytes[2] = {(uint8_t)(bits >> 8), (uint8_t)bits};
        assert_same(bytes, 2);
        assert_same(bytes, 1);
        uint8_t four[4] = {0xf0 | (bits & 7), (uint8_t)(bits >> 8), 0x80, 0xbf};
        assert_same(four, 4);
        four[3] = (uint8_t)bits;
        assert_same(four, 4);
    }
}

/* One bad byte at each place of texts of each length: the eight-byte steps miss none. */
static void test_every_place(void **state)
{
    uint8_t text[40];
    for (size_t size = 0; size <= sizeof(text); size++) {
        memset(text, 'a', sizeof(text));
        assert_true(utf8_valid((const char *)text, size));
        for (size_t at = 0; at < size; at++) {
            text[at] = 0xff;
            assert_false(utf8_valid((const char *)text, size));
            text[at] = 'a';
        }
        for (size_t at = 0; at + 1 < size; at++) {
            memcpy(text + at, "\u00e9", 2);
            assert_true(utf8_valid((const char *)text, size));
            assert_false(utf8_valid((const char *)text, at + 1));
            memset(text + at, 'a', 2);
        }
    }
    assert_true(utf8_valid(NULL, 0));
    assert_true(utf8_valid("\0", 1));
}

static void test_beginnings(void **state)
{
    static const char text[] = "a\u00e9\u4e2d\U0001f600"; /* 1, 2, 3 and 4 bytes */
    static const size_t kept[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10};
    for (size_t most = 0; most < ARRAY_COUNT(kept); most++) {
        struct slice beginning = utf8_beginning(slice_str(text), most);
        assert_ptr_equal(beginning.data, text);
        assert_int_equal(beginning.size, kept[most]);
    }
    assert_int_equal(utf8_beginning(slice_of(NULL, 0), 1).size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_short_sequences),
        cmocka_unit_test(test_every_place),
        cmocka_unit_test(test_beginnings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
