/* A bare hop: reads a topic with librdkafka and writes the same records to another one.
 *
 *   bare_hop BOOTSTRAP GROUP INPUT OUTPUT [exactly-once]
 *
 * What a program between two topics costs at least, with the settings of Freshet's workers where
 * they matter: idempotent, lz4, 1 ms of lingering, a commit of offsets every half second. It keeps
 * no state and no order between output and offsets. With `exactly-once`, records and offsets are
 * one transaction, committed every 100 ms (the default of Kafka Streams for exactly-once), and the
 * input is read as far as it is committed (KIP-98). Ends at SIGTERM.
 */
#include "base/base.h"
#include "base/clock.h"

#include <librdkafka/rdkafka.h>
#include <signal.h>

enum { POLL_MS = 100, FLUSH_MS = 10000, COMMIT_MS = 100, ANSWER_MS = 30000 };

static volatile sig_atomic_t ended;

static void end(int number _unused_)
{
    ended = 1;
}

static void set(rd_kafka_conf_t *conf, const char *key, const char *value)
{
    char why[256];
    if (rd_kafka_conf_set(conf, key, value, why, sizeof(why)) == RD_KAFKA_CONF_OK) { return; }
    fprintf(stderr, "bare_hop: %s\n", why);
    exit(1);
}

static rd_kafka_t *client(rd_kafka_type_t type, rd_kafka_conf_t *conf, const char *bootstrap)
{
    char why[256];
    set(conf, "bootstrap.servers", bootstrap);
    rd_kafka_t *made = rd_kafka_new(type, conf, why, sizeof(why));
    if (made) { return made; }
    fprintf(stderr, "bare_hop: %s\n", why);
    exit(1);
}

static rd_kafka_t *open_consumer(const char *bootstrap, const char *group, const char *topic,
                                 bool exactly_once)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "group.id", group);
    set(conf, "auto.offset.reset", "earliest");
    set(conf, "auto.commit.interval.ms", "500");
    set(conf, "enable.auto.commit", exactly_once ? "false" : "true");
    set(conf, "fetch.wait.max.ms", "100");
    rd_kafka_t *consumer = client(RD_KAFKA_CONSUMER, conf, bootstrap);
    rd_kafka_poll_set_consumer(consumer);
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
    if (rd_kafka_subscribe(consumer, topics)) { exit(1); }
    rd_kafka_topic_partition_list_destroy(topics);
    return consumer;
}

/* Ends the program when a transaction fails: it is a measure. */
static void demand(rd_kafka_error_t *error)
{
    if (!error) { return; }
    fprintf(stderr, "bare_hop: %s\n", rd_kafka_error_string(error));
    exit(1);
}

static rd_kafka_t *open_producer(const char *bootstrap, const char *transactional_id)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "enable.idempotence", "true");
    set(conf, "partitioner", "murmur2_random");
    set(conf, "compression.codec", "lz4");
    set(conf, "linger.ms", "1");
    if (!transactional_id) { return client(RD_KAFKA_PRODUCER, conf, bootstrap); }
    set(conf, "transactional.id", transactional_id);
    rd_kafka_t *producer = client(RD_KAFKA_PRODUCER, conf, bootstrap);
    demand(rd_kafka_init_transactions(producer, ANSWER_MS));
    demand(rd_kafka_begin_transaction(producer));
    return producer;
}

static void pass_on(rd_kafka_t *producer, const char *topic, const rd_kafka_message_t *message)
{
    while (rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(topic),
                             RD_KAFKA_V_KEY(message->key, message->key_len),
                             RD_KAFKA_V_VALUE(message->payload, message->len),
                             RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                             RD_KAFKA_V_END) == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        rd_kafka_poll(producer, POLL_MS);
    }
}

/* Commits what was passed on, with the offsets behind it, and begins the next transaction. */
static void commit(rd_kafka_t *consumer, rd_kafka_t *producer)
{
    rd_kafka_topic_partition_list_t *at;
    if (rd_kafka_assignment(consumer, &at) || rd_kafka_position(consumer, at)) { exit(1); }
    rd_kafka_consumer_group_metadata_t *group = rd_kafka_consumer_group_metadata(consumer);
    demand(rd_kafka_send_offsets_to_transaction(producer, at, group, ANSWER_MS));
    demand(rd_kafka_commit_transaction(producer, ANSWER_MS));
    demand(rd_kafka_begin_transaction(producer));
    rd_kafka_consumer_group_metadata_destroy(group);
    rd_kafka_topic_partition_list_destroy(at);
}

int main(int argc, char **argv)
{
    bool exactly_once = argc == 6 && strcmp(argv[5], "exactly-once") == 0;
    if (argc != 5 && !exactly_once) {
        fprintf(stderr, "usage: bare_hop BOOTSTRAP GROUP INPUT OUTPUT [exactly-once]\n");
        return 64;
    }
    signal(SIGTERM, end);
    rd_kafka_t *consumer = open_consumer(argv[1], argv[2], argv[3], exactly_once);
    rd_kafka_t *producer = open_producer(argv[1], exactly_once ? argv[2] : NULL);
    int64_t committed_ms = clock_monotonic_ms();
    bool passed = false;
    while (!ended) {
        rd_kafka_message_t *message =
            rd_kafka_consumer_poll(consumer, passed ? POLL_MS / 10 : POLL_MS);
        if (message && !message->err) {
            pass_on(producer, argv[4], message);
            passed = exactly_once;
        }
        if (message) { rd_kafka_message_destroy(message); }
        rd_kafka_poll(producer, 0);
        if (!passed || clock_monotonic_ms() < committed_ms + COMMIT_MS) { continue; }
        commit(consumer, producer);
        committed_ms = clock_monotonic_ms();
        passed = false;
    }
    rd_kafka_consumer_close(consumer);
    rd_kafka_flush(producer, FLUSH_MS);
    rd_kafka_destroy(consumer);
    rd_kafka_destroy(producer);
    return 0;
}
