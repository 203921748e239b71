/* A bare hop: reads a topic with librdkafka and writes the same records to another one.
 *
 *   bare_hop BOOTSTRAP GROUP INPUT OUTPUT
 *
 * What a program between two topics costs at least, with the settings of Freshet's workers where
 * they matter: idempotent, lz4, 1 ms of lingering, a commit of offsets every half second. It keeps
 * no state and no order between output and offsets. Ends at SIGTERM.
 */
#include "base/base.h"

#include <librdkafka/rdkafka.h>
#include <signal.h>

enum { POLL_MS = 100, FLUSH_MS = 10000 };

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

static rd_kafka_t *open_consumer(const char *bootstrap, const char *group, const char *topic)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "group.id", group);
    set(conf, "auto.offset.reset", "earliest");
    set(conf, "auto.commit.interval.ms", "500");
    set(conf, "fetch.wait.max.ms", "100");
    rd_kafka_t *consumer = client(RD_KAFKA_CONSUMER, conf, bootstrap);
    rd_kafka_poll_set_consumer(consumer);
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
    if (rd_kafka_subscribe(consumer, topics)) { exit(1); }
    rd_kafka_topic_partition_list_destroy(topics);
    return consumer;
}

static rd_kafka_t *open_producer(const char *bootstrap)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "enable.idempotence", "true");
    set(conf, "partitioner", "murmur2_random");
    set(conf, "compression.codec", "lz4");
    set(conf, "linger.ms", "1");
    return client(RD_KAFKA_PRODUCER, conf, bootstrap);
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

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: bare_hop BOOTSTRAP GROUP INPUT OUTPUT\n");
        return 64;
    }
    signal(SIGTERM, end);
    rd_kafka_t *consumer = open_consumer(argv[1], argv[2], argv[3]);
    rd_kafka_t *producer = open_producer(argv[1]);
    while (!ended) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(consumer, POLL_MS);
        if (message && !message->err) { pass_on(producer, argv[4], message); }
        if (message) { rd_kafka_message_destroy(message); }
        rd_kafka_poll(producer, 0);
    }
    rd_kafka_consumer_close(consumer);
    rd_kafka_flush(producer, FLUSH_MS);
    rd_kafka_destroy(consumer);
    rd_kafka_destroy(producer);
    return 0;
}
