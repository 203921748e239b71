/* What follows a message that was given up, against librdkafka's mock cluster. That such a message
 * can make the next one vanish needs a broker that stands still: tests/chaos. */
#include "base/base.h"
#include "base/xalloc.h"
#include "tests/unit/mock_broker.h"

#include <unistd.h>
#include <setjmp.h>
#include <cmocka.h>

/* Numbers of requests in Kafka's protocol. */
enum { PRODUCE = 0, INIT_PRODUCER = 22 };

enum { POLLS_MAX = 600 };

static const struct message message = {.topic = "out", .key = {"k", 1}, .value = {"v", 1}};

static struct mock_broker mock;
static struct wire *wire;

static int setup(void **state)
{
    char *why = NULL;
    int32_t count;
    mock_broker_start(&mock, "out");
    assert_int_equal(mock_broker_open(&mock, "txn", &wire, &why), 0);
    assert_int_equal(wire_partitions(wire, "out", &count), 0);
    return 0;
}

static int teardown(void **state)
{
    wire_close(wire);
    mock_broker_stop(&mock);
    return 0;
}

/* The next answer to such a request is this error, once. */
static void answer(int16_t request, rd_kafka_resp_err_t error)
{
    rd_kafka_mock_push_request_errors(mock.cluster, request, 1, error);
}

static int run_txn(int64_t *ret_appended)
{
    const struct topic_partition offset = {"in", 0, 7};
    const struct txn txn = {.messages = &message,
                            .messages_count = 1,
                            .offsets = &offset,
                            .offsets_count = 1,
                            .ret_offsets = ret_appended};
    return wire_txn_run(wire, &txn);
}

static int send_at_once(uint64_t group)
{
    size_t count = 1;
    int result = wire_produce(wire, &message, group);
    for (int i = 0; i < POLLS_MAX && result == 0 && count; i++) {
        const struct timespec pause = {.tv_nsec = 10 * 1000000L};
        nanosleep(&pause, NULL);
        result = wire_unacked(wire, group, &count);
    }
    return result;
}

static void test_transaction_in_a_new_epoch(void **state)
{
    int64_t appended;
    assert_int_equal(run_txn(&appended), 0);
    answer(PRODUCE, RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE);
    assert_int_equal(run_txn(&appended), WIRE_ABORTED);
    answer(INIT_PRODUCER, RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    assert_int_equal(run_txn(&appended), WIRE_REFUSED);
    assert_non_null(strstr(wire_why(wire), "init of transactions"));
}

static void test_transactions_go_on(void **state)
{
    int64_t appended;
    for (int i = 0; i < 3; i++) {
        answer(PRODUCE, RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE);
        assert_int_equal(run_txn(&appended), WIRE_ABORTED);
        assert_int_equal(run_txn(&appended), 0);
        assert_true(appended >= 0);
        assert_int_equal(run_txn(&appended), 0);
    }
}

static void test_at_once_goes_on(void **state)
{
    int32_t count;
    for (uint64_t i = 0; i < 3; i++) {
        answer(PRODUCE, RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE);
        assert_int_equal(send_at_once(3 * i + 1), WIRE_ABORTED);
        assert_int_equal(send_at_once(3 * i + 2), 0);
        assert_int_equal(send_at_once(3 * i + 3), 0);
        assert_true(wire_appended(wire, "out", 0) >= 0);
        assert_int_equal(wire_partitions(wire, "out", &count), 0);
    }
}

/* Who is not answered has no wrong setting. */
static void test_no_transactions_at_the_start(void **state)
{
    enum { REFUSALS = 100, WAIT_MS = 1000 };
    rd_kafka_resp_err_t loading[REFUSALS];
    for (size_t i = 0; i < REFUSALS; i++) {
        loading[i] = RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS;
    }
    const struct kafka_identity identity = {
        .bootstrap = rd_kafka_mock_cluster_bootstraps(mock.cluster),
        .transactional = "twin",
        .transaction_ms = 10000,
        .fetch_bytes_max = 1 << 20,
    };
    struct wire *other = NULL;
    char *why = NULL;
    rd_kafka_mock_push_request_errors_array(mock.cluster, INIT_PRODUCER, REFUSALS, loading);
    assert_int_equal(kafka_open(&identity, WAIT_MS, &other, &why), WIRE_ABORTED);
    assert_non_null(strstr(why, "init of transactions"));
    assert_non_null(strstr(why, "; hint: the brokers answer, but not their coordinator"));
    free(why);
    rd_kafka_mock_clear_request_errors(mock.cluster, INIT_PRODUCER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_no_transactions_at_the_start, setup, teardown),
        cmocka_unit_test_setup_teardown(test_transaction_in_a_new_epoch, setup, teardown),
        cmocka_unit_test_setup_teardown(test_transactions_go_on, setup, teardown),
        cmocka_unit_test_setup_teardown(test_at_once_goes_on, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
