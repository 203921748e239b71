/* The group member of the real wire against librdkafka's mock cluster: what is placed stays where
 * it was put. All else of it is tested on a real broker. */
#include "base/base.h"
#include "base/xalloc.h"
#include "tests/unit/mock_broker.h"

#include <setjmp.h>
#include <cmocka.h>

enum { LIST_OFFSETS = 2 }; /* a request's number in Kafka's protocol */
enum { LATE_MS = 800, POLL_MS = 20, POLLS_MAX = 1000 };
enum { RECORDS_FIRST = 20, RECORDS_LATER = 100, NO_LEADER_ANSWERS = 30 };

struct stage {
    struct mock_broker mock;
    struct wire *wire;
    bool assigned;
    int64_t next; /* offset that must come next */
};

static int setup(void **state)
{
    struct stage *stage = xcalloc(1, sizeof(*stage));
    mock_broker_start(&stage->mock, "in");
    char *why = NULL;
    assert_int_equal(mock_broker_open(&stage->mock, NULL, &stage->wire, &why), 0);
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

static void on_assigned(void *arg, const struct topic_partition *at, size_t count)
{
    struct stage *stage = arg;
    assert_int_equal(count, 1);
    stage->assigned = true;
}

static void on_revoked(void *arg, const struct topic_partition *at, size_t count, bool lost)
{
}

static void produce(struct stage *stage, size_t count)
{
    static const struct message message = {.topic = "in", .key = {"k", 1}, .value = {"v", 1}};
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(wire_produce(stage->wire, &message, /* mark= */ 1), 0);
    }
}

/* Records come one after the other, and nobody is told of a place beyond them. */
static void take(struct stage *stage)
{
    const struct record *at;
    size_t count;
    assert_int_equal(wire_poll(stage->wire, POLL_MS, 100, &at, &count), 0);
    for (size_t i = 0; i < count; i++) { assert_int_equal(at[i].offset, stage->next++); }
    assert_true(wire_position(stage->wire, "in", 0) <= stage->next);
    wire_release(stage->wire);
}

/* librdkafka asks again for a logical place when the answer to its first question comes after a
 * seek, and then goes there (confluentinc/librdkafka#2256): what came meanwhile would be lost. */
static void late_answers_move_nothing(void **state)
{
    struct stage *stage = *state;
    const char *topic = "in";
    const struct wire_listener listener = {
        .arg = stage, .assigned = on_assigned, .revoked = on_revoked};
    produce(stage, RECORDS_FIRST);
    for (size_t asked = 0; asked < 8; asked++) {
        rd_kafka_mock_broker_push_request_error_rtts(stage->mock.cluster, 1, LIST_OFFSETS, 1,
                                                     RD_KAFKA_RESP_ERR_NO_ERROR, LATE_MS);
    }
    assert_int_equal(wire_subscribe(stage->wire, &topic, 1, &listener), 0);
    for (int polls = 0; !stage->assigned && polls < POLLS_MAX; polls++) { take(stage); }
    assert_true(stage->assigned);
    assert_int_equal(wire_resume(stage->wire, topic, 0, 0), 0);
    for (size_t sent = 0; sent < RECORDS_LATER; sent++) {
        produce(stage, 1);
        take(stage);
    }
    for (int polls = 0; stage->next < RECORDS_FIRST + RECORDS_LATER && polls < POLLS_MAX; polls++) {
        take(stage);
    }
    assert_int_equal(stage->next, RECORDS_FIRST + RECORDS_LATER);
}

/* Leaders of a topic of many partitions that was just made come one by one: that is waited for. */
static void leaders_that_come_late_are_waited_for(void **state)
{
    struct stage *stage = *state;
    const char *topic = "in";
    const struct wire_listener listener = {
        .arg = stage, .assigned = on_assigned, .revoked = on_revoked};
    produce(stage, RECORDS_FIRST);
    for (size_t asked = 0; asked < NO_LEADER_ANSWERS; asked++) {
        rd_kafka_mock_push_request_errors(stage->mock.cluster, LIST_OFFSETS, 1,
                                          RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
    }
    assert_int_equal(wire_subscribe(stage->wire, &topic, 1, &listener), 0);
    for (int polls = 0; !stage->assigned && polls < POLLS_MAX; polls++) { take(stage); }
    assert_true(stage->assigned);
    assert_int_equal(wire_resume(stage->wire, topic, 0, 0), 0);
    for (int polls = 0; stage->next < RECORDS_FIRST && polls < POLLS_MAX; polls++) { take(stage); }
    assert_int_equal(stage->next, RECORDS_FIRST);
}

static const struct header some_headers[] = {
    {"a", {"1", 1}}, {"null", {NULL, 0}}, {"a", {"2", 1}}, {"empty", {"", 0}}};
static const struct header one_header = {"b", {"\0\xff", 2}};

/* The first record has some headers, the second has one, the third has none. */
static void check_headers(const struct record *rec)
{
    const struct header_list all[] = {
        {some_headers, ARRAY_COUNT(some_headers)}, {&one_header, 1}, {NULL, 0}};
    const struct header_list *expected = &all[rec->offset];
    struct header header;
    struct slice value;
    assert_int_equal(record_headers_count(rec), expected->count);
    for (size_t i = 0; i < expected->count; i++) {
        assert_int_equal(record_header_at(rec, i, &header), 0);
        assert_string_equal(header.name, expected->at[i].name);
        assert_true(slice_equal(header.value, expected->at[i].value));
        assert_true(!header.value.data == !expected->at[i].value.data);
    }
    assert_int_equal(record_header_at(rec, expected->count, &header), -ENOENT);
    assert_int_equal(record_header(rec, "a", &value), rec->offset == 0 ? 0 : -ENOENT);
    if (rec->offset == 0) { assert_true(slice_equal(value, slice_str("2"))); }
}

/* Headers come through as they were, and are parsed anew when records are asked by turns. */
static void headers_come_as_they_were(void **state)
{
    struct stage *stage = *state;
    struct reader *reader;
    struct message message = {.topic = "in", .value = {"v", 1}, .headers = some_headers};
    message.headers_count = ARRAY_COUNT(some_headers);
    assert_int_equal(wire_produce(stage->wire, &message, /* mark= */ 1), 0);
    message.headers = &one_header;
    message.headers_count = 1;
    assert_int_equal(wire_produce(stage->wire, &message, /* mark= */ 1), 0);
    produce(stage, 1);
    const struct topic_partition start = {"in", 0, OFFSET_NONE};
    assert_int_equal(wire_reader(stage->wire, &start, 1, &reader), 0);
    size_t seen = 0;
    for (int polls = 0; seen < 3 && polls < POLLS_MAX; polls++) {
        const struct record *at;
        size_t count;
        assert_int_equal(reader_poll(reader, POLL_MS, 3, &at, &count), 0);
        for (size_t turn = 0; turn < 2 * count; turn++) { check_headers(&at[turn % count]); }
        seen += count;
        reader_release(reader);
    }
    assert_int_equal(seen, 3);
    reader_close(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(leaders_that_come_late_are_waited_for, setup, teardown),
        cmocka_unit_test_setup_teardown(late_answers_move_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(headers_come_as_they_were, setup, teardown),
    };
    return cmocka_run_group_tests_name("kafka_group", tests, NULL, NULL);
}
