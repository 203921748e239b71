#include "base/base.h"
#include "tests/unit/memclient.h"

#include <setjmp.h>
#include <cmocka.h>

/* One log with in and out, a wire with transactions, a reader of out[0] from its start. */
struct scratch {
    struct memlog *log;
    struct client client;
    struct client watcher; /* owns the reader's wire */
    struct reader *reader;
    struct buf story;
    const char *seen;
    int64_t stable_end;
    struct wire *second;
};

static struct scratch scratch_seeded(uint64_t seed)
{
    struct scratch scratch = {.log = memlog_new(seed)};
    memlog_topic(scratch.log, "in", 1);
    memlog_topic(scratch.log, "out", 1);
    client_open(&scratch.client, scratch.log, "a", "t", NULL);
    client_open(&scratch.watcher, scratch.log, "w", NULL, NULL);
    const struct topic_partition start = {"out", 0, 0};
    assert_int_equal(wire_reader(scratch.watcher.wire, &start, 1, &scratch.reader), 0);
    buf_init(&scratch.story, 1 << 16);
    return scratch;
}

static struct scratch scratch_make(void)
{
    return scratch_seeded(1);
}

static void scratch_clear(struct scratch *scratch)
{
    reader_close(scratch->reader);
    client_close(&scratch->watcher);
    client_close(&scratch->client);
    buf_release(&scratch->story);
    wire_close(scratch->second);
    memlog_free(scratch->log);
}

static void look(void *arg)
{
    struct scratch *scratch = arg;
    scratch->seen = reader_next(scratch->reader, &scratch->story);
    scratch->stable_end = memlog_stable_end(scratch->log, "out", 0);
}

static void test_invisible_until_commit(void **state)
{
    struct scratch scratch = scratch_make();
    feed(scratch.log, "out", 0, "k", "before");
    memlog_hook(scratch.log, MEMLOG_TXN_COMMIT, look, &scratch);
    int64_t offsets[2];
    assert_int_equal(run_txn(scratch.client.wire, "v", false, offsets), 0);
    assert_int_equal(offsets[0], 1);
    assert_int_equal(offsets[1], 2);
    assert_string_equal(scratch.seen, "out0@0=before ");
    assert_int_equal(scratch.stable_end, 1);
    assert_int_equal(memlog_stable_end(scratch.log, "out", 0), 4);
    assert_string_equal(reader_next(scratch.reader, &scratch.story), "out0@1=v out0@2=v ");
    scratch_clear(&scratch);
}

/* The marker takes an offset: last record + 1 is not the end. */
static void test_control_record_takes_an_offset(void **state)
{
    struct scratch scratch = scratch_make();
    assert_int_equal(run_txn(scratch.client.wire, "v", false, NULL), 0);
    int64_t low;
    int64_t end;
    assert_int_equal(wire_bounds(scratch.client.wire, "out", 0, &low, &end), 0);
    assert_int_equal(end, 3);
    assert_int_equal(memlog_count(scratch.log, "out", 0), 2);
    assert_int_equal(reader_position(scratch.reader, "out", 0), 0);
    (void)reader_next(scratch.reader, &scratch.story);
    assert_int_equal(reader_position(scratch.reader, "out", 0), 3);
    assert_int_equal(feed(scratch.log, "out", 0, "k", "after"), 3);
    scratch_clear(&scratch);
}

static void hold_back(void *arg)
{
    struct scratch *scratch = arg;
    assert_int_equal(feed(scratch->log, "out", 0, "k", "behind"), 2);
    look(arg);
}

/* A committed record behind an open transaction waits for it. */
static void test_open_transaction_holds_readers_back(void **state)
{
    struct scratch scratch = scratch_make();
    memlog_hook(scratch.log, MEMLOG_TXN_COMMIT, hold_back, &scratch);
    assert_int_equal(run_txn(scratch.client.wire, "v", false, NULL), 0);
    assert_string_equal(scratch.seen, "");
    assert_int_equal(scratch.stable_end, 0);
    assert_string_equal(reader_next(scratch.reader, &scratch.story),
                        "out0@0=v out0@1=v out0@2=behind ");
    scratch_clear(&scratch);
}

static void test_aborted_records_stay_invisible(void **state)
{
    struct scratch scratch = scratch_make();
    memlog_fail(scratch.log, MEMLOG_TXN_COMMIT, 1, WIRE_ABORTED);
    int64_t offsets[2] = {-7, -7};
    assert_int_equal(run_txn(scratch.client.wire, "v", true, offsets), WIRE_ABORTED);
    assert_int_equal(offsets[0], -7);
    assert_string_equal(reader_next(scratch.reader, &scratch.story), "");
    assert_int_equal(reader_position(scratch.reader, "out", 0), 3);
    assert_int_equal(memlog_count(scratch.log, "out", 0), 0);
    assert_int_equal(memlog_end(scratch.log, "out", 0), 3);
    assert_int_equal(run_txn(scratch.client.wire, "w", false, offsets), 0);
    assert_int_equal(offsets[0], 3);
    assert_string_equal(reader_next(scratch.reader, &scratch.story), "out0@3=w out0@4=w ");
    scratch_clear(&scratch);
}

static void test_a_new_owner_fences(void **state)
{
    struct scratch scratch = scratch_make();
    memlog_fail(scratch.log, MEMLOG_TXN_COMMIT, 1, WIRE_FATAL);
    assert_int_equal(run_txn(scratch.client.wire, "v", false, NULL), WIRE_FATAL);
    assert_int_equal(memlog_stable_end(scratch.log, "out", 0), 0);
    scratch.second = memlog_wire(scratch.log, "g", "b", "t");
    assert_int_equal(memlog_stable_end(scratch.log, "out", 0), 3);
    assert_int_equal(memlog_count(scratch.log, "out", 0), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(run_txn(scratch.client.wire, "v", false, NULL), WIRE_FATAL);
    }
    assert_int_equal(run_txn(scratch.second, "w", false, NULL), 0);
    assert_int_equal(memlog_count(scratch.log, "out", 0), 2);
    scratch_clear(&scratch);
}

static void open_second(void *arg)
{
    struct scratch *scratch = arg;
    if (!scratch->second) { scratch->second = memlog_wire(scratch->log, "g", "b", "t"); }
}

/* The zombie is in the middle of its transaction when the new owner comes, at each step. */
static void test_fenced_in_the_middle(void **state)
{
    for (int point = MEMLOG_TXN_BEGIN; point <= MEMLOG_TXN_COMMIT; point++) {
        struct scratch scratch = scratch_make();
        memlog_hook(scratch.log, point, open_second, &scratch);
        assert_int_equal(run_txn(scratch.client.wire, "v", true, NULL), WIRE_FATAL);
        assert_non_null(strstr(wire_why(scratch.client.wire), "fenced"));
        assert_int_equal(memlog_count(scratch.log, "out", 0), 0);
        assert_int_equal(memlog_stable_end(scratch.log, "out", 0),
                         memlog_end(scratch.log, "out", 0));
        assert_int_equal(memlog_committed(scratch.log, "g", "in", 0), OFFSET_NONE);
        scratch_clear(&scratch);
    }
}

/* The commit took effect before the new owner came: it stays. */
static void test_fenced_after_the_commit(void **state)
{
    struct scratch scratch = scratch_make();
    memlog_hook(scratch.log, MEMLOG_TXN_DONE, open_second, &scratch);
    memlog_fail(scratch.log, MEMLOG_TXN_DONE, 1, WIRE_FATAL);
    assert_int_equal(run_txn(scratch.client.wire, "v", false, NULL), WIRE_FATAL);
    assert_int_equal(memlog_count(scratch.log, "out", 0), 2);
    assert_int_equal(run_txn(scratch.client.wire, "v", false, NULL), WIRE_FATAL);
    assert_int_equal(memlog_count(scratch.log, "out", 0), 2);
    scratch_clear(&scratch);
}

static void test_transaction_times_out(void **state)
{
    struct scratch scratch = scratch_make();
    memlog_fail(scratch.log, MEMLOG_TXN_PRODUCE, 2, WIRE_FATAL);
    assert_int_equal(run_txn(scratch.client.wire, "v", false, NULL), WIRE_FATAL);
    assert_int_equal(memlog_stable_end(scratch.log, "out", 0), 0);
    memlog_txn_expire(scratch.log, "t");
    assert_int_equal(memlog_stable_end(scratch.log, "out", 0), 2);
    assert_int_equal(memlog_count(scratch.log, "out", 0), 0);
    memlog_txn_expire(scratch.log, "nobody");
    scratch_clear(&scratch);
}

static void ask_committed(void *arg)
{
    struct scratch *scratch = arg;
    int64_t offset = -9;
    assert_int_equal(wire_committed(scratch->watcher.wire, "in", 0, &offset), WIRE_RETRY);
    assert_int_equal(offset, -9);
    assert_int_equal(memlog_committed(scratch->log, "g", "in", 0), OFFSET_NONE);
}

static void test_offsets_commit_with_the_transaction(void **state)
{
    struct scratch scratch = scratch_make();
    int64_t offset;
    memlog_hook(scratch.log, MEMLOG_TXN_COMMIT, ask_committed, &scratch);
    assert_int_equal(run_txn(scratch.client.wire, "v", true, NULL), 0);
    assert_int_equal(wire_committed(scratch.watcher.wire, "in", 0, &offset), 0);
    assert_int_equal(offset, 5);
    assert_int_equal(memlog_committed(scratch.log, "g", "in", 0), 5);
    scratch_clear(&scratch);
}

static void test_offsets_abort_with_the_transaction(void **state)
{
    struct scratch scratch = scratch_make();
    int64_t offset;
    memlog_fail(scratch.log, MEMLOG_TXN_COMMIT, 1, WIRE_FATAL);
    assert_int_equal(run_txn(scratch.client.wire, "v", true, NULL), WIRE_FATAL);
    assert_int_equal(wire_committed(scratch.watcher.wire, "in", 0, &offset), WIRE_RETRY);
    memlog_txn_expire(scratch.log, "t");
    assert_int_equal(wire_committed(scratch.watcher.wire, "in", 0, &offset), 0);
    assert_int_equal(offset, OFFSET_NONE);
    scratch_clear(&scratch);
}

/* The commit has returned, the markers come later: the records appear within the delay, another
 * record may come between them and the marker, and the next transaction waits for them. */
static void test_markers_come_late(void **state)
{
    struct scratch scratch = scratch_make();
    memlog_marker_delay(scratch.log, 4);
    assert_int_equal(run_txn(scratch.client.wire, "v", true, NULL), 0);
    assert_int_equal(memlog_stable_end(scratch.log, "out", 0), 0);
    int64_t offset;
    assert_int_equal(wire_committed(scratch.watcher.wire, "in", 0, &offset), WIRE_RETRY);
    assert_int_equal(feed(scratch.log, "out", 0, "k", "between"), 2);
    const char *seen = "";
    int polls = 0;
    for (; !*seen; polls++) { seen = reader_next(scratch.reader, &scratch.story); }
    assert_in_range(polls, 1, 4);
    assert_string_equal(seen, "out0@0=v out0@1=v out0@2=between ");
    assert_int_equal(reader_position(scratch.reader, "out", 0), 4);
    for (polls = 0; wire_committed(scratch.watcher.wire, "in", 0, &offset); polls++) {
        assert_int_equal(client_poll(&scratch.watcher, 1), 0);
    }
    assert_in_range(polls, 0, 4);
    assert_int_equal(offset, 5);
    assert_int_equal(run_txn(scratch.client.wire, "w", false, NULL), 0);
    assert_int_equal(run_txn(scratch.client.wire, "x", false, NULL), 0);
    assert_int_equal(memlog_stable_end(scratch.log, "out", 0), 7);
    scratch_clear(&scratch);
}

/* Markers reach the partitions and the group's offsets each in their own time, within the delay. */
static void test_markers_come_in_any_order(void **state)
{
    enum { DELAY = 4 };
    bool records_first = false;
    bool offsets_first = false;
    int latest = 0;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct scratch scratch = scratch_seeded(seed);
        memlog_marker_delay(scratch.log, DELAY);
        assert_int_equal(run_txn(scratch.client.wire, "v", true, NULL), 0);
        int records_at = 0;
        int offsets_at = 0;
        for (int polls = 0; polls <= DELAY; polls++) {
            int64_t offset;
            bool visible = memlog_count(scratch.log, "out", 0) > 0;
            bool stable = wire_committed(scratch.watcher.wire, "in", 0, &offset) == 0;
            if (visible && !records_at) { records_at = polls; }
            if (stable && !offsets_at) { offsets_at = polls; }
            assert_int_equal(visible, records_at > 0);
            assert_int_equal(stable, offsets_at > 0);
            assert_int_equal(client_poll(&scratch.watcher, 1), 0);
        }
        assert_true(records_at > 0 && offsets_at > 0);
        records_first |= records_at < offsets_at;
        offsets_first |= offsets_at < records_at;
        latest = MAX_OF(latest, MAX_OF(records_at, offsets_at));
        scratch_clear(&scratch);
    }
    assert_true(records_first && offsets_first);
    assert_int_equal(latest, DELAY);
}

/* Naive oracle: a random row of transactions, some aborted, against a list of those committed. */
static void test_random_transactions(void **state)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct scratch scratch = scratch_make();
        struct buf expected;
        buf_init(&expected, 1 << 20);
        memlog_marker_delay(scratch.log, (int)(seed % 3));
        memlog_fail_often(scratch.log, MEMLOG_TXN_PRODUCE, 7, WIRE_ABORTED);
        memlog_fail_often(scratch.log, MEMLOG_TXN_COMMIT, 5, WIRE_ABORTED);
        for (int i = 0; i < 60; i++) {
            char value[16];
            snprintf(value, sizeof(value), "%d", i);
            int64_t at[2];
            if (run_txn(scratch.client.wire, value, false, at) == 0) {
                buf_printf(&expected, "out0@%" PRId64 "=%d out0@%" PRId64 "=%d ", at[0], i, at[1],
                           i);
            }
        }
        for (int i = 0; i < 3; i++) { assert_int_equal(client_poll(&scratch.watcher, 1), 0); }
        buf_append(&expected, "", 1);
        assert_string_equal(reader_next(scratch.reader, &scratch.story), expected.data);
        assert_int_equal(reader_position(scratch.reader, "out", 0),
                         memlog_end(scratch.log, "out", 0));
        assert_true(memlog_failed(scratch.log, MEMLOG_TXN_COMMIT) > 0);
        buf_release(&expected);
        scratch_clear(&scratch);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_invisible_until_commit),
        cmocka_unit_test(test_control_record_takes_an_offset),
        cmocka_unit_test(test_open_transaction_holds_readers_back),
        cmocka_unit_test(test_aborted_records_stay_invisible),
        cmocka_unit_test(test_a_new_owner_fences),
        cmocka_unit_test(test_fenced_in_the_middle),
        cmocka_unit_test(test_fenced_after_the_commit),
        cmocka_unit_test(test_transaction_times_out),
        cmocka_unit_test(test_offsets_commit_with_the_transaction),
        cmocka_unit_test(test_offsets_abort_with_the_transaction),
        cmocka_unit_test(test_markers_come_late),
        cmocka_unit_test(test_markers_come_in_any_order),
        cmocka_unit_test(test_random_transactions),
    };
    return cmocka_run_group_tests_name("memtxn", tests, NULL, NULL);
}
