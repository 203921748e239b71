#include "base/base.h"
#include "scorer/lists/had_items.h"

#include <endian.h>
#include <setjmp.h>

#include <cmocka.h>

static uint64_t print_of(const char *item)
{
    return ids_fingerprint(slice_str(item));
}

/* By the prefixes of present writers and the fingerprints of older ones; what nobody knows is left
 * out. */
static void test_numbers(void **state)
{
    struct ids *ids = ids_new(10);
    const int32_t a = ids_put(ids, slice_str("a"));
    ids_put(ids, slice_str("b"));
    const int32_t c = ids_put(ids, slice_str("c"));
    const uint64_t seen[] = {htole64(print_of("unknown")), htole64(print_of("c"))};
    uint32_t had[] = {ids_prefix(print_of("nobody")), ids_prefix(print_of("a"))}, scratch[2];
    uint8_t bytes[PREFIX_SET_BYTES(2)];
    size_t size = prefix_set_write(had, scratch, 2, bytes);
    struct user_history history = {.seen = slice_of(seen, sizeof(seen)),
                                   .had_prefixes = slice_of(bytes, size)};
    int32_t numbers[4];
    assert_int_equal(had_items_number(ids, &history, numbers, 4), 2);
    assert_int_equal(numbers[0], c);
    assert_int_equal(numbers[1], a);
    assert_int_equal(had_items_number(ids, &history, numbers, 1), 1);
    assert_true(had_items_has(&history, slice_str("a")));
    assert_true(had_items_has(&history, slice_str("c")));
    assert_true(had_items_has(&history, slice_str("nobody")));
    assert_false(had_items_has(&history, slice_str("b")));
    ids_free(ids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
