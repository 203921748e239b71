/* Topics that seem to be missing, against librdkafka's mock cluster. */
#include "base/base.h"
#include "base/xalloc.h"
#include "tests/unit/mock_broker.h"

#include <unistd.h>
#include <setjmp.h>
#include <cmocka.h>

enum { LIST_OFFSETS = 2 }; /* number of the request in Kafka's protocol */

enum { POLLS_MAX = 600 };

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

/* Asks for the log's ends while each answer is "unknown topic", until the result is not this one or
 * so many polls have passed. */
static int ask_for_bounds(struct stage *stage, int unlike, int polls)
{
    int64_t low, end;
    int result = unlike;
    for (int i = 0; i < polls && (result == unlike || result == 0); i++) {
        const struct timespec pause = {.tv_nsec = 100 * 1000000L};
        rd_kafka_mock_push_request_errors(stage->mock.cluster, LIST_OFFSETS, 1,
                                          RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
        result = wire_bounds(stage->wire, "out", 0, &low, &end);
        nanosleep(&pause, NULL);
    }
    return result;
}

/* A broker that does not know a topic for a moment, after a pause or a restart, is no fault of the
 * configuration; when the metadata say so for some seconds, it is. */
static void test_missing_topic(void **state)
{
    struct stage *stage = *state;
    char *why = NULL;
    int32_t count;
    assert_int_equal(mock_broker_open(&stage->mock, NULL, &stage->wire, &why), 0);
    assert_int_equal(wire_partitions(stage->wire, "out", &count), 0);
    int result = ask_for_bounds(stage, WIRE_RETRY, 10);
    assert_true(result == WIRE_RETRY || result == 0);
    rd_kafka_mock_topic_set_error(stage->mock.cluster, "out",
                                  RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    assert_int_equal(ask_for_bounds(stage, WIRE_RETRY, POLLS_MAX), WIRE_REFUSED);
    assert_non_null(strstr(wire_why(stage->wire), "hint: was it deleted"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_missing_topic, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
