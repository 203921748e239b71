#include "base/base.h"
#include "features/shown.h"

#include <setjmp.h>
#include <cmocka.h>

static enum shown_result show(struct shown *shown, int64_t time_ms, uint64_t id_hash, int32_t most)
{
    enum shown_result result = shown_check(shown, time_ms, id_hash);
    const struct showing showing = {
        .time_ms = time_ms, .id_hash = id_hash, .item = (int32_t)time_ms};
    if (result == SHOWN_ADDED) { shown_add(shown, &showing, most); }
    return result;
}

static void test_order_and_repeats_do_not_matter(void **state _unused_)
{
    struct shown one = {0}, other = {0};
    static const int64_t times[] = {5, 3, 9, 3, 7, 5};
    for (size_t i = 0; i < ARRAY_COUNT(times); i++) {
        (void)show(&one, times[i], (uint64_t)times[i], 10);
        (void)show(&other, times[ARRAY_COUNT(times) - 1 - i],
                   (uint64_t)times[ARRAY_COUNT(times) - 1 - i], 10);
    }
    assert_int_equal(one.count, 4);
    assert_int_equal(other.count, 4);
    assert_memory_equal(one.at, other.at, 4 * sizeof(*one.at));
    assert_int_equal(one.at[0].time_ms, 3);
    assert_int_equal(show(&one, 9, 9, 10), SHOWN_REPEATED);
    shown_release(&one);
    shown_release(&other);
}

/* What was dropped may come again: it cannot be told from what is new. */
static void test_bounded(void **state _unused_)
{
    struct shown shown = {0};
    for (int64_t t = 1; t <= 5; t++) { assert_int_equal(show(&shown, t, (uint64_t)t, 3), 0); }
    assert_int_equal(shown.count, 3);
    assert_int_equal(shown.total, 5);
    assert_int_equal(shown.at[0].time_ms, 3);
    assert_int_equal(show(&shown, 2, 2, 3), SHOWN_TOO_LATE);
    assert_int_equal(show(&shown, 4, 44, 3), SHOWN_ADDED);
    assert_int_equal(shown.at[0].time_ms, 4);
    shown_release(&shown);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_and_repeats_do_not_matter),
        cmocka_unit_test(test_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
