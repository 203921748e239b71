#include "base/base.h"
#include "base/xalloc.h"
#include "schemas/prefix_set.h"

#include <setjmp.h>

#include <cmocka.h>

enum { MOST = 5000 };

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* Writes the set and compares it with the same numbers sorted by the library. */
static size_t assert_kept(const uint32_t *numbers, size_t count)
{
    uint32_t *sorted = xcalloc(count + 1, sizeof(*sorted));
    uint32_t *given = xcalloc(count + 1, sizeof(*given));
    uint32_t *scratch = xcalloc(count + 1, sizeof(*scratch));
    uint8_t *bytes = xmalloc(PREFIX_SET_BYTES(count));
    memcpy(sorted, numbers, count * sizeof(*sorted));
    memcpy(given, numbers, count * sizeof(*given));
    qsort(sorted, count, sizeof(*sorted), by_number);
    size_t size = prefix_set_write(given, scratch, count, bytes);
    assert_true(size <= PREFIX_SET_BYTES(count));
    struct prefix_reader reader = {.bytes = slice_of(bytes, size)};
    uint32_t got;
    for (size_t i = 0; i < count; i++) {
        if (i && sorted[i] == sorted[i - 1]) { continue; }
        assert_int_equal(prefix_set_next(&reader, &got), 1);
        assert_int_equal(got, sorted[i]);
    }
    assert_int_equal(prefix_set_next(&reader, &got), 0);
    assert_int_equal(prefix_set_next(&reader, &got), 0);
    assert_true(prefix_set_valid(slice_of(bytes, size)));
    free(sorted);
    free(given);
    free(scratch);
    free(bytes);
    return size;
}

static void test_sets(void **state)
{
    const uint32_t most = (1U << PREFIX_BITS) - 1;
    assert_int_equal(assert_kept(NULL, 0), 0);
    assert_kept((const uint32_t[]){0}, 1);
    assert_kept((const uint32_t[]){most}, 1);
    assert_kept((const uint32_t[]){most, 0, most, 1, 1}, 5);
    static uint32_t numbers[MOST];
    uint64_t random = 1;
    for (size_t count = 1; count <= MOST; count = count * 3 / 2 + 1) {
        for (size_t i = 0; i < count; i++) {
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407U;
            numbers[i] = (uint32_t)(random >> 40);
        }
        size_t size = assert_kept(numbers, count);
        if (count > 100) { assert_true(size * 8 < count * 20); }
        for (size_t i = 0; i < count; i++) { numbers[i] = (uint32_t)i; } /* far from random */
        assert_kept(numbers, count);
        for (size_t i = 0; i < count; i++) { numbers[i] = most - (uint32_t)i * 2; }
        assert_kept(numbers, count);
    }
}

static bool valid(const char *bytes, size_t size)
{
    return prefix_set_valid(slice_of(bytes, size));
}

static void test_what_is_no_set(void **state)
{
    assert_true(valid("", 0));
    assert_true(valid("\x10", 1));
    assert_false(valid("\x18", 1));             /* k of 24 */
    assert_false(valid("\x10\xff", 2));         /* a whole byte left over */
    assert_false(valid("\x10\x00", 2));         /* ends within a number */
    assert_false(valid("\x17\x03\xff\xff\xff", 5)); /* 2^24 and more */
    static char ones[1 << 16];
    memset(ones, 0xff, sizeof(ones));
    ones[0] = 23;
    assert_false(valid(ones, sizeof(ones)));
    ones[sizeof(ones) - 1] = 0;
    assert_false(valid(ones, sizeof(ones)));
}

/* Whatever the bytes are: numbers ascend below 2^24, and the reader ends. */
static void test_any_bytes(void **state)
{
    char bytes[12];
    uint64_t random = 7;
    for (int round = 0; round < 200000; round++) {
        for (size_t i = 0; i < sizeof(bytes); i++) {
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407U;
            bytes[i] = (char)(random >> 56);
        }
        bytes[0] = (char)(bytes[0] & 31);
        struct prefix_reader reader = {.bytes = slice_of(bytes, (size_t)round % sizeof(bytes))};
        int64_t before = -1;
        uint32_t number;
        while (prefix_set_next(&reader, &number) > 0) {
            assert_true(number > before && number < 1U << PREFIX_BITS);
            before = number;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sets),
        cmocka_unit_test(test_what_is_no_set),
        cmocka_unit_test(test_any_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
