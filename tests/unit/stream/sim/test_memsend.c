#include "base/base.h"
#include "base/xalloc.h"
#include "tests/unit/memclient.h"

#include <setjmp.h>
#include <cmocka.h>

static struct memlog *log_of(uint64_t seed)
{
    struct memlog *log = memlog_new(seed);
    memlog_topic(log, "in", 1);
    memlog_topic(log, "out", 2);
    return log;
}

static int send(struct client *client, const char *value, uint64_t ack_group)
{
    const struct message message = message_to("out", 0, "k", value);
    return wire_produce(client->wire, &message, ack_group);
}

static size_t unacked(struct client *client, uint64_t ack_group)
{
    size_t count = 999;
    assert_int_equal(wire_unacked(client->wire, ack_group, &count), 0);
    return count;
}

static void test_at_once(void **state)
{
    struct memlog *log = log_of(1);
    struct client a;
    client_open(&a, log, "a", NULL, NULL);
    assert_int_equal(send(&a, "v", 1), 0);
    assert_int_equal(memlog_count(log, "out", 0), 1);
    assert_int_equal(unacked(&a, 1), 0);
    client_close(&a);
    memlog_free(log);
}

static void test_delayed_acknowledgements(void **state)
{
    struct memlog *log = log_of(1);
    struct client a;
    client_open(&a, log, "a", NULL, NULL);
    memlog_ack_delay(log, 3);
    assert_int_equal(send(&a, "1", 1), 0);
    assert_int_equal(send(&a, "2", 2), 0);
    (void)client_next(&a);
    assert_int_equal(send(&a, "3", 3), 0);
    assert_int_equal(unacked(&a, 0), 0);
    assert_int_equal(unacked(&a, 1), 1); /* a question without a poll counts as one */
    (void)client_next(&a);
    assert_int_equal(memlog_count(log, "out", 0), 2);
    assert_int_equal(unacked(&a, 2), 0);
    assert_int_equal(unacked(&a, 3), 0);
    assert_int_equal(memlog_count(log, "out", 0), 3);
    client_close(&a);
    memlog_free(log);
}

static void test_order_survives_a_shorter_delay(void **state)
{
    struct memlog *log = log_of(1);
    struct client a;
    client_open(&a, log, "a", NULL, NULL);
    memlog_ack_delay(log, 5);
    assert_int_equal(send(&a, "1", 1), 0);
    memlog_ack_delay(log, 0);
    assert_int_equal(send(&a, "2", 1), 0);
    while (unacked(&a, 1)) {}
    struct record rec;
    assert_int_equal(memlog_read(log, "out", 0, 0, &rec), 0);
    assert_true(slice_equal(rec.value, slice_str("1")));
    assert_int_equal(memlog_count(log, "out", 0), 2);
    client_close(&a);
    memlog_free(log);
}

static void test_close_flushes(void **state)
{
    struct memlog *log = log_of(1);
    struct client a;
    client_open(&a, log, "a", NULL, NULL);
    memlog_ack_delay(log, 10);
    for (int i = 0; i < 40; i++) { assert_int_equal(send(&a, "v", 1), 0); }
    assert_int_equal(memlog_count(log, "out", 0), 0);
    client_close(&a);
    assert_int_equal(memlog_count(log, "out", 0), 40);
    memlog_free(log);
}

/* A killed process's messages in flight: some first part arrives, by the seed. */
static void test_kill_loses_the_rest(void **state)
{
    bool none = false;
    bool some = false;
    bool all = false;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct memlog *log = log_of(seed);
        struct client a;
        client_open(&a, log, "a", NULL, NULL);
        memlog_ack_delay(log, 10);
        for (int i = 0; i < 4; i++) { assert_int_equal(send(&a, "v", 1), 0); }
        memlog_kill(log, a.wire);
        int64_t arrived = memlog_count(log, "out", 0);
        none |= arrived == 0;
        some |= arrived > 0 && arrived < 4;
        all |= arrived == 4;
        assert_int_equal(send(&a, "v", 2), WIRE_FATAL);
        size_t count;
        assert_int_equal(wire_unacked(a.wire, 2, &count), WIRE_FATAL);
        assert_int_equal(client_poll(&a, 1), WIRE_FATAL);
        client_close(&a);
        assert_int_equal(memlog_count(log, "out", 0), arrived);
        memlog_free(log);
    }
    assert_true(none && some && all);
}

/* Only what is acknowledged counts, and only what this wire sent at once. */
static void test_newest_acknowledged_offset(void **state)
{
    struct memlog *log = log_of(1);
    struct client a;
    client_open(&a, log, "a", "t", NULL);
    assert_int_equal(wire_appended(a.wire, "out", 0), OFFSET_NONE);
    assert_int_equal(send(&a, "0", 1), 0);
    feed(log, "out", 0, "k", "1");
    assert_int_equal(wire_appended(a.wire, "out", 0), 0);
    memlog_ack_delay(log, 1);
    assert_int_equal(send(&a, "2", 1), 0);
    assert_int_equal(wire_appended(a.wire, "out", 0), 0);
    (void)client_next(&a);
    assert_int_equal(wire_appended(a.wire, "out", 0), 2);
    assert_int_equal(run_txn(a.wire, "v", false, NULL), 0);
    assert_int_equal(wire_appended(a.wire, "out", 0), 2);
    assert_int_equal(wire_appended(a.wire, "out", 1), OFFSET_NONE);
    assert_int_equal(wire_appended(a.wire, "nowhere", 0), OFFSET_NONE);
    client_close(&a);
    memlog_free(log);
}

static void test_undelivered_is_told_once(void **state)
{
    for (int delay = 0; delay < 3; delay++) {
        struct memlog *log = log_of(1);
        struct client a;
        size_t count = 999;
        client_open(&a, log, "a", NULL, NULL);
        memlog_ack_delay(log, delay);
        memlog_fail(log, MEMLOG_PRODUCE, 2, WIRE_ABORTED);
        assert_int_equal(send(&a, "1", 1), 0);
        assert_int_equal(send(&a, "2", 2), 0);
        assert_int_equal(send(&a, "3", 3), 0);
        for (int i = 0; i < 3; i++) { (void)client_next(&a); }
        assert_int_equal(unacked(&a, 1), 0);
        assert_int_equal(wire_unacked(a.wire, 2, &count), WIRE_ABORTED);
        assert_int_equal(count, 999);
        assert_int_equal(unacked(&a, 3), 0);
        assert_int_equal(memlog_count(log, "out", 0), 2);
        client_close(&a);
        memlog_free(log);
    }
}

static void test_refused_messages(void **state)
{
    struct memlog *log = log_of(1);
    struct client a;
    client_open(&a, log, "a", "t", NULL);
    memlog_fail(log, MEMLOG_PRODUCE, 1, WIRE_RETRY);
    assert_int_equal(send(&a, "v", 1), WIRE_RETRY);
    assert_int_equal(memlog_count(log, "out", 0), 0);
    assert_int_equal(send(&a, "v", 1), 0);
    const struct message nowhere = message_to("nowhere", 0, "k", "v");
    assert_int_equal(wire_produce(a.wire, &nowhere, 1), WIRE_REFUSED);
    const struct message outside = message_to("out", 2, "k", "v");
    assert_int_equal(wire_produce(a.wire, &outside, 1), WIRE_REFUSED);
    _cleanup_(xfreep) char *bytes = xcalloc(MEMLOG_MESSAGE_BYTES_MAX + 1, 1);
    struct message large = message_to("out", 0, NULL, NULL);
    large.value = slice_of(bytes, MEMLOG_MESSAGE_BYTES_MAX);
    assert_int_equal(wire_produce(a.wire, &large, 1), 0);
    large.value.size++;
    assert_int_equal(wire_produce(a.wire, &large, 1), WIRE_TOO_LARGE);
    assert_int_equal(unacked(&a, 1), 0);
    const struct txn txn = {.messages = &large, .messages_count = 1};
    assert_int_equal(wire_txn_run(a.wire, &txn), WIRE_TOO_LARGE);
    client_close(&a);
    memlog_free(log);
}

static void test_empty_transaction(void **state)
{
    struct memlog *log = log_of(1);
    struct client a;
    client_open(&a, log, "a", "t", NULL);
    const struct txn txn = {0};
    assert_int_equal(wire_txn_run(a.wire, &txn), 0);
    assert_int_equal(memlog_end(log, "out", 0), 0);
    client_close(&a);
    memlog_free(log);
}

/* Each step of a transaction fails: rolled back, or left open and fatal for good. */
static void test_each_step_fails(void **state)
{
    for (int point = MEMLOG_TXN_BEGIN; point <= MEMLOG_TXN_COMMIT; point++) {
        const int errors[] = {WIRE_ABORTED, WIRE_FATAL, MEMLOG_KILL};
        for (size_t e = 0; e < ARRAY_COUNT(errors); e++) {
            struct memlog *log = log_of(1);
            struct client a;
            client_open(&a, log, "a", "t", NULL);
            memlog_fail(log, point, 1, errors[e]);
            bool aborted = errors[e] == WIRE_ABORTED;
            assert_int_equal(run_txn(a.wire, "v", true, NULL), aborted ? WIRE_ABORTED : WIRE_FATAL);
            assert_int_equal(memlog_count(log, "out", 0), 0);
            assert_int_equal(memlog_committed(log, "g", "in", 0), OFFSET_NONE);
            bool open = !aborted && point >= MEMLOG_TXN_OFFSETS;
            assert_int_equal(memlog_stable_end(log, "out", 0) < memlog_end(log, "out", 0), open);
            assert_int_equal(run_txn(a.wire, "w", true, NULL), aborted ? 0 : WIRE_FATAL);
            client_close(&a);
            client_open(&a, log, "a", "t", NULL);
            assert_int_equal(memlog_stable_end(log, "out", 0), memlog_end(log, "out", 0));
            assert_int_equal(memlog_count(log, "out", 0), aborted ? 2 : 0);
            assert_int_equal(run_txn(a.wire, "x", true, NULL), 0);
            client_close(&a);
            memlog_free(log);
        }
    }
}

/* The nth message of a transaction fails, counted over transactions. */
static void test_nth_message_fails(void **state)
{
    struct memlog *log = log_of(1);
    struct client a;
    client_open(&a, log, "a", "t", NULL);
    memlog_fail(log, MEMLOG_TXN_PRODUCE, 4, WIRE_ABORTED);
    assert_int_equal(run_txn(a.wire, "1", false, NULL), 0);
    assert_int_equal(run_txn(a.wire, "2", false, NULL), WIRE_ABORTED);
    assert_int_equal(run_txn(a.wire, "3", false, NULL), 0);
    assert_int_equal(memlog_count(log, "out", 0), 4);
    assert_int_equal(memlog_end(log, "out", 0), 8); /* 2, marker, 1, marker, 2, marker */
    client_close(&a);
    memlog_free(log);
}

/* The commit took effect, its answer was lost. */
static void test_outcome_unknown(void **state)
{
    const int errors[] = {WIRE_FATAL, MEMLOG_KILL};
    for (size_t e = 0; e < ARRAY_COUNT(errors); e++) {
        struct memlog *log = log_of(1);
        struct client a;
        int64_t offsets[2] = {-7, -7};
        client_open(&a, log, "a", "t", NULL);
        memlog_fail(log, MEMLOG_TXN_DONE, 1, errors[e]);
        assert_int_equal(run_txn(a.wire, "v", true, offsets), WIRE_FATAL);
        assert_int_equal(offsets[0], -7);
        assert_int_equal(memlog_count(log, "out", 0), 2);
        assert_int_equal(memlog_committed(log, "g", "in", 0), 5);
        assert_int_equal(run_txn(a.wire, "w", true, offsets), WIRE_FATAL);
        client_close(&a);
        memlog_free(log);
    }
}

static void test_offsets_commit(void **state)
{
    struct memlog *log = log_of(1);
    struct client a;
    client_open(&a, log, "a", NULL, "in");
    (void)client_next(&a);
    const struct topic_partition next[] = {{"in", 0, 3}, {"nowhere", 0, 3}};
    memlog_fail(log, MEMLOG_OFFSETS_COMMIT, 1, WIRE_RETRY);
    assert_int_equal(wire_offsets_commit(a.wire, next, 1), WIRE_RETRY);
    assert_int_equal(memlog_committed(log, "g", "in", 0), OFFSET_NONE);
    assert_int_equal(wire_offsets_commit(a.wire, next, 2), WIRE_REFUSED);
    assert_int_equal(memlog_committed(log, "g", "in", 0), OFFSET_NONE);
    assert_int_equal(wire_offsets_commit(a.wire, next, 1), 0);
    assert_int_equal(memlog_committed(log, "g", "in", 0), 3);
    client_close(&a);
    memlog_free(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_at_once),
        cmocka_unit_test(test_delayed_acknowledgements),
        cmocka_unit_test(test_order_survives_a_shorter_delay),
        cmocka_unit_test(test_close_flushes),
        cmocka_unit_test(test_kill_loses_the_rest),
        cmocka_unit_test(test_newest_acknowledged_offset),
        cmocka_unit_test(test_undelivered_is_told_once),
        cmocka_unit_test(test_refused_messages),
        cmocka_unit_test(test_empty_transaction),
        cmocka_unit_test(test_each_step_fails),
        cmocka_unit_test(test_nth_message_fails),
        cmocka_unit_test(test_outcome_unknown),
        cmocka_unit_test(test_offsets_commit),
    };
    return cmocka_run_group_tests_name("memsend", tests, NULL, NULL);
}
