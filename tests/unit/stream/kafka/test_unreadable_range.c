#include "base/base.h"
#include "stream/kafka/unreadable_range.h"

#include <setjmp.h>
#include <cmocka.h>

/* The offsets from..to cannot be read; returns the number of probes. */
static int find(int64_t from, int64_t start, int64_t to, int64_t end)
{
    int probes = 0;
    struct unreadable_range range = unreadable_range_from(start);
    while (unreadable_range_next(&range, end)) {
        assert_true(range.target > range.bad && range.target < end);
        unreadable_range_take(&range, range.target < from || range.target > to,
                              from);
        assert_true(++probes < 200);
    }
    assert_int_equal(range.first, start);
    assert_int_equal(range.bad, to);
    assert_int_equal(range.good, to + 1);
    return probes;
}

static void every_small_range(void **state)
{
    for (int64_t size = 1; size < 70; size++) {
        for (int64_t start = 100; start < 100 + size; start++) {
            find(100, start, 99 + size, 100 + size); /* up to the end of the log */
            find(100, start, 99 + size, 101 + size);
            find(100, start, 99 + size, 100000);
        }
    }
}

/* One request for each record took days for a batch of a million. */
static void a_large_range_takes_few_probes(void **state)
{
    assert_true(find(5, 5, 1000004, 2000000) <= 42);
    assert_true(find(5, 5, 1000004, 1000005) <= 42);
    assert_true(find(0, 0, INT64_MAX / 8, INT64_MAX) <= 130);
    assert_true(find(0, 0, 0, 10) <= 2);
}

/* Of three batches the one in the middle can be read: it is not stepped over. */
static void a_readable_batch_between_two(void **state)
{
    for (int64_t size = 1; size < 20; size++) {
        for (int64_t between = 1; between < 20; between++) {
            int64_t last = 10 + size - 1, next = last + between + 1;
            struct unreadable_range range = unreadable_range_from(10);
            while (unreadable_range_next(&range, next + 1000)) {
                bool readable = range.target > last && range.target < next;
                unreadable_range_take(&range, readable, range.target >= next ? next : 10);
            }
            assert_int_equal(range.bad, last);
            assert_int_equal(range.good, last + 1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_small_range),
        cmocka_unit_test(a_readable_batch_between_two),
        cmocka_unit_test(a_large_range_takes_few_probes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
