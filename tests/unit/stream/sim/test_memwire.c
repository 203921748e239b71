#include "base/base.h"
#include "tests/unit/memclient.h"

#include <pthread.h>
#include <setjmp.h>
#include <cmocka.h>

static struct memlog *log_of(uint64_t seed)
{
    struct memlog *log = memlog_new(seed);
    memlog_topic(log, "in", 4);
    memlog_topic(log, "out", 1);
    memlog_topic(log, "lists", 1);
    return log;
}

static void test_partitions_and_bounds(void **state)
{
    struct memlog *log = log_of(1);
    struct wire *wire = memlog_wire(log, NULL, NULL, "t");
    int32_t count = -1;
    int64_t low = -1;
    int64_t end = -1;
    assert_int_equal(wire_partitions(wire, "in", &count), 0);
    assert_int_equal(count, 4);
    assert_int_equal(wire_partitions(wire, "nowhere", &count), WIRE_REFUSED);
    assert_string_equal(wire_why(wire), "no topic nowhere; hint: deploy/topics apply makes topics");
    assert_int_equal(count, 4);
    assert_int_equal(wire_bounds(wire, "in", 4, &low, &end), WIRE_REFUSED);
    assert_int_equal(end, -1);
    /* The end is that of read_uncommitted: an open transaction counts. */
    memlog_fail(log, MEMLOG_TXN_COMMIT, 1, WIRE_FATAL);
    assert_int_equal(run_txn(wire, "v", false, NULL), WIRE_FATAL);
    assert_int_equal(wire_bounds(wire, "out", 0, &low, &end), 0);
    assert_int_equal(low, 0);
    assert_int_equal(end, 2);
    int64_t stable = -1;
    assert_int_equal(wire_stable_end(wire, "out", 1, &stable), WIRE_REFUSED);
    assert_int_equal(wire_stable_end(wire, "out", 0, &stable), 0);
    assert_int_equal(stable, 0);
    memlog_txn_expire(log, "t");
    assert_int_equal(wire_stable_end(wire, "out", 0, &stable), 0);
    assert_int_equal(wire_bounds(wire, "out", 0, &low, &end), 0);
    assert_int_equal(stable, end);
    assert_int_equal(end, 3);
    wire_close(wire);
    memlog_free(log);
}

static void test_subscribe_to_nothing(void **state)
{
    struct memlog *log = log_of(1);
    struct wire *wire = memlog_wire(log, "g", "a", NULL);
    const char *topics[] = {"in", "nowhere"};
    const struct wire_listener listener = {0};
    assert_int_equal(wire_subscribe(wire, topics, 2, &listener), WIRE_REFUSED);
    assert_int_equal(wire_subscribe(wire, topics, 1, &listener), 0);
    wire_close(wire);
    memlog_free(log);
}

static void test_close_takes_null(void **state)
{
    assert_null(wire_close(NULL));
    assert_null(reader_close(NULL));
    assert_null(memlog_free(NULL));
}

/* Killed from inside the listener: the poll tells it. */
struct victim {
    struct memlog *log;
    struct wire *wire;
};

static void kill_when_assigned(void *arg, const struct topic_partition *at, size_t count)
{
    struct victim *victim = arg;
    memlog_kill(victim->log, victim->wire);
}

static void test_killed_in_the_listener(void **state)
{
    struct memlog *log = log_of(1);
    struct victim victim = {log, memlog_wire(log, "g", "a", NULL)};
    const char *topic = "in";
    const struct wire_listener listener = {.arg = &victim, .assigned = kill_when_assigned};
    assert_int_equal(wire_subscribe(victim.wire, &topic, 1, &listener), 0);
    const struct record *rec;
    size_t count;
    assert_int_equal(wire_poll(victim.wire, 0, 10, &rec, &count), WIRE_FATAL);
    wire_close(victim.wire);
    memlog_free(log);
}

/* ---- The committer's thread beside the worker's ---- */

enum { COMMITS = 300 };

struct committer {
    struct client *client;
    int committed;
};

static void *commit_all(void *arg)
{
    struct committer *committer = arg;
    for (int i = 0; i < COMMITS; i++) {
        committer->committed += run_txn(committer->client->wire, "v", true, NULL) == 0;
    }
    return NULL;
}

static void test_two_threads(void **state)
{
    struct memlog *log = log_of(1);
    struct client a;
    client_open(&a, log, "a", "t", "in");
    (void)client_next(&a);
    memlog_ack_delay(log, 2);
    memlog_marker_delay(log, 2);
    memlog_fail_often(log, MEMLOG_TXN_COMMIT, 10, WIRE_ABORTED);
    struct committer committer = {.client = &a};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, commit_all, &committer), 0);
    size_t count = 0;
    for (uint64_t ack_group = 1; ack_group <= COMMITS; ack_group++) {
        const struct message list = message_to("lists", 0, "u", "list");
        assert_int_equal(wire_produce(a.wire, &list, ack_group), 0);
        feed(log, "in", (int32_t)(ack_group % 4), "u", "event");
        assert_int_equal(client_poll(&a, 10), 0);
        int32_t none;
        assert_int_equal(wire_partitions(a.wire, "nowhere", &none), WIRE_REFUSED);
        assert_true(strlen(wire_why(a.wire)) > 0);
        assert_int_equal(wire_unacked(a.wire, ack_group, &count), 0);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    while (count) { assert_int_equal(wire_unacked(a.wire, COMMITS, &count), 0); }
    for (int i = 0; i < 3; i++) { assert_int_equal(client_poll(&a, 10000), 0); }
    assert_int_equal(a.records, COMMITS);
    assert_in_range(committer.committed, 1, COMMITS - 1);
    assert_int_equal(memlog_count(log, "out", 0), 2 * committer.committed);
    assert_int_equal(memlog_count(log, "lists", 0), COMMITS);
    client_close(&a);
    memlog_free(log);
}

/* ---- Exactly once, end to end, by a small copying worker ---- */

/* Copies `in` to `out` in transactions, partition by partition; dies and comes again by faults. */
struct copier {
    struct client client;
    struct memlog *log;
};

static int copy_once(struct copier *copier)
{
    const struct record *rec;
    size_t count;
    int error = wire_poll(copier->client.wire, 0, 5, &rec, &count);
    if (error || count == 0) { return error; }
    struct message messages[5];
    struct topic_partition next[5];
    for (size_t i = 0; i < count; i++) {
        messages[i] = (struct message){"out", 0, rec[i].time_ms, rec[i].key, rec[i].value, NULL, 0};
        next[i] = (struct topic_partition){rec[i].topic, rec[i].partition, rec[i].offset + 1};
    }
    const struct txn txn = {messages, count, next, count, NULL};
    error = wire_txn_run(copier->client.wire, &txn);
    wire_release(copier->client.wire);
    return error;
}

static void copier_open(struct copier *copier, const char *name)
{
    client_open(&copier->client, copier->log, name, name, "in");
}

static void test_exactly_once_through_crashes(void **state)
{
    for (uint64_t seed = 1; seed <= 15; seed++) {
        struct memlog *log = log_of(seed);
        struct copier copiers[2] = {{.log = log}, {.log = log}};
        const char *const names[2] = {"a", "b"};
        for (int i = 0; i < 100; i++) {
            char value[16];
            snprintf(value, sizeof(value), "%d", i);
            feed(log, "in", i % 4, "k", value);
        }
        for (int point = MEMLOG_TXN_BEGIN; point <= MEMLOG_TXN_COMMIT; point++) {
            memlog_fail_often(log, point, 12, MEMLOG_KILL);
        }
        memlog_fail_often(log, MEMLOG_TXN_DONE, 8, WIRE_FATAL);
        copier_open(&copiers[0], names[0]);
        copier_open(&copiers[1], names[1]);
        for (int i = 0; memlog_count(log, "out", 0) < 100; i++) {
            assert_true(i < 5000);
            struct copier *copier = &copiers[i % 2];
            if (copy_once(copier) == 0) { continue; }
            client_close(&copier->client);
            copier_open(copier, names[i % 2]);
        }
        for (int i = 0; i < 20; i++) {
            assert_int_equal(client_poll(&copiers[i % 2].client, 9), 0);
        }
        assert_int_equal(memlog_count(log, "out", 0), 100);
        bool seen[100] = {false};
        struct record rec = {.offset = -1};
        while (memlog_read(log, "out", 0, rec.offset + 1, &rec) == 0) {
            char text[16];
            snprintf(text, sizeof(text), "%.*s", SLICE_ARGS(rec.value));
            long value = strtol(text, NULL, 10);
            assert_in_range(value, 0, 99);
            assert_false(seen[value]);
            seen[value] = true;
        }
        client_close(&copiers[0].client);
        client_close(&copiers[1].client);
        memlog_free(log);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_partitions_and_bounds),
        cmocka_unit_test(test_subscribe_to_nothing),
        cmocka_unit_test(test_close_takes_null),
        cmocka_unit_test(test_killed_in_the_listener),
        cmocka_unit_test(test_two_threads),
        cmocka_unit_test(test_exactly_once_through_crashes),
    };
    return cmocka_run_group_tests_name("memwire", tests, NULL, NULL);
}
