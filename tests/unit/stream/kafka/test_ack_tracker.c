#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "stream/kafka/ack_tracker.h"

static void test_counts_by_mark(void **state _unused_)
{
    struct ack_tracker acks = {0};
    assert_int_equal(ack_tracker_count(&acks, 1), 1);
    assert_int_equal(ack_tracker_count(&acks, 1), 1);
    assert_int_equal(ack_tracker_count(&acks, 2), 2);
    assert_int_equal(ack_tracker_outstanding(&acks, 1), 2);
    assert_int_equal(ack_tracker_outstanding(&acks, 2), 3);
    ack_tracker_acknowledge(&acks, 1);
    assert_int_equal(ack_tracker_outstanding(&acks, 1), 1);
    ack_tracker_acknowledge(&acks, 1);
    ack_tracker_acknowledge(&acks, 2);
    assert_int_equal(ack_tracker_outstanding(&acks, 9), 0);
}

/* When every place is taken, a message is counted under an older mark: somebody waits longer, but
 * nothing is forgotten. */
static void test_full_table_forgets_nothing(void **state _unused_)
{
    struct ack_tracker acks = {0};
    uint64_t under[ACK_TRACKER_MAX * 2];
    for (uint64_t i = 0; i < ACK_TRACKER_MAX * 2; i++) {
        under[i] = ack_tracker_count(&acks, i + 1);
    }
    assert_int_equal(acks.count, ACK_TRACKER_MAX);
    assert_int_equal(ack_tracker_outstanding(&acks, ACK_TRACKER_MAX * 2), ACK_TRACKER_MAX * 2);
    for (size_t i = 0; i < ACK_TRACKER_MAX * 2; i++) {
        assert_true(under[i] <= i + 1);
        ack_tracker_acknowledge(&acks, under[i]);
    }
    assert_int_equal(ack_tracker_outstanding(&acks, ACK_TRACKER_MAX * 2), 0);
    assert_int_equal(ack_tracker_count(&acks, 100), 100);
}

static void test_failures_are_told_by_mark(void **state)
{
    struct ack_tracker acks = {0};
    for (uint64_t mark = 1; mark <= 3; mark++) {
        assert_int_equal(ack_tracker_count(&acks, mark), mark);
    }
    ack_tracker_fail(&acks, 2);
    assert_int_equal(ack_tracker_outstanding(&acks, 3), 2);
    assert_false(ack_tracker_take_failed(&acks, 1));
    assert_true(ack_tracker_take_failed(&acks, 2));
    assert_false(ack_tracker_take_failed(&acks, 3));
    ack_tracker_fail(&acks, 1);
    ack_tracker_fail(&acks, 3);
    assert_true(ack_tracker_take_failed(&acks, 2));
    assert_false(ack_tracker_take_failed(&acks, 2));
    assert_true(ack_tracker_take_failed(&acks, 3));
    assert_false(ack_tracker_take_failed(&acks, 9));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_failures_are_told_by_mark),
        cmocka_unit_test(test_counts_by_mark),
        cmocka_unit_test(test_full_table_forgets_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
