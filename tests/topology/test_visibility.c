/* What an operator can see of a worker that does not get on. */
#include "base/base.h"
#include "features/features.h"
#include "scorer/scorer.h"
#include "stream/run_internal.h"
#include "tests/topology/feed.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <cmocka.h>
#include <sys/socket.h>

enum { PARTITIONS = 1, ADDED = 6, EVENTS = 60, METRICS_BYTES = 1 << 20 };

/* Returns the sum of a metric's values. */
static double metric(const struct copy *copy, const char *name)
{
    struct buf text;
    double sum = 0.0;
    size_t size = strlen(name);
    buf_init(&text, METRICS_BYTES);
    metrics_print(copy->metrics, &text);
    buf_printf(&text, "%c", '\0');
    for (const char *line = buf_slice(&text).data; line && *line;) {
        const char *end = strchr(line, '\n');
        if (!end) { break; }
        if (strncmp(line, name, size) == 0 && (line[size] == '{' || line[size] == ' ')) {
            const char *value = end;
            while (value[-1] != ' ') { value--; }
            sum += strtod(value, NULL);
        }
        line = end + 1;
    }
    buf_release(&text);
    return sum;
}

static void rounds(struct rig *rig, int count)
{
    for (int i = 0; i < count; i++) { rig_round(rig, false); }
}

/* A process died within a transaction on a table: the table's readers wait for its end. */
static void open_transaction(struct rig *rig)
{
    struct wire *wire = memlog_wire(rig->log, NULL, NULL, "other");
    const struct message message = {
        .topic = "items", .partition = 0, .key = slice_str("i1"), .value = slice_str("v")};
    int64_t offset;
    const struct txn txn = {.messages = &message, .messages_count = 1, .ret_offsets = &offset};
    memlog_fail(rig->log, MEMLOG_TXN_COMMIT, 1, WIRE_FATAL);
    assert_int_equal(wire_txn_run(wire, &txn), WIRE_FATAL);
    memlog_kill(rig->log, wire);
    wire_close(wire);
}

static void test_waiting_for_a_table(void **state)
{
    struct rig rig;
    rig_init(&rig, PARTITIONS);
    open_transaction(&rig);
    struct copy *copy = rig_start(&rig, &scorer_worker, 0, NULL);
    rounds(&rig, 20);
    assert_false(run_healthy(copy->run));
    assert_true(metric(copy, "freshet_table_lag") > 0.0);
    rig.now_ms += 11000;
    rounds(&rig, 20);
    assert_non_null(strstr(rig.warned, "waiting for a table topic=items partition=0"));
    assert_non_null(strstr(rig.warned, "a transaction on it is open"));
    memlog_txn_expire(rig.log, "other");
    rounds(&rig, 50);
    assert_true(run_healthy(copy->run));
    assert_true(metric(copy, "freshet_table_lag") <= 0.0);
    rig_release(&rig);
}

/* The same while it serves: the table stands still, and nothing else says so. */
static void test_table_stands_still(void **state)
{
    struct rig rig;
    rig_init(&rig, PARTITIONS);
    struct copy *copy = rig_start(&rig, &scorer_worker, 0, NULL);
    rounds(&rig, 50);
    assert_true(run_healthy(copy->run));
    open_transaction(&rig);
    for (int seconds = 0; seconds < 12; seconds++) { /* and the other tables move on */
        memlog_append(rig.log, "serving-rows", 0, slice_str("i2"), slice_of(NULL, 0), 1);
        rig.now_ms += 1000;
        rounds(&rig, 5);
    }
    assert_true(metric(copy, "freshet_table_lag") > 0.0);
    assert_true(metric(copy, "freshet_table_still_seconds") > 10.0);
    assert_non_null(strstr(rig.warned, "waiting for a table topic=items"));
    memlog_txn_expire(rig.log, "other");
    rounds(&rig, 50);
    assert_true(metric(copy, "freshet_table_still_seconds") <= 0.0);
    rig_release(&rig);
}

/* In the step in which that is logged, the table has also got partitions. */
static void test_table_stands_still_and_grows(void **state)
{
    struct rig rig;
    rig_init(&rig, PARTITIONS);
    struct copy *copy = rig_start(&rig, &scorer_worker, 0, NULL);
    rounds(&rig, 50);
    open_transaction(&rig);
    rounds(&rig, 20);
    memlog_add_partitions(rig.log, "items", ADDED);
    rig.now_ms += 11000;
    rounds(&rig, 1);
    assert_non_null(strstr(rig.warned, "waiting for a table topic=items partition=0"));
    rounds(&rig, 20);
    assert_true(run_healthy(copy->run));
    rig_release(&rig);
}

/* A scorer reads its tables to the end while users act all the time, and tells how much is left. */
static void test_tables_are_read_under_load(void **state)
{
    enum { ITEMS = 4000, ROUNDS_MOST = 400 };
    struct rig rig;
    rig_init(&rig, PARTITIONS);
    for (int n = 0; n < ITEMS; n++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "x%d", n);
        memlog_append(rig.log, "items", 0, slice_str(id), slice_of(NULL, 0), 1);
    }
    memlog_batch(rig.log, 20);
    rig_start(&rig, &features_worker, 0, NULL);
    struct copy *copy = rig_start(&rig, &scorer_worker, 0, NULL);
    rounds(&rig, 3);
    assert_true(metric(copy, "freshet_broadcast_remaining") > 0.0);
    int n = 0;
    for (; n < ROUNDS_MOST && metric(copy, "freshet_broadcast_remaining") > 0.0; n++) {
        feed_events(&rig, 1, n, n + 1);
        rounds(&rig, 1);
    }
    assert_true(n < ROUNDS_MOST);
    rig_until_idle(&rig);
    assert_true(memlog_count(rig.log, "recommendations", MEMLOG_ALL) > 0);
    for (int more = 0; more < ITEMS; more += 40) { /* a catalogue that grows while it serves */
        for (int k = 0; k < 40; k++) {
            char id[16];
            (void)snprintf(id, sizeof(id), "y%d", more + k);
            memlog_append(rig.log, "items", 0, slice_str(id), slice_of(NULL, 0), 1);
        }
        feed_events(&rig, 1, n, n + 1);
        n++;
        rounds(&rig, 1);
    }
    for (int i = 0; i < ROUNDS_MOST && metric(copy, "freshet_table_lag") > 0.0; i++) {
        feed_events(&rig, 1, n, n + 1);
        n++;
        rounds(&rig, 1);
    }
    assert_true(metric(copy, "freshet_table_lag") <= 0.0);
    rig_release(&rig);
}

/* A link or a quota that lets only so many messages through in a commit's time. */
enum { DELIVERED_MAX = 20 };

struct quota {
    struct rig *rig;
    int messages;
};

static void count_message(void *arg)
{
    ((struct quota *)arg)->messages++;
}

static void begin_again(void *arg)
{
    ((struct quota *)arg)->messages = 0;
}

static void deliver_or_not(void *arg)
{
    const struct quota *quota = arg;
    if (quota->messages <= DELIVERED_MAX) { return; }
    memlog_fail(quota->rig->log, MEMLOG_TXN_COMMIT, 1, WIRE_ABORTED);
}

/* The size of a batch follows what can be delivered; the backlog is worked off. */
static void test_batches_shrink_to_what_is_delivered(void **state)
{
    static const char *const pairs[] = {"batch.records.max=500", "poll.records.max=500", NULL};
    struct rig rig;
    struct quota quota = {.rig = &rig};
    double least = 1.0;
    rig_init(&rig, PARTITIONS);
    feed_events(&rig, 1, 0, FEED_EVENTS);
    memlog_hook(rig.log, MEMLOG_TXN_BEGIN, begin_again, &quota);
    memlog_hook(rig.log, MEMLOG_TXN_PRODUCE, count_message, &quota);
    memlog_hook(rig.log, MEMLOG_TXN_OFFSETS, deliver_or_not, &quota);
    struct copy *copy = rig_start(&rig, &features_worker, 0, pairs);
    for (int i = 0; !rig_idle(&rig); i++) {
        rounds(&rig, 1);
        assert_true(i < ROUNDS_MAX);
        if (i) { least = MIN_OF(least, metric(copy, "freshet_batch_share_ratio")); }
    }
    assert_true(least < 0.5);
    /* A commit that fits takes no time here, so the next one is larger again. */
    assert_true(metric(copy, "freshet_aborts_total") < metric(copy, "freshet_commits_total"));
    memlog_hook(rig.log, MEMLOG_TXN_OFFSETS, NULL, NULL);
    rig_release(&rig);
}

/* Commits fail again and again: what is processed meanwhile is not done. */
static void test_lag_while_rolling_back(void **state)
{
    struct rig rig;
    rig_init(&rig, PARTITIONS);
    feed_events(&rig, 1, 0, EVENTS);
    struct copy *copy = rig_start(&rig, &features_worker, 0, NULL);
    for (int nth = 1; nth <= 40; nth++) {
        memlog_fail(rig.log, MEMLOG_TXN_COMMIT, nth, WIRE_ABORTED);
    }
    for (int aborts = 0; aborts < 20;) {
        rounds(&rig, 1);
        aborts = (int)metric(copy, "freshet_aborts_total");
        if (aborts > 1) { assert_true(metric(copy, "freshet_lag") >= EVENTS); }
    }
    rig_until_idle(&rig);
    rounds(&rig, 10);
    assert_true(metric(copy, "freshet_lag") <= 0.0);
    rig_release(&rig);
}

/* A copy is ready when the group has told it what to do, even if that is nothing. */
static void test_ready_when_assigned(void **state)
{
    struct rig rig;
    rig_init(&rig, PARTITIONS);
    struct copy *first = rig_start(&rig, &features_worker, 0, NULL);
    struct copy *second = rig_start(&rig, &features_worker, 1, NULL);
    assert_false(run_healthy(first->run));
    assert_false(run_healthy(second->run));
    rounds(&rig, 50);
    assert_true(run_healthy(first->run));
    assert_true(run_healthy(second->run));
    rig_release(&rig);
}

/* What GET /health answers, as `freshet-health` and probes ask it. */
static int health(struct metrics_server *server, const struct copy *copy)
{
    static const char request[] = "GET /health HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    const struct sockaddr_in at = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)metrics_server_port(server)),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char answer[512] = "";
    size_t size = 0;
    int code, fd = socket(AF_INET, SOCK_STREAM, 0);
    metrics_server_health(server, run_healthy(copy->run)); /* as worker_main.c does */
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL), sizeof(request) - 1);
    for (ssize_t got; (got = recv(fd, answer + size, sizeof(answer) - 1 - size, 0)) > 0;) {
        size += (size_t)got;
    }
    close(fd);
    assert_int_equal(sscanf(answer, "HTTP/1.1 %d", &code), 1);
    return code;
}

/* A copy beyond the number of partitions: 503 before the group has answered, then 200 with nothing
 * to do. */
static void test_health_without_a_partition(void **state)
{
    struct rig rig;
    struct metrics_server *server;
    rig_init(&rig, PARTITIONS);
    rig_start(&rig, &features_worker, 0, NULL);
    struct copy *second = rig_start(&rig, &features_worker, 1, NULL);
    assert_int_equal(
        metrics_server_start(second->metrics, "127.0.0.1", 0, NULL, NULL, &server), 0);
    assert_int_equal(health(server, second), 503);
    rounds(&rig, 50);
    assert_int_equal(second->run->tasks.count, 0);
    assert_int_equal(health(server, second), 200);
    metrics_server_free(server);
    rig_release(&rig);
}

int main(void)
{
    rig_choose_place();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waiting_for_a_table),
        cmocka_unit_test(test_table_stands_still),
        cmocka_unit_test(test_table_stands_still_and_grows),
        cmocka_unit_test(test_tables_are_read_under_load),
        cmocka_unit_test(test_batches_shrink_to_what_is_delivered),
        cmocka_unit_test(test_lag_while_rolling_back),
        cmocka_unit_test(test_ready_when_assigned),
        cmocka_unit_test(test_health_without_a_partition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
