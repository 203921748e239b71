#include "base/base.h"
#include "model/number_set.h"

#include <setjmp.h>
#include <cmocka.h>

static void numbers_are_sorted_and_each_once(void **state _unused_)
{
    static const uint32_t wanted[] = {0, 3, 7, UINT32_MAX};
    uint32_t numbers[] = {7, UINT32_MAX, 3, 7, 0, 3, 7, UINT32_MAX};
    size_t count = number_set_make(numbers, ARRAY_COUNT(numbers));
    assert_int_equal(count, ARRAY_COUNT(wanted));
    assert_memory_equal(numbers, wanted, sizeof(wanted));
    assert_int_equal(number_set_make(numbers, count), count);
    for (size_t k = 0; k < count; k++) { assert_true(number_set_has(numbers, count, wanted[k])); }
    for (size_t k = 0; k < count; k++) {
        assert_int_equal(number_set_find(numbers, count, wanted[k]), k);
    }
    assert_int_equal(number_set_find(numbers, count, 1), count);
    assert_false(number_set_has(numbers, count, 1));
    assert_false(number_set_has(numbers, count, UINT32_MAX - 1));
}

static void an_empty_set_has_nothing(void **state _unused_)
{
    assert_int_equal(number_set_make(NULL, 0), 0);
    assert_false(number_set_has(NULL, 0, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_sorted_and_each_once),
        cmocka_unit_test(an_empty_set_has_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
