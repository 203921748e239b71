/* Topics and partitions that seem to be missing.
 *
 * librdkafka and brokers say "unknown topic or partition" in two cases: the topic was deleted or
 * recreated with fewer partitions, which needs operator action; or somebody does not know it yet or
 * any more, after a pause or a restart of the brokers, which passes:
 *
 *   1. The brokers stand still for longer than the metadata's age.
 *   2. librdkafka drops the topic from its cache and fails requests and messages with
 *      _UNKNOWN_PARTITION or _UNKNOWN_TOPIC, without asking.
 *   3. The brokers go on, and a moment later all is as before.
 *
 * So such an error is transient until a broker has said that the topic is missing, and has said so
 * again after MISSING_CONFIRM_MS. librdkafka may report it only once: the poll asks again until a
 * broker has answered.
 */
#include "base/base.h"
#include "base/clock.h"
#include "stream/kafka/kafka_internal.h"

enum {
    MISSING_CONFIRM_MS = 5000,
    MISSING_ASK_MS = 1000,
};

enum answer { ANSWER_NONE, ANSWER_PRESENT, ANSWER_MISSING };

bool kafka_is_missing(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
           code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
           code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
}

static enum answer ask_broker(struct kafka *kafka, const char *topic, int32_t partition)
{
    int32_t count = 0;
    rd_kafka_topic_t *rkt = rd_kafka_topic_new(kafka->bounds, topic, NULL);
    if (!rkt) { return ANSWER_NONE; }
    rd_kafka_resp_err_t code = kafka_request_partitions(kafka->bounds, rkt, &count);
    rd_kafka_topic_destroy(rkt);
    if (kafka_is_missing(code)) { return ANSWER_MISSING; }
    if (code) { return ANSWER_NONE; }
    return partition < count ? ANSWER_PRESENT : ANSWER_MISSING;
}

/* Takes an answer; true when the topic is confirmed as missing. One suspect at a time: when several
 * are missing, one of them is enough. */
static bool take_answer(struct kafka *kafka, const char *topic, int32_t partition,
                        enum answer answer)
{
    struct kafka_missing *missing = &kafka->missing;
    int64_t now_ms = clock_monotonic_ms();
    pthread_mutex_lock(&kafka->why_lock);
    bool same = missing->suspected && strcmp(missing->topic, topic) == 0;
    if (same && answer == ANSWER_PRESENT) { missing->suspected = false; }
    if (!missing->suspected && answer != ANSWER_PRESENT) {
        *missing = (struct kafka_missing){.suspected = true, .partition = partition};
        (void)snprintf(missing->topic, sizeof(missing->topic), "%s", topic);
        same = true;
    }
    missing->asked_ms = now_ms;
    bool said = same && answer == ANSWER_MISSING;
    if (said && !missing->first_ms) { missing->first_ms = now_ms; }
    bool confirmed = said && now_ms - missing->first_ms >= MISSING_CONFIRM_MS;
    pthread_mutex_unlock(&kafka->why_lock);
    return confirmed;
}

int kafka_confirm_missing(struct kafka *kafka, const char *topic, int32_t partition)
{
    enum answer answer = ask_broker(kafka, topic, partition);
    if (!take_answer(kafka, topic, partition, answer)) { return WIRE_RETRY; }
    kafka_set_why(kafka,
                  "%s: the brokers say that it does not exist, or has no partition %" PRId32
                  "; hint: was it deleted, or recreated with fewer partitions? "
                  "deploy/topics apply makes topics",
                  topic, MAX_OF(partition, (int32_t)0));
    return WIRE_REFUSED;
}

int kafka_ask_again(struct kafka *kafka)
{
    pthread_mutex_lock(&kafka->why_lock);
    struct kafka_missing missing = kafka->missing;
    pthread_mutex_unlock(&kafka->why_lock);
    if (!missing.suspected || clock_monotonic_ms() - missing.asked_ms < MISSING_ASK_MS) {
        return WIRE_RETRY;
    }
    return kafka_confirm_missing(kafka, missing.topic, missing.partition);
}
