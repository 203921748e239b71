#include "base/base.h"
#include "base/array.h"

#include <setjmp.h>
#include <cmocka.h>

static void test_grows(void **state)
{
    int64_t *at = NULL;
    int32_t count = 0, capacity = 0;
    size_t moves = 0;
    while (count < 1000) {
        int32_t before = capacity;
        ARRAY_RESERVE(at, capacity, count + 1, 4);
        moves += capacity != before;
        assert_true(capacity > count);
        at[count] = count * 3;
        count++;
    }
    assert_int_equal(capacity, 1024);
    assert_int_equal(moves, 9); /* 4, 8, ... 1024 */
    for (int32_t i = 0; i < count; i++) { assert_int_equal(at[i], i * 3); }
    free(at);
}

static void test_jumps(void **state)
{
    char *at = NULL;
    size_t capacity = 0;
    ARRAY_RESERVE(at, capacity, 0, 16);
    assert_null(at);
    ARRAY_RESERVE(at, capacity, 100, 16);
    assert_int_equal(capacity, 100);
    ARRAY_RESERVE(at, capacity, 99, 16);
    assert_int_equal(capacity, 100);
    ARRAY_RESERVE(at, capacity, 101, 16);
    assert_int_equal(capacity, 200);
    free(at);
}

static void test_zeros(void **state)
{
    int32_t *at = NULL;
    int32_t capacity = 0;
    ARRAY_RESERVE_ZEROS(at, capacity, 3, 4);
    for (int32_t i = 0; i < 4; i++) {
        assert_int_equal(at[i], 0);
        at[i] = i + 1;
    }
    ARRAY_RESERVE_ZEROS(at, capacity, 4, 4);
    ARRAY_RESERVE_ZEROS(at, capacity, 9, 4);
    assert_int_equal(capacity, 9);
    for (int32_t i = 0; i < 9; i++) { assert_int_equal(at[i], i < 4 ? i + 1 : 0); }
    free(at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grows),
        cmocka_unit_test(test_jumps),
        cmocka_unit_test(test_zeros),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
