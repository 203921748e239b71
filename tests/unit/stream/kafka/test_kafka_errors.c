/* The error table of the real wire, against librdkafka's mock cluster: what a broker answers, and
 * what the worker above makes of it. What the mock cannot do (isolation, offsets of transactions)
 * is tested on a real broker and on memlog. */
#include "base/base.h"
#include "base/xalloc.h"
#include "tests/unit/mock_broker.h"

#include <unistd.h>
#include <setjmp.h>
#include <cmocka.h>

/* Numbers of requests in Kafka's protocol. */
enum { PRODUCE = 0, JOIN_GROUP = 11, INIT_PRODUCER = 22, ADD_PARTITIONS = 24, ADD_OFFSETS = 25,
       END_TXN = 26, TXN_OFFSETS = 28 };

enum { POLLS_MAX = 600, ANSWER_SECONDS_MAX = 60 };

struct stage {
    struct mock_broker mock;
    struct wire *wire;
};

static int setup(void **state)
{
    struct stage *stage = xcalloc(1, sizeof(*stage));
    mock_broker_start(&stage->mock, "out");
    *state = stage;
    return 0;
}

static int teardown(void **state)
{
    struct stage *stage = *state;
    wire_close(stage->wire);
    mock_broker_stop(&stage->mock);
    free(stage);
    return 0;
}

/* The nth answer to a request from now on is this error, once. */
static void answer(struct stage *stage, int16_t request, rd_kafka_resp_err_t error)
{
    rd_kafka_mock_push_request_errors(stage->mock.cluster, request, 1, error);
}

static int open_wire(struct stage *stage, char **ret_why)
{
    return mock_broker_open(&stage->mock, "txn", &stage->wire, ret_why);
}

static void open_well(struct stage *stage)
{
    char *why = NULL;
    int32_t count;
    assert_int_equal(open_wire(stage, &why), 0);
    assert_int_equal(wire_partitions(stage->wire, "out", &count), 0);
}

static const struct message message = {.topic = "out", .key = {"k", 1}, .value = {"v", 1}};

static int run_txn(struct stage *stage)
{
    const struct topic_partition offset = {"in", 0, 7};
    int64_t appended;
    const struct txn txn = {.messages = &message,
                            .messages_count = 1,
                            .offsets = &offset,
                            .offsets_count = 1,
                            .ret_offsets = &appended};
    return wire_txn_run(stage->wire, &txn);
}

static void assert_says(struct stage *stage, const char *word)
{
    if (!strstr(wire_why(stage->wire), word)) {
        fail_msg("no \"%s\" in: %s", word, wire_why(stage->wire));
    }
}

/* ---- Transactions ---- */

static void test_transactional_id_refused(void **state)
{
    struct stage *stage = *state;
    _cleanup_(xfreep) char *why = NULL;
    for (int i = 0; i < 20; i++) { /* the other producer asks for an id of its own */
        answer(stage, INIT_PRODUCER, RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    }
    assert_int_equal(open_wire(stage, &why), WIRE_REFUSED);
    assert_non_null(strstr(why, "hint: this user may not Write the transactional id"));
}

/* Brokers whose limit is below our transactions' time: no start would ever succeed. */
static void test_transactions_longer_than_allowed(void **state)
{
    struct stage *stage = *state;
    _cleanup_(xfreep) char *why = NULL;
    for (int i = 0; i < 20; i++) {
        answer(stage, INIT_PRODUCER, RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT);
    }
    assert_int_equal(open_wire(stage, &why), WIRE_REFUSED);
    assert_non_null(strstr(why, "transaction.max.timeout.ms is less than the time of our"));
    assert_non_null(strstr(why, "kafka.producer.transaction.timeout.ms"));
}

static void take_nothing(void *arg, const struct topic_partition *at, size_t count)
{
}

static void lose_nothing(void *arg, const struct topic_partition *at, size_t count, bool lost)
{
}

static void test_session_that_brokers_do_not_allow(void **state)
{
    static const struct wire_listener listener = {.assigned = take_nothing,
                                                  .revoked = lose_nothing};
    static const char *const topics[] = {"out"};
    struct stage *stage = *state;
    open_well(stage);
    for (int i = 0; i < 20; i++) {
        answer(stage, JOIN_GROUP, RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT);
    }
    assert_int_equal(wire_subscribe(stage->wire, topics, 1, &listener), 0);
    int result = 0;
    for (int i = 0; i < POLLS_MAX && result == 0; i++) {
        const struct record *at;
        size_t count;
        result = wire_poll(stage->wire, 100, 10, &at, &count);
        if (result == 0) { wire_release(stage->wire); }
    }
    assert_int_equal(result, WIRE_REFUSED);
    assert_says(stage, "group.min.session.timeout.ms");
}

static void test_rolled_back_and_on(void **state)
{
    static const rd_kafka_resp_err_t errors[] = {RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION,
                                                 RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID,
                                                 RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID};
    struct stage *stage = *state;
    open_well(stage);
    for (size_t i = 0; i < ARRAY_COUNT(errors); i++) {
        answer(stage, TXN_OFFSETS, errors[i]);
        assert_int_equal(run_txn(stage), WIRE_ABORTED);
        assert_says(stage, "offsets in the transaction");
        assert_int_equal(run_txn(stage), 0);
    }
}

static void test_tried_again_within(void **state)
{
    struct stage *stage = *state;
    open_well(stage);
    answer(stage, TXN_OFFSETS, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS);
    assert_int_equal(run_txn(stage), 0);
    answer(stage, END_TXN, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE);
    assert_int_equal(run_txn(stage), 0);
    answer(stage, PRODUCE, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
    assert_int_equal(run_txn(stage), 0);
}

/* Nobody here knows what became of it: nothing goes on on this wire. */
static void test_fenced_at_the_commit(void **state)
{
    struct stage *stage = *state;
    open_well(stage);
    answer(stage, END_TXN, RD_KAFKA_RESP_ERR_PRODUCER_FENCED);
    assert_int_equal(run_txn(stage), WIRE_FATAL);
    assert_int_equal(run_txn(stage), WIRE_FATAL);
}

static void test_right_taken_away(void **state)
{
    struct stage *stage = *state;
    open_well(stage);
    answer(stage, TXN_OFFSETS, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
    assert_int_equal(run_txn(stage), WIRE_REFUSED);
    assert_says(stage, "hint: this user may not Read the group");
}

static void test_topic_refused_in_transaction(void **state)
{
    struct stage *stage = *state;
    open_well(stage);
    answer(stage, ADD_PARTITIONS, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    int result = run_txn(stage);
    if (result != WIRE_REFUSED) { fail_msg("%d: %s", result, wire_why(stage->wire)); }
    assert_says(stage, "hint: ");
}

/* ---- At once ---- */

static int drain(struct stage *stage, uint64_t mark)
{
    size_t count = 1;
    for (int i = 0; i < POLLS_MAX && count; i++) {
        int result = wire_unacked(stage->wire, mark, &count);
        if (result) { return result; }
        const struct timespec pause = {.tv_nsec = 50 * 1000000L};
        if (count) { nanosleep(&pause, NULL); }
    }
    assert_int_equal(count, 0);
    return 0;
}

static void test_lost_message_is_its_marks(void **state)
{
    struct stage *stage = *state;
    open_well(stage);
    assert_int_equal(wire_produce(stage->wire, &message, 1), 0);
    assert_int_equal(drain(stage, 1), 0);
    answer(stage, PRODUCE, RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE);
    assert_int_equal(wire_produce(stage->wire, &message, 2), 0);
    assert_int_equal(drain(stage, 2), WIRE_ABORTED);
    assert_int_equal(drain(stage, 2), 0);
    answer(stage, PRODUCE, RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE);
    assert_int_equal(wire_produce(stage->wire, &message, 3), 0);
    size_t count;
    for (int i = 0; i < POLLS_MAX; i++) {
        assert_int_equal(wire_unacked(stage->wire, 2, &count), 0);
        const struct timespec pause = {.tv_nsec = 1000000L};
        nanosleep(&pause, NULL);
    }
    assert_int_equal(drain(stage, 3), WIRE_ABORTED);
}

static void test_topic_refused_at_once(void **state)
{
    struct stage *stage = *state;
    open_well(stage);
    answer(stage, PRODUCE, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    assert_int_equal(wire_produce(stage->wire, &message, 1), 0);
    assert_int_equal(drain(stage, 1), WIRE_REFUSED);
    assert_int_equal(drain(stage, 1), WIRE_REFUSED);
    assert_says(stage, "hint: a right is missing");
}

/* ---- Reading ---- */

static void test_offset_out_of_range(void **state)
{
    struct stage *stage = *state;
    open_well(stage);
    assert_int_equal(run_txn(stage), 0);
    const struct topic_partition beyond = {"out", 0, 1000};
    struct reader *reader = NULL;
    assert_int_equal(wire_reader(stage->wire, &beyond, 1, &reader), 0);
    const struct record *at = NULL;
    size_t count = 0;
    int result = 0;
    for (int i = 0; i < POLLS_MAX && result == 0; i++) {
        result = reader_poll(reader, 50, 10, &at, &count);
        assert_int_equal(count, 0);
        reader_release(reader);
    }
    reader_close(reader);
    assert_int_equal(result, WIRE_REFUSED);
    assert_says(stage, "out partition 0");
    assert_says(stage, "hint: retention has passed");
}

/* Whoever asks a broker that is gone waits for a bounded time: a signal must find its way. */
static void test_bounds_of_a_broker_that_is_gone(void **state)
{
    struct stage *stage = *state;
    int64_t low, end;
    open_well(stage);
    assert_int_equal(run_txn(stage), 0);
    assert_int_equal(wire_bounds(stage->wire, "out", 0, &low, &end), 0);
    assert_int_equal(low, 0);
    assert_int_equal(end, 1);
    rd_kafka_mock_broker_set_down(stage->mock.cluster, 1);
    (void)alarm(ANSWER_SECONDS_MAX);
    int result = wire_bounds(stage->wire, "out", 0, &low, &end);
    (void)alarm(0);
    assert_true(result < 0);
    assert_false(wire_is_final(result));
    rd_kafka_mock_broker_set_up(stage->mock.cluster, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_transactional_id_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_transactions_longer_than_allowed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_session_that_brokers_do_not_allow, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rolled_back_and_on, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tried_again_within, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fenced_at_the_commit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_right_taken_away, setup, teardown),
        cmocka_unit_test_setup_teardown(test_topic_refused_in_transaction, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lost_message_is_its_marks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_topic_refused_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_offset_out_of_range, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bounds_of_a_broker_that_is_gone, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
