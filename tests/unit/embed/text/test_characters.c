#include "base/base.h"
#include "embed/text/characters.h"
#include "tests/unit/embed/text/sentences.h"

static uint64_t hashed(const char *bytes, size_t count, uint64_t state)
{
    for (size_t i = 0; i < count; i++) {
        state = (state ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
    }
    return state;
}

static size_t write_made(uint32_t code, char *to)
{
    uint32_t made[CHARACTER_BECOMES_MAX];
    size_t count = character_become(code, made), size = 0;
    const bool alone = character_is_han(code);
    if (alone) { to[size++] = ' '; }
    for (size_t i = 0; i < count; i++) { size += character_write(made[i], to + size); }
    if (alone) { to[size++] = ' '; }
    to[size++] = '\n';
    return size;
}

/* Every character becomes what the original makes of it: the checksum is the original's. */
static void test_every_character(void **state)
{
    _cleanup_(xfreep) char *want = read_golden("characters.txt");
    uint64_t sum = UINT64_C(0xcbf29ce484222325);
    for (uint32_t code = 1; code < 0x110000; code++) {
        if (code >= 0xd800 && code < 0xe000) { continue; }
        char text[32];
        sum = hashed(text, write_made(code, text), sum);
    }
    assert_true(sum == strtoull(want, NULL, 16));
}

static void become_is(uint32_t code, const char *want)
{
    char text[32];
    size_t size = write_made(code, text) - 1;
    assert_int_equal(size, strlen(want));
    assert_memory_equal(text, want, size);
}

static void test_some_by_hand(void **state)
{
    become_is('A', "a");
    become_is(0xc9, "e"); /* E with an acute accent */
    become_is(0x301, "");
    become_is(0x7, "");
    become_is('\t', " ");
    become_is(0x3000, " ");
    become_is(0x96fb, " \xe9\x9b\xbb ");
    become_is(0xd55c, "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab");
    assert_true(character_is_punctuation('$') && character_is_punctuation(0x3002));
    assert_false(character_is_punctuation('a') || character_is_punctuation(0x20ac));
}

static void test_there_and_back(void **state)
{
    for (uint32_t code = 0; code < 0x110000; code++) {
        char bytes[CHARACTER_BYTES_MAX];
        uint32_t read;
        size_t size = character_write(code, bytes);
        size_t taken = character_read(slice_of(bytes, size), 0, &read);
        bool surrogate = code >= 0xd800 && code < 0xe000;
        assert_int_equal(taken, surrogate ? 1 : size);
        assert_int_equal(read, surrogate ? CHARACTER_INVALID : code);
    }
}

static void test_what_is_not_utf8(void **state)
{
    static const char *const bad[] = {"\x80", "\xc3", "\xe2\x82", "\xf0\x9f\x9a", "\xc0\x80",
                                      "\xf4\x90\x80\x80", "\xff", "\xe0\x80\x80", "\xc3(", "\xf8"};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        uint32_t code;
        assert_int_equal(character_read(slice_str(bad[i]), 0, &code), 1);
        assert_int_equal(code, CHARACTER_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_character),
        cmocka_unit_test(test_some_by_hand),
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_what_is_not_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
