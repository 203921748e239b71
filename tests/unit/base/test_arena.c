#include "base/base.h"
#include "base/arena.h"

#include <setjmp.h>
#include <cmocka.h>

/* Allocations of all sizes are aligned, apart from each other, and keep what is written there. */
static void test_allocations_are_apart(void **state)
{
    enum { COUNT = 500 };
    struct arena *arena = arena_new(256);
    uint8_t *at[COUNT];
    size_t total = 0;
    for (size_t i = 0; i < COUNT; i++) {
        at[i] = arena_alloc(arena, i);
        assert_int_equal((uintptr_t)at[i] % _Alignof(max_align_t), 0);
        memset(at[i], (int)(i % 251), i);
        total += i;
    }
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t k = 0; k < i; k++) { assert_int_equal(at[i][k], i % 251); }
    }
    assert_true(arena_used(arena) >= total);
    assert_true(arena_used(arena) <= total + COUNT * _Alignof(max_align_t));
    arena_free(arena);
    arena_free(NULL);
}

static void test_reset(void **state)
{
    struct arena *arena = arena_new(1024);
    for (int round = 0; round < 50; round++) {
        for (size_t i = 0; i < 20; i++) {
            uint64_t *numbers = arena_alloc_array(arena, 16, sizeof(*numbers));
            for (size_t k = 0; k < 16; k++) { numbers[k] = i * k; }
        }
        memset(arena_alloc(arena, 5000), 1, 5000); /* larger than a block */
        assert_true(arena_used(arena) >= 20 * 128 + 5000);
        arena_reset(arena);
        assert_int_equal(arena_used(arena), 0);
    }
    arena_free(arena);
}

static void test_copies(void **state)
{
    struct arena *arena = arena_new(64);
    char text[] = "borrowed";
    struct slice copy = arena_copy(arena, slice_str(text));
    text[0] = 'X';
    assert_true(slice_equal(copy, slice_str("borrowed")));
    struct slice empty = arena_copy(arena, slice_str(""));
    assert_non_null(empty.data);
    assert_int_equal(empty.size, 0);
    assert_null(arena_copy(arena, (struct slice){0}).data);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_allocations_are_apart),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_copies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
