/* librdkafka's mock cluster of one broker, for the tests of the real wire. */
#ifndef FRESHET_TESTS_UNIT_MOCK_BROKER_H
#define FRESHET_TESTS_UNIT_MOCK_BROKER_H

#include "stream/kafka/kafka.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

enum { MOCK_CONNECT_MS = 20000 };

struct mock_broker {
    rd_kafka_t *rk; /* whose threads the cluster runs on */
    rd_kafka_mock_cluster_t *cluster;
};

static inline void mock_broker_silent(const rd_kafka_t *rk, int level, const char *fac,
                                      const char *text)
{
}

/* Starts a broker with a topic of one partition; and another one, `in`, whose offsets stand in
 * transactions: newer mocks refuse those of unknown topics. */
static inline void mock_broker_start(struct mock_broker *mock, const char *topic)
{
    char why[200];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, mock_broker_silent);
    mock->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    assert(mock->rk);
    mock->cluster = rd_kafka_mock_cluster_new(mock->rk, 1);
    rd_kafka_mock_topic_create(mock->cluster, topic, 1, 1);
    rd_kafka_mock_topic_create(mock->cluster, "in", 1, 1);
}

static inline void mock_broker_stop(struct mock_broker *mock)
{
    rd_kafka_mock_cluster_destroy(mock->cluster);
    rd_kafka_destroy(mock->rk);
}

/* Opens a member of the group `group`; transactional: NULL, or its id; properties: NULL, or more
 * of the client's. As kafka_open(). */
static inline int mock_broker_open_with(const struct mock_broker *mock, const char *transactional,
                                        const struct properties *properties,
                                        struct wire **ret_wire, char **ret_why)
{
    const struct kafka_identity identity = {
        .bootstrap = rd_kafka_mock_cluster_bootstraps(mock->cluster),
        .group = "group",
        .transactional = transactional,
        .transaction_ms = 10000,
        .fetch_bytes_max = 1 << 20,
        .properties = properties,
    };
    return kafka_open(&identity, MOCK_CONNECT_MS, ret_wire, ret_why);
}

static inline int mock_broker_open(const struct mock_broker *mock, const char *transactional,
                                   struct wire **ret_wire, char **ret_why)
{
    return mock_broker_open_with(mock, transactional, NULL, ret_wire, ret_why);
}

#endif
