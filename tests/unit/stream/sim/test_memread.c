#include "base/base.h"
#include "tests/unit/memclient.h"

#include <setjmp.h>
#include <cmocka.h>

static struct memlog *log_with(uint64_t seed, int32_t partitions, int records)
{
    struct memlog *log = memlog_new(seed);
    memlog_topic(log, "in", partitions);
    memlog_topic(log, "out", 1);
    for (int32_t p = 0; p < partitions; p++) {
        for (int i = 0; i < records; i++) {
            char value[16];
            snprintf(value, sizeof(value), "%d", i);
            feed(log, "in", p, "k", value);
        }
    }
    return log;
}

/* Reads all with a seed and a batch limit into a story; returns it, freed by the caller. */
static char *read_all(uint64_t seed, size_t limit, size_t max)
{
    struct memlog *log = log_with(seed, 3, 20);
    memlog_batch(log, limit);
    struct client a;
    client_open(&a, log, "a", NULL, "in");
    for (int polls = 0; a.records < 60; polls++) {
        size_t before = a.records;
        assert_true(polls < 100);
        assert_int_equal(client_poll(&a, max), 0);
        assert_true(a.records - before <= MIN_OF(limit, max));
    }
    assert_int_equal(client_poll(&a, max), 0);
    assert_int_equal(a.records, 60);
    char *story = strdup(client_story(&a));
    client_close(&a);
    memlog_free(log);
    return story;
}

static void test_order_is_the_seeds(void **state)
{
    char *first = read_all(1, 1000, 1000);
    char *again = read_all(1, 1000, 1000);
    char *other = read_all(2, 1000, 1000);
    assert_string_equal(first, again);
    assert_string_not_equal(first, other);
    /* Interleaved: some record of partition 2 comes before the last of partition 0. */
    assert_true(strstr(first, "in2@0=") < strstr(first, "in0@19=") ||
                strstr(first, "in1@0=") < strstr(first, "in0@19="));
    free(first);
    free(again);
    free(other);
}

static void test_order_inside_a_partition(void **state)
{
    for (uint64_t seed = 1; seed < 10; seed++) {
        char *story = read_all(seed, 7, 5);
        for (int p = 0; p < 3; p++) {
            const char *at = story;
            for (int i = 0; i < 20; i++) {
                char record[32];
                snprintf(record, sizeof(record), "in%d@%d=%d ", p, i, i);
                at = strstr(at, record);
                assert_non_null(at);
            }
        }
        free(story);
    }
}

static void test_batch_limit(void **state)
{
    char *story = read_all(3, 1, 1000);
    free(story);
    story = read_all(3, 1000, 1);
    free(story);
}

/* Bytes and topic of a batch stay while others go on. */
static void test_batch_is_borrowed_until_release(void **state)
{
    struct memlog *log = log_with(1, 1, 3);
    struct wire *wire = memlog_wire(log, NULL, NULL, NULL);
    const struct topic_partition start = {"in", 0, 0};
    struct reader *reader;
    assert_int_equal(wire_reader(wire, &start, 1, &reader), 0);
    const struct record *rec;
    size_t count;
    assert_int_equal(reader_poll(reader, 0, 10, &rec, &count), 0);
    assert_int_equal(count, 3);
    memlog_trim(log, "in", 0, 3);
    assert_true(slice_equal(rec[2].value, slice_str("2")));
    assert_true(slice_equal(rec[2].key, slice_str("k")));
    assert_int_equal(rec[2].time_ms, 1000);
    assert_string_equal(rec[2].topic, "in");
    reader_release(reader);
    reader_release(reader);
    reader_close(reader);
    wire_close(wire);
    memlog_free(log);
}

static void test_null_and_empty_are_kept(void **state)
{
    struct memlog *log = log_with(1, 1, 0);
    feed(log, "in", 0, NULL, "v");
    feed(log, "in", 0, "", NULL);
    struct wire *wire = memlog_wire(log, NULL, NULL, NULL);
    const struct topic_partition start = {"in", 0, 0};
    struct reader *reader;
    assert_int_equal(wire_reader(wire, &start, 1, &reader), 0);
    const struct record *rec;
    size_t count;
    assert_int_equal(reader_poll(reader, 0, 10, &rec, &count), 0);
    assert_null(rec[0].key.data);
    assert_non_null(rec[1].key.data);
    assert_int_equal(rec[1].key.size, 0);
    assert_null(rec[1].value.data);
    reader_release(reader);
    reader_close(reader);
    wire_close(wire);
    memlog_free(log);
}

static void test_reader_positions(void **state)
{
    struct memlog *log = log_with(1, 2, 4);
    memlog_trim(log, "in", 1, 2);
    struct wire *wire = memlog_wire(log, NULL, NULL, NULL);
    const struct topic_partition at[] = {{"in", 0, 3}, {"in", 1, OFFSET_NONE}};
    struct reader *reader;
    struct buf story;
    buf_init(&story, 1 << 16);
    assert_int_equal(wire_reader(wire, at, 2, &reader), 0);
    assert_int_equal(reader_position(reader, "in", 0), 3);
    assert_int_equal(reader_position(reader, "in", 1), OFFSET_NONE);
    assert_int_equal(reader_position(reader, "out", 0), OFFSET_NONE);
    const char *told = reader_next(reader, &story);
    assert_non_null(strstr(told, "in0@3=3 "));
    assert_non_null(strstr(told, "in1@2=2 "));
    assert_null(strstr(told, "in0@2"));
    assert_null(strstr(told, "in1@1"));
    assert_int_equal(reader_position(reader, "in", 0), 4);
    assert_int_equal(reader_position(reader, "in", 1), 4);
    assert_string_equal(reader_next(reader, &story), "");
    feed(log, "in", 1, "k", "new");
    assert_string_equal(reader_next(reader, &story), "in1@4=new ");
    reader_close(reader);
    buf_release(&story);
    wire_close(wire);
    memlog_free(log);
}

static void test_out_of_range_is_told(void **state)
{
    struct memlog *log = log_with(1, 1, 4);
    struct wire *wire = memlog_wire(log, NULL, NULL, NULL);
    struct reader *reader;
    struct buf story;
    buf_init(&story, 1 << 16);
    const struct topic_partition start = {"in", 0, 0};
    assert_int_equal(wire_reader(wire, &start, 1, &reader), 0);
    memlog_trim(log, "in", 0, 2);
    assert_string_equal(reader_next(reader, &story), "error -5 ");
    assert_non_null(strstr(wire_why(wire), "in[0]: offset 0 is outside 2..4"));
    reader_close(reader);
    const struct topic_partition past = {"in", 0, 5};
    assert_int_equal(wire_reader(wire, &past, 1, &reader), 0);
    assert_string_equal(reader_next(reader, &story), "error -5 ");
    reader_close(reader);
    const struct topic_partition none = {"in", 1, 0};
    assert_int_equal(wire_reader(wire, &none, 1, &reader), WIRE_REFUSED);
    buf_release(&story);
    wire_close(wire);
    memlog_free(log);
}

static void test_pause_resume_and_rewind(void **state)
{
    struct memlog *log = log_with(1, 2, 2);
    struct client a;
    client_open(&a, log, "a", NULL, "in");
    a.stays_paused = true;
    assert_string_equal(client_next(&a), "+in0,in1 ");
    assert_string_equal(client_next(&a), "");
    assert_int_equal(wire_lag_end(a.wire, "in", 0), OFFSET_NONE);
    assert_int_equal(wire_resume(a.wire, "in", 0, 1), 0);
    assert_string_equal(client_next(&a), "in0@1=1 ");
    assert_int_equal(wire_lag_end(a.wire, "in", 0), 2);
    assert_int_equal(wire_lag_end(a.wire, "in", 1), OFFSET_NONE);
    assert_int_equal(wire_lag_end(a.wire, "out", 0), OFFSET_NONE);
    assert_int_equal(wire_resume(a.wire, "in", 0, 0), 0);
    assert_string_equal(client_next(&a), "in0@0=0 in0@1=1 ");
    assert_int_equal(wire_pause(a.wire, "in", 0), 0);
    feed(log, "in", 0, "k", "2");
    assert_string_equal(client_next(&a), "");
    assert_int_equal(wire_resume(a.wire, "in", 0, 2), 0);
    assert_string_equal(client_next(&a), "in0@2=2 ");
    assert_int_equal(wire_resume(a.wire, "in", 2, 0), WIRE_FATAL);
    assert_int_equal(wire_pause(a.wire, "out", 0), WIRE_FATAL);
    assert_non_null(strstr(wire_why(a.wire), "out[0] is not assigned"));
    client_close(&a);
    memlog_free(log);
}

/* What a poll passed belongs to the position: markers and aborted records too. */
static void test_position_of_the_input(void **state)
{
    struct memlog *log = log_with(1, 1, 0);
    struct client a;
    struct wire *writer = memlog_wire(log, NULL, NULL, "t");
    client_open(&a, log, "a", NULL, "out");
    a.stays_paused = true;
    assert_string_equal(client_next(&a), "+out0 ");
    assert_int_equal(wire_position(a.wire, "out", 0), OFFSET_NONE);
    assert_int_equal(wire_position(a.wire, "in", 0), OFFSET_NONE);
    memlog_fail(log, MEMLOG_TXN_COMMIT, 1, WIRE_ABORTED);
    assert_int_equal(run_txn(writer, "aborted", false, NULL), WIRE_ABORTED);
    assert_int_equal(wire_resume(a.wire, "out", 0, 0), 0);
    assert_int_equal(wire_position(a.wire, "out", 0), 0);
    assert_string_equal(client_next(&a), "");
    assert_int_equal(wire_position(a.wire, "out", 0), 3);
    assert_int_equal(run_txn(writer, "v", false, NULL), 0);
    assert_string_equal(client_next(&a), "out0@3=v out0@4=v ");
    assert_int_equal(wire_position(a.wire, "out", 0), 6);
    wire_close(writer);
    client_close(&a);
    memlog_free(log);
}

/* A full batch that ends before a marker leaves the position there; the next poll passes it. */
static void test_full_batch_before_a_marker(void **state)
{
    struct memlog *log = log_with(1, 1, 0);
    struct wire *wire = memlog_wire(log, NULL, NULL, "t");
    struct reader *reader;
    const struct topic_partition start = {"out", 0, 0};
    assert_int_equal(wire_reader(wire, &start, 1, &reader), 0);
    assert_int_equal(run_txn(wire, "v", false, NULL), 0);
    const struct record *rec;
    size_t count;
    assert_int_equal(reader_poll(reader, 0, 2, &rec, &count), 0);
    assert_int_equal(count, 2);
    reader_release(reader);
    assert_int_equal(reader_position(reader, "out", 0), 2);
    assert_int_equal(reader_poll(reader, 0, 2, &rec, &count), 0);
    assert_int_equal(count, 0);
    assert_int_equal(reader_position(reader, "out", 0), 3);
    reader_close(reader);
    wire_close(wire);
    memlog_free(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_is_the_seeds),
        cmocka_unit_test(test_order_inside_a_partition),
        cmocka_unit_test(test_batch_limit),
        cmocka_unit_test(test_batch_is_borrowed_until_release),
        cmocka_unit_test(test_null_and_empty_are_kept),
        cmocka_unit_test(test_reader_positions),
        cmocka_unit_test(test_out_of_range_is_told),
        cmocka_unit_test(test_pause_resume_and_rewind),
        cmocka_unit_test(test_position_of_the_input),
        cmocka_unit_test(test_full_batch_before_a_marker),
    };
    return cmocka_run_group_tests_name("memread", tests, NULL, NULL);
}
