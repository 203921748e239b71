#include "base/base.h"
#include "stream/kafka/kafka_properties.h"

#include <setjmp.h>
#include <cmocka.h>

enum { PROPERTIES_MAX = 8 };

/* Checks key, value, key, value ...; the fault must have the part, or there is none. */
static void check_list(const char *part, const char *const *words)
{
    struct property at[PROPERTIES_MAX];
    struct properties properties = {.at = at};
    for (size_t i = 0; words[i]; i += 2) {
        at[properties.count++] = (struct property){words[i], words[i + 1]};
    }
    char *fault = kafka_properties_fault(&properties);
    if (!part && fault) { fail_msg("%s", fault); }
    if (part && (!fault || !strstr(fault, part))) {
        fail_msg("%s=%s: %s", words[0], words[1], fault ? fault : "taken");
    }
    if (fault) { assert_null(strstr(fault, "s3cret")); }
    free(fault);
}

#define CHECK(part, ...) check_list(part, (const char *const[]){__VA_ARGS__, NULL})

static void test_what_is_right(void **state)
{
    assert_null(kafka_properties_fault(NULL));
    CHECK(NULL, "consumer.session.timeout.ms", "6000", "producer.linger.ms", "5", "debug", "all");
    CHECK(NULL, "security.protocol", "SSL", "ssl.ca.location", "/proc/version");
    CHECK(NULL, "security.protocol", "sasl_ssl", "sasl.mechanism", "SCRAM-SHA-512",
          "sasl.username", "a", "sasl.password", "s3cret");
    CHECK(NULL, "security.protocol", "SASL_PLAINTEXT", "sasl.mechanisms", "OAUTHBEARER",
          "sasl.oauthbearer.config", "principal=a");
}

static void test_files_that_are_not_there(void **state)
{
    CHECK("kafka.ssl.ca.location: the file cannot be read: No such file or directory",
          "security.protocol", "SSL", "ssl.ca.location", "/nope");
    CHECK("kafka.ssl.key.location: the file cannot be read", "security.protocol", "SSL",
          "ssl.key.location", "/s3cret");
    CHECK(NULL, "security.protocol", "SSL", "ssl.ca.location", "probe");
}

static void test_messages_die_before_a_session(void **state)
{
    CHECK(NULL, "message.timeout.ms", "9000");
    CHECK("shorter than the session timeout (15000 ms)", "message.timeout.ms", "15000");
    CHECK("shorter than the session timeout", "producer.delivery.timeout.ms", "0");
    CHECK("session timeout (6000 ms)", "message.timeout.ms", "9000",
          "consumer.session.timeout.ms", "6000");
    CHECK(NULL, "message.timeout.ms", "20000", "session.timeout.ms", "45000");
}

/* What the guarantees rest on, for one kind of client, too. */
static void test_what_is_not_yours(void **state)
{
    static const char *const keys[] = {
        "isolation.level", "partitioner", "enable.partition.eof", "partition.assignment.strategy",
        "enable.auto.commit", "enable.auto.offset.store", "group.id", "group.instance.id",
        "transactional.id", "enable.idempotence", "acks", "request.required.acks",
        "auto.offset.reset", "max.in.flight.requests.per.connection", "max.in.flight", "retries",
        "message.send.max.retries", "bootstrap.servers", "metadata.broker.list", "group.protocol",
        "enable.gapless.guarantee", "auto.commit.enable", "allow.auto.create.topics",
        "delivery.report.only.error", "test.mock.num.brokers", "enabled_events",
        "offset.store.method",
    };
    for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
        char longer[100], part[200];
        CHECK("not yours to set", keys[i], "1");
        (void)snprintf(longer, sizeof(longer), "%s%s", i % 2 ? "consumer." : "producer.", keys[i]);
        (void)snprintf(part, sizeof(part), "kafka.%s: not yours to set: ", longer);
        CHECK(part, "debug", "all", longer, "1");
    }
}

static void test_what_is_misspelt(void **state)
{
    CHECK("did you mean kafka.security.protocol?", "security.protocl", "SSL");
    CHECK("did you mean kafka.sasl.password?", "sasl.passwrd", "s3cret");
    CHECK("did you mean kafka.linger.ms?", "producer.lingr.ms", "5");
    CHECK("CONFIGURATION.md", "nothing.like.it", "5");
    CHECK("kafka.sasl.username and kafka.sasl.password", "sasl.jaas.config", "s3cret");
    CHECK("kafka.ssl.ca.location", "ssl.truststore.location", "/x");
    CHECK("Invalid value", "security.protocol", "TLS");
    CHECK("kafka.producer.linger.ms=five", "producer.linger.ms", "five");
}

static void test_a_login_that_is_not_complete(void **state)
{
    CHECK("kafka.sasl.mechanism is missing", "security.protocol", "SASL_PLAINTEXT");
    CHECK("kafka.sasl.username is missing", "security.protocol", "SASL_SSL", "sasl.mechanism",
          "PLAIN");
    CHECK("kafka.sasl.password is missing", "security.protocol", "SASL_SSL", "sasl.mechanism",
          "SCRAM-SHA-256", "sasl.username", "a");
    CHECK("nobody would log in", "sasl.mechanism", "PLAIN", "sasl.username", "a",
          "sasl.password", "s3cret");
    CHECK("would not be encrypted", "ssl.ca.location", "/proc/version");
    CHECK("would not be encrypted", "security.protocol", "sasl_plaintext", "sasl.mechanism",
          "OAUTHBEARER", "ssl.ca.location", "/proc/version");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_right),
        cmocka_unit_test(test_messages_die_before_a_session),
        cmocka_unit_test(test_files_that_are_not_there),
        cmocka_unit_test(test_what_is_not_yours),
        cmocka_unit_test(test_what_is_misspelt),
        cmocka_unit_test(test_a_login_that_is_not_complete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
