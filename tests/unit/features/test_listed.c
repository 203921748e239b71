#include "base/base.h"
#include "features/listed.h"

#include <setjmp.h>
#include <cmocka.h>

static void add(struct listed *listed, int64_t time_ms, uint64_t id_hash, int32_t most)
{
    const struct listed_action action = {
        .time_ms = time_ms, .id_hash = id_hash, .micros = time_ms * 10, .source = 7};
    listed_add(listed, &action, most);
}

static void test_order_of_arrival_does_not_matter(void **state _unused_)
{
    static const int64_t times[] = {5, 3, 9, 1, 7, 2};
    struct listed one = {0}, other = {0};
    for (size_t i = 0; i < ARRAY_COUNT(times); i++) {
        int64_t last = times[ARRAY_COUNT(times) - 1 - i];
        add(&one, times[i], (uint64_t)times[i], 4);
        add(&other, last, (uint64_t)last, 4);
    }
    assert_int_equal(one.count, 4);
    assert_int_equal(other.count, 4);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(one.at[i].id_hash, other.at[i].id_hash);
        assert_int_equal(one.at[i].micros, one.at[i].time_ms * 10);
    }
    assert_int_equal(one.at[0].time_ms, 3);
    listed_release(&one);
    listed_release(&other);
}

static void test_taken_once(void **state _unused_)
{
    struct listed listed = {0};
    struct listed_action action;
    for (int64_t t = 1; t <= 3; t++) { add(&listed, t, (uint64_t)t, 10); }
    assert_true(listed_take(&listed, 2, &action));
    assert_int_equal(action.micros, 20);
    assert_false(listed_take(&listed, 2, &action));
    assert_int_equal(listed.count, 2);
    assert_int_equal(listed.at[1].time_ms, 3);
    listed_release(&listed);
}

static void test_none_are_kept(void **state _unused_)
{
    struct listed listed = {0};
    add(&listed, 1, 1, 0);
    assert_int_equal(listed.count, 0);
    listed_release(&listed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_of_arrival_does_not_matter),
        cmocka_unit_test(test_taken_once),
        cmocka_unit_test(test_none_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
