#include "base/base.h"
#include "stream/kafka/murmur.h"
#include "tests/unit/memclient.h"

#include <setjmp.h>
#include <cmocka.h>

static void test_append_and_read(void **state)
{
    struct memlog *log = memlog_new(1);
    memlog_topic(log, "in", 2);
    assert_int_equal(feed(log, "in", 1, "k", "a"), 0);
    assert_int_equal(feed(log, "in", 1, "k", "b"), 1);
    struct record rec;
    assert_int_equal(memlog_read(log, "in", 1, 1, &rec), 0);
    assert_int_equal(rec.offset, 1);
    assert_int_equal(rec.partition, 1);
    assert_int_equal(rec.time_ms, 1000);
    assert_string_equal(rec.topic, "in");
    assert_true(slice_equal(rec.key, slice_str("k")));
    assert_true(slice_equal(rec.value, slice_str("b")));
    assert_int_equal(memlog_read(log, "in", 1, 2, &rec), -ENOENT);
    assert_int_equal(memlog_read(log, "in", 0, 0, &rec), -ENOENT);
    assert_int_equal(memlog_count(log, "in", 1), 2);
    assert_int_equal(memlog_count(log, "in", 0), 0);
    assert_int_equal(memlog_count(log, "in", MEMLOG_ALL), 2);
    assert_int_equal(memlog_end(log, "in", 1), 2);
    memlog_free(log);
}

static void test_time_is_the_logs(void **state)
{
    struct memlog *log = memlog_new(1);
    memlog_topic(log, "in", 1);
    memlog_clock(log, 77);
    struct record rec;
    memlog_append(log, "in", 0, slice_str("k"), slice_str("v"), 0);
    assert_int_equal(memlog_read(log, "in", 0, 0, &rec), 0);
    assert_int_equal(rec.time_ms, 77);
    memlog_free(log);
}

static void test_null_and_empty_differ(void **state)
{
    struct memlog *log = memlog_new(1);
    memlog_topic(log, "in", 1);
    feed(log, "in", 0, "k", NULL);
    feed(log, "in", 0, "k", "");
    struct record rec;
    assert_int_equal(memlog_read(log, "in", 0, 0, &rec), 0);
    assert_null(rec.value.data);
    assert_int_equal(memlog_read(log, "in", 0, 1, &rec), 0);
    assert_non_null(rec.value.data);
    assert_int_equal(rec.value.size, 0);
    memlog_free(log);
}

static void test_partition_by_key(void **state)
{
    struct memlog *log = memlog_new(1);
    memlog_topic(log, "in", 5);
    for (int i = 0; i < 50; i++) {
        char key[8];
        snprintf(key, sizeof(key), "u%d", i);
        int32_t partition = murmur_partition(slice_str(key), 5);
        int64_t before = memlog_end(log, "in", partition);
        assert_int_equal(feed(log, "in", PARTITION_BY_KEY, key, "v"), before);
        assert_int_equal(memlog_end(log, "in", partition), before + 1);
    }
    memlog_free(log);
}

/* Records without a key go round; the seed says where it begins. */
static void test_null_keys_go_round(void **state)
{
    bool began_at[3] = {false};
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct memlog *log = memlog_new(seed);
        memlog_topic(log, "in", 3);
        feed(log, "in", PARTITION_BY_KEY, NULL, "v");
        for (int32_t p = 0; p < 3; p++) { began_at[p] |= memlog_end(log, "in", p) == 1; }
        for (int i = 0; i < 5; i++) { feed(log, "in", PARTITION_BY_KEY, NULL, "v"); }
        for (int32_t p = 0; p < 3; p++) { assert_int_equal(memlog_end(log, "in", p), 2); }
        memlog_free(log);
    }
    assert_true(began_at[0] && began_at[1] && began_at[2]);
}

static void test_newest_of_a_key(void **state)
{
    struct memlog *log = memlog_new(1);
    memlog_topic(log, "in", 3);
    feed(log, "in", 2, "a", "1");
    feed(log, "in", 2, "b", "2");
    feed(log, "in", 2, "a", "3");
    struct record rec;
    assert_int_equal(memlog_newest(log, "in", slice_str("a"), &rec), 0);
    assert_int_equal(rec.offset, 2);
    assert_int_equal(memlog_newest(log, "in", slice_str("b"), &rec), 0);
    assert_int_equal(rec.offset, 1);
    assert_int_equal(memlog_newest(log, "in", slice_str("c"), &rec), -ENOENT);
    memlog_free(log);
}

static void test_headers(void **state)
{
    struct memlog *log = memlog_new(1);
    memlog_topic(log, "out", 1);
    struct wire *wire = memlog_wire(log, NULL, NULL, NULL);
    const struct header headers[] = {
        {"reason", slice_str("first")}, {"reason", slice_str("bad_utf8")}, {"none", {NULL, 0}}};
    struct message message = message_to("out", 0, NULL, "bytes");
    message.headers = headers;
    message.headers_count = ARRAY_COUNT(headers);
    assert_int_equal(wire_produce(wire, &message, 1), 0);
    struct slice value;
    assert_int_equal(memlog_header(log, "out", 0, 0, "reason", &value), 0);
    assert_true(slice_equal(value, slice_str("bad_utf8")));
    assert_int_equal(memlog_header(log, "out", 0, 0, "none", &value), 0);
    assert_null(value.data);
    assert_int_equal(memlog_header(log, "out", 0, 0, "worker", &value), -ENOENT);
    assert_int_equal(memlog_header(log, "out", 0, 1, "reason", &value), -ENOENT);
    wire_close(wire);
    memlog_free(log);
}

static void test_compact_keeps_the_newest(void **state)
{
    struct memlog *log = memlog_new(1);
    memlog_topic(log, "in", 2);
    feed(log, "in", 0, "a", "1");
    feed(log, "in", 0, "b", "2");
    feed(log, "in", 0, "a", "3");
    feed(log, "in", 0, NULL, "4");
    feed(log, "in", 0, NULL, "5");
    feed(log, "in", 0, "b", NULL);
    feed(log, "in", 1, "a", "6");
    memlog_compact(log, "in");
    assert_int_equal(memlog_count(log, "in", 0), 4);
    assert_int_equal(memlog_count(log, "in", 1), 1);
    assert_int_equal(memlog_end(log, "in", 0), 6);
    struct client client;
    client_open(&client, log, "a", NULL, "in");
    const char *story = client_next(&client);
    assert_non_null(strstr(story, "in0@2=3 in0@3=4 in0@4=5 in0@5=~ "));
    assert_null(strstr(story, "in0@0"));
    client_close(&client);
    memlog_free(log);
}

static void test_compact_stops_at_an_open_transaction(void **state)
{
    struct memlog *log = memlog_new(1);
    memlog_topic(log, "in", 1);
    memlog_topic(log, "out", 1);
    struct wire *wire = memlog_wire(log, NULL, NULL, "t");
    feed(log, "out", 0, "k", "old");
    memlog_fail(log, MEMLOG_TXN_PRODUCE, 2, WIRE_ABORTED);
    assert_int_equal(run_txn(wire, "aborted", false, NULL), WIRE_ABORTED); /* 1, marker 2 */
    memlog_fail(log, MEMLOG_TXN_COMMIT, 1, WIRE_FATAL);
    assert_int_equal(run_txn(wire, "open", false, NULL), WIRE_FATAL); /* 3, 4 */
    feed(log, "out", 0, "k", "new");                                  /* 5 */
    memlog_compact(log, "out");
    struct record rec;
    assert_int_equal(memlog_read(log, "out", 0, 0, &rec), 0);
    assert_true(slice_equal(rec.value, slice_str("old")));
    memlog_txn_expire(log, "t"); /* marker 6 */
    memlog_compact(log, "out");
    assert_int_equal(memlog_count(log, "out", 0), 1);
    assert_int_equal(memlog_read(log, "out", 0, 0, &rec), 0);
    assert_int_equal(rec.offset, 5);
    assert_int_equal(memlog_end(log, "out", 0), 7);
    wire_close(wire);
    memlog_free(log);
}

static void test_trim_raises_the_low_offset(void **state)
{
    struct memlog *log = memlog_new(1);
    memlog_topic(log, "in", 1);
    for (int i = 0; i < 5; i++) { feed(log, "in", 0, "k", "v"); }
    memlog_trim(log, "in", 0, 3);
    struct wire *wire = memlog_wire(log, NULL, NULL, NULL);
    int64_t low;
    int64_t end;
    assert_int_equal(wire_bounds(wire, "in", 0, &low, &end), 0);
    assert_int_equal(low, 3);
    assert_int_equal(end, 5);
    struct record rec;
    assert_int_equal(memlog_read(log, "in", 0, 0, &rec), 0);
    assert_int_equal(rec.offset, 3);
    memlog_trim(log, "in", 0, 5);
    memlog_trim(log, "in", 0, 1);
    assert_int_equal(wire_bounds(wire, "in", 0, &low, &end), 0);
    assert_int_equal(low, 5);
    assert_int_equal(feed(log, "in", 0, "k", "v"), 5);
    wire_close(wire);
    memlog_free(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_append_and_read),
        cmocka_unit_test(test_time_is_the_logs),
        cmocka_unit_test(test_null_and_empty_differ),
        cmocka_unit_test(test_partition_by_key),
        cmocka_unit_test(test_null_keys_go_round),
        cmocka_unit_test(test_newest_of_a_key),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_compact_keeps_the_newest),
        cmocka_unit_test(test_compact_stops_at_an_open_transaction),
        cmocka_unit_test(test_trim_raises_the_low_offset),
    };
    return cmocka_run_group_tests_name("memlog", tests, NULL, NULL);
}
