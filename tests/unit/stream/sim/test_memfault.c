#include "base/base.h"
#include "tests/unit/memclient.h"

#include <setjmp.h>
#include <cmocka.h>

static struct memlog *log_of(uint64_t seed)
{
    struct memlog *log = memlog_new(seed);
    memlog_topic(log, "in", 1);
    return log;
}

static int ask_bounds(struct wire *wire)
{
    int64_t low;
    int64_t end;
    return wire_bounds(wire, "in", 0, &low, &end);
}

static void test_nth_pass_fails_once(void **state)
{
    struct memlog *log = log_of(1);
    struct wire *wire = memlog_wire(log, NULL, NULL, NULL);
    assert_int_equal(ask_bounds(wire), 0);
    memlog_fail(log, MEMLOG_BOUNDS, 2, WIRE_RETRY);
    memlog_fail(log, MEMLOG_BOUNDS, 3, WIRE_FATAL);
    assert_int_equal(ask_bounds(wire), 0);
    assert_int_equal(ask_bounds(wire), WIRE_RETRY);
    assert_string_equal(wire_why(wire), "injected fault: question for the bounds");
    assert_int_equal(ask_bounds(wire), WIRE_FATAL);
    assert_int_equal(ask_bounds(wire), 0);
    assert_int_equal(memlog_passed(log, MEMLOG_BOUNDS), 5);
    assert_int_equal(memlog_failed(log, MEMLOG_BOUNDS), 2);
    assert_int_equal(memlog_passed(log, MEMLOG_POLL), 0);
    wire_close(wire);
    memlog_free(log);
}

static void test_every_asking_call(void **state)
{
    struct memlog *log = log_of(1);
    struct client a;
    client_open(&a, log, "a", NULL, "in");
    feed(log, "in", 0, "k", "v");
    memlog_fail(log, MEMLOG_POLL, 1, WIRE_RETRY);
    assert_string_equal(client_next(&a), "error -1 ");
    assert_string_equal(client_next(&a), "+in0 in0@0=v ");
    int64_t offset;
    memlog_fail(log, MEMLOG_COMMITTED, 1, WIRE_RETRY);
    assert_int_equal(wire_committed(a.wire, "in", 0, &offset), WIRE_RETRY);
    assert_int_equal(wire_committed(a.wire, "in", 0, &offset), 0);
    struct reader *reader;
    struct buf story;
    buf_init(&story, 1 << 10);
    const struct topic_partition start = {"in", 0, 0};
    assert_int_equal(wire_reader(a.wire, &start, 1, &reader), 0);
    memlog_fail(log, MEMLOG_READER_POLL, 1, WIRE_RETRY);
    assert_string_equal(reader_next(reader, &story), "error -1 ");
    assert_string_equal(reader_next(reader, &story), "in0@0=v ");
    reader_close(reader);
    buf_release(&story);
    client_close(&a);
    memlog_free(log);
}

/* The row of failures with a seed: "x" and "." */
static void row_of(uint64_t seed, char row[201])
{
    struct memlog *log = log_of(seed);
    struct wire *wire = memlog_wire(log, NULL, NULL, NULL);
    memlog_fail_often(log, MEMLOG_BOUNDS, 4, WIRE_RETRY);
    int64_t failed = 0;
    for (int i = 0; i < 200; i++) {
        bool fails = ask_bounds(wire) == WIRE_RETRY;
        row[i] = fails ? 'x' : '.';
        failed += fails;
    }
    row[200] = '\0';
    assert_in_range(failed, 20, 90);
    assert_int_equal(memlog_failed(log, MEMLOG_BOUNDS), failed);
    memlog_fail_often(log, MEMLOG_BOUNDS, 0, 0);
    for (int i = 0; i < 50; i++) { assert_int_equal(ask_bounds(wire), 0); }
    wire_close(wire);
    memlog_free(log);
}

static void test_often_is_seeded(void **state)
{
    char first[201];
    char again[201];
    char other[201];
    row_of(1, first);
    row_of(1, again);
    row_of(2, other);
    assert_string_equal(first, again);
    assert_string_not_equal(first, other);
}

static void count_call(void *arg)
{
    ++*(int *)arg;
}

static void test_hook_sees_every_pass(void **state)
{
    struct memlog *log = log_of(1);
    struct wire *wire = memlog_wire(log, NULL, NULL, NULL);
    int calls = 0;
    memlog_hook(log, MEMLOG_BOUNDS, count_call, &calls);
    memlog_fail(log, MEMLOG_BOUNDS, 1, WIRE_RETRY);
    assert_int_equal(ask_bounds(wire), WIRE_RETRY);
    assert_int_equal(ask_bounds(wire), 0);
    memlog_hook(log, MEMLOG_BOUNDS, NULL, NULL);
    assert_int_equal(ask_bounds(wire), 0);
    assert_int_equal(calls, 2);
    wire_close(wire);
    memlog_free(log);
}

static void test_kill_at_a_point(void **state)
{
    struct memlog *log = log_of(1);
    struct client a;
    client_open(&a, log, "a", NULL, "in");
    assert_string_equal(client_next(&a), "+in0 ");
    memlog_fail(log, MEMLOG_POLL, 1, MEMLOG_KILL);
    assert_string_equal(client_next(&a), "error -3 ");
    assert_int_equal(ask_bounds(a.wire), WIRE_FATAL);
    int32_t count;
    assert_int_equal(wire_partitions(a.wire, "in", &count), WIRE_FATAL);
    assert_int_equal(wire_resume(a.wire, "in", 0, 0), WIRE_FATAL);
    assert_string_equal(client_next(&a), "error -3 ");
    client_close(&a);
    memlog_free(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nth_pass_fails_once),
        cmocka_unit_test(test_every_asking_call),
        cmocka_unit_test(test_often_is_seeded),
        cmocka_unit_test(test_hook_sees_every_pass),
        cmocka_unit_test(test_kill_at_a_point),
    };
    return cmocka_run_group_tests_name("memfault", tests, NULL, NULL);
}
