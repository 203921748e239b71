#include "base/base.h"
#include "stream/kafka/kafka_timeouts.h"

#include <setjmp.h>
#include <cmocka.h>

enum { PROPERTIES_MAX = 8 };

/* Checks key, value, key, value ...; the fault must have the part, or there is none. */
static void check_list(int64_t transaction_ms, const char *part, const char *const *words)
{
    struct property at[PROPERTIES_MAX];
    struct properties properties = {.at = at};
    for (size_t i = 0; words[i]; i += 2) {
        at[properties.count++] = (struct property){words[i], words[i + 1]};
    }
    char *fault = kafka_timeouts_fault(&properties, transaction_ms);
    if (!part && fault) { fail_msg("%s", fault); }
    if (part && (!fault || !strstr(fault, part))) {
        fail_msg("%s=%s: %s", words[0], words[1], fault ? fault : "taken");
    }
    if (part) { assert_non_null(strstr(fault, "hint: ")); }
    free(fault);
}

#define CHECK(part, ...) check_list(10000, part, (const char *const[]){__VA_ARGS__, NULL})
#define CHECK_AT_ONCE(part, ...) check_list(0, part, (const char *const[]){__VA_ARGS__, NULL})

static void test_what_is_right(void **state)
{
    assert_null(kafka_timeouts_fault(NULL, 10000));
    CHECK(NULL, "session.timeout.ms", "6000", "heartbeat.interval.ms", "2000");
    CHECK(NULL, "consumer.session.timeout.ms", "3000", "message.timeout.ms", "2000");
    CHECK(NULL, "consumer.session.timeout.ms", "600000", "consumer.max.poll.interval.ms", "600000");
    CHECK(NULL, "linger.ms", "100", "request.timeout.ms", "5000");
    CHECK(NULL, "linger.ms", "0.5");
    CHECK(NULL, "socket.timeout.ms", "10000");
    CHECK(NULL, "consumer.socket.timeout.ms", "200000");
    CHECK_AT_ONCE(NULL, "socket.timeout.ms", "200000");
    CHECK_AT_ONCE(NULL, "session.timeout.ms", "45000", "message.timeout.ms", "20000");
    CHECK(NULL, "session.timeout.ms", "45000", "message.timeout.ms", "20000",
          "transaction.timeout.ms", "20000");
}

static void test_the_group(void **state)
{
    CHECK("kafka.heartbeat.interval.ms=20000 cannot work with kafka.session.timeout.ms=15000: ",
          "heartbeat.interval.ms", "20000");
    CHECK("heartbeat.interval.ms=1000 cannot work with kafka.consumer.session.timeout.ms=1000",
          "consumer.session.timeout.ms", "1000");
    CHECK("kafka.session.timeout.ms=400000 cannot work with kafka.max.poll.interval.ms=300000",
          "session.timeout.ms", "400000");
    CHECK("kafka.session.timeout.ms=15000 cannot work with kafka.max.poll.interval.ms=1000",
          "max.poll.interval.ms", "1000");
}

static void test_messages(void **state)
{
    CHECK("kafka.linger.ms=20000 cannot work with kafka.message.timeout.ms=10000", "linger.ms",
          "20000");
    CHECK("kafka.queue.buffering.max.ms=9000 cannot work with kafka.delivery.timeout.ms=8000",
          "queue.buffering.max.ms", "9000", "delivery.timeout.ms", "8000");
    CHECK("kafka.linger.ms=5 and kafka.request.timeout.ms=60000 cannot work with",
          "request.timeout.ms", "60000");
    CHECK("and kafka.producer.request.timeout.ms=2000 cannot work with "
          "kafka.producer.delivery.timeout.ms=2000", "producer.request.timeout.ms", "2000",
          "producer.delivery.timeout.ms", "2000");
}

static void test_transactions(void **state)
{
    CHECK("kafka.message.timeout.ms=20000 cannot work with kafka.transaction.timeout.ms=10000",
          "message.timeout.ms", "20000", "session.timeout.ms", "45000");
    CHECK("kafka.socket.timeout.ms=200000 cannot work with kafka.transaction.timeout.ms=10000",
          "socket.timeout.ms", "200000");
    CHECK("cannot work with kafka.producer.transaction.timeout.ms=2000", "message.timeout.ms",
          "5000", "producer.transaction.timeout.ms", "2000");
}

/* What is taken is NULL; else the shortest time is named. */
static void check_commit(const char *key, const char *value, int64_t commit_ms, const char *part)
{
    struct property at = {key, value};
    const struct properties properties = {.at = &at, .count = key != NULL};
    char *fault = kafka_commit_timeout_fault(&properties, 10000, commit_ms);
    if (!part) {
        assert_null(fault);
    } else {
        assert_non_null(fault);
        assert_non_null(strstr(fault, part));
    }
    free(fault);
}

static void test_commit(void **state)
{
    check_commit(NULL, NULL, 10000, NULL);
    check_commit(NULL, NULL, 9999, "commit.timeout.ms=9999 is shorter than a transaction");
    check_commit("transaction.timeout.ms", "20000", 19999, "hint: at least 20000");
    check_commit("producer.transaction.timeout.ms", "5000", 5000, NULL);
    check_commit("producer.transaction.timeout.ms", "200000", 120000, "200000 ms");
    assert_null(kafka_commit_timeout_fault(NULL, 0, 1000));
}

static void test_connections(void **state)
{
    CHECK("kafka.fetch.wait.max.ms=70000 cannot work with kafka.socket.timeout.ms=60000",
          "fetch.wait.max.ms", "70000");
    CHECK("kafka.fetch.max.bytes=52428800 cannot work with kafka.receive.message.max.bytes=1000",
          "receive.message.max.bytes", "1000", "fetch.max.bytes", "52428800");
    CHECK(NULL, "fetch.max.bytes", "200000000");
    CHECK(NULL, "reconnect.backoff.max.ms", "80");
    CHECK("kafka.reconnect.backoff.ms=100000 cannot work with", "reconnect.backoff.ms", "100000");
    CHECK("kafka.retry.backoff.ms=200000 cannot work with", "retry.backoff.ms", "200000");
}

/* The one for a kind of client counts before the one for all, wherever it stands. */
static void test_which_counts(void **state)
{
    CHECK(NULL, "consumer.heartbeat.interval.ms", "300", "heartbeat.interval.ms", "20000");
    CHECK("kafka.consumer.heartbeat.interval.ms=20000", "consumer.heartbeat.interval.ms", "20000",
          "heartbeat.interval.ms", "300");
    CHECK(NULL, "producer.heartbeat.interval.ms", "20000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_right), cmocka_unit_test(test_the_group),
        cmocka_unit_test(test_messages),      cmocka_unit_test(test_transactions),
        cmocka_unit_test(test_commit),
        cmocka_unit_test(test_connections),   cmocka_unit_test(test_which_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
