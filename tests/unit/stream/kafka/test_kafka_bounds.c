/* The ends of many partitions at once, against librdkafka's mock cluster. */
#include "base/base.h"
#include "base/xalloc.h"
#include "tests/unit/mock_broker.h"

#include <unistd.h>
#include <setjmp.h>
#include <cmocka.h>

enum { LIST_OFFSETS = 2, PARTITIONS = 1000, WRITTEN = 777, ANSWER_SECONDS_MAX = 60 };

struct stage {
    struct mock_broker mock;
    struct wire *wire;
    struct log_bounds bounds[PARTITIONS];
};

static int setup(void **state)
{
    struct stage *stage = xcalloc(1, sizeof(*stage));
    char *why = NULL;
    mock_broker_start(&stage->mock, "out");
    rd_kafka_mock_topic_create(stage->mock.cluster, "many", PARTITIONS, 1);
    *state = stage;
    return mock_broker_open(&stage->mock, NULL, &stage->wire, &why);
}

static int teardown(void **state)
{
    struct stage *stage = *state;
    wire_close(stage->wire);
    mock_broker_stop(&stage->mock);
    free(stage);
    return 0;
}

static int ask(struct stage *stage, int32_t first)
{
    return wire_bounds_of(stage->wire, "many", first, PARTITIONS - first, stage->bounds);
}

/* Appends two records to a partition. */
static void append(struct stage *stage)
{
    const struct message message = {
        .topic = "many", .partition = WRITTEN, .key = slice_str("k"), .value = slice_str("v")};
    size_t left = 1;
    assert_int_equal(wire_produce(stage->wire, &message, 1), 0);
    assert_int_equal(wire_produce(stage->wire, &message, 1), 0);
    (void)alarm(ANSWER_SECONDS_MAX);
    while (left) {
        const struct timespec pause = {.tv_nsec = 10 * 1000000L};
        assert_int_equal(wire_unacked(stage->wire, 1, &left), 0);
        nanosleep(&pause, NULL);
    }
    (void)alarm(0);
}

static void test_each_has_its_own(void **state)
{
    struct stage *stage = *state;
    append(stage);
    assert_int_equal(ask(stage, 0), 0);
    for (int p = 0; p < PARTITIONS; p++) {
        assert_int_equal(stage->bounds[p].low, 0);
        assert_int_equal(stage->bounds[p].end, p == WRITTEN ? 2 : 0);
    }
    assert_int_equal(ask(stage, WRITTEN - 1), 0);
    assert_int_equal(stage->bounds[1].end, 2);
    assert_int_equal(stage->bounds[0].end, 0);
}

/* One that a broker does not know for a moment is asked for again; a broker that is gone is waited
 * for within bounds. */
static void test_what_passes(void **state)
{
    struct stage *stage = *state;
    assert_int_equal(ask(stage, 0), 0);
    rd_kafka_mock_push_request_errors(stage->mock.cluster, LIST_OFFSETS, 1,
                                      RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    assert_int_equal(ask(stage, 0), WIRE_RETRY);
    assert_int_equal(ask(stage, 0), 0);
    rd_kafka_mock_broker_set_down(stage->mock.cluster, 1);
    (void)alarm(ANSWER_SECONDS_MAX);
    int result = ask(stage, 0);
    (void)alarm(0);
    assert_true(result < 0);
    assert_false(wire_is_final(result));
    rd_kafka_mock_broker_set_up(stage->mock.cluster, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_has_its_own, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_passes, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
