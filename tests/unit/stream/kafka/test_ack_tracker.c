#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "stream/kafka/ack_tracker.h"

static void test_counts_by_group(void **state _unused_)
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

/* When ACK_TRACKER_MAX groups are in use, a message is counted in an older group: it is waited for
 * longer, but none is lost. */
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

static void test_failures_are_reported_by_group(void **state)
{
    struct ack_tracker acks = {0};
    for (uint64_t group = 1; group <= 3; group++) {
        assert_int_equal(ack_tracker_count(&acks, group), group);
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
        cmocka_unit_test(test_failures_are_reported_by_group),
        cmocka_unit_test(test_counts_by_group),
        cmocka_unit_test(test_full_table_forgets_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
