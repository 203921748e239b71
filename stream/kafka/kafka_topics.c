/* Which topics there are, and how many partitions they have.
 *
 * Worker's thread. The topics that are asked for are kept, so that their handles keep the metadata.
 * The committer's thread may replace the transactional producer meanwhile (kafka_producers.c): both
 * the list of topics and a request through a producer are under handles_lock. `bounds` is never
 * replaced, so that a table's topic can be asked for again and again without the lock.
 */
#include "base/base.h"
#include "base/buf.h"
#include "base/xalloc.h"
#include "stream/kafka/kafka_internal.h"

static rd_kafka_resp_err_t request_partitions(rd_kafka_t *rk, rd_kafka_topic_t *rkt,
                                              int timeout_ms, int32_t *ret_count)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code =
        rd_kafka_metadata(rk, /* all_topics= */ 0, rkt, &metadata, timeout_ms);
    if (!code && metadata->topic_cnt == 1) { code = metadata->topics[0].err; }
    if (!code && (metadata->topic_cnt != 1 || metadata->topics[0].partition_cnt == 0)) {
        code = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    }
    if (!code) { *ret_count = metadata->topics[0].partition_cnt; }
    if (metadata) { rd_kafka_metadata_destroy(metadata); }
    return code;
}

rd_kafka_resp_err_t kafka_request_partitions(rd_kafka_t *rk, rd_kafka_topic_t *rkt,
                                             int32_t *ret_count)
{
    return request_partitions(rk, rkt, REQUEST_TIMEOUT_MS, ret_count);
}

/* Keeps a topic of a handle, once; true when it is new. A handle has one struct for a name. Under
 * handles_lock. */
static bool keep_topic(struct kafka *kafka, rd_kafka_t *rk, rd_kafka_topic_t *rkt)
{
    for (size_t i = 0; i < kafka->topics_count; i++) {
        if (kafka->topics[i].rkt != rkt) { continue; }
        rd_kafka_topic_destroy(rkt);
        return false;
    }
    kafka->topics =
        xreallocarray(kafka->topics, kafka->topics_count + 1, sizeof(*kafka->topics));
    kafka->topics[kafka->topics_count++] = (struct kept_topic){rk, rkt};
    return true;
}

/* Returns the name of a topic of `bounds`, which lives as long as the wire. */
static const char *topic_of(const struct kafka *kafka, const char *topic)
{
    for (size_t i = 0; i < kafka->topics_count; i++) {
        const struct kept_topic *kept = &kafka->topics[i];
        const char *name = rd_kafka_topic_name(kept->rkt);
        if (kept->rk == kafka->bounds && strcmp(name, topic) == 0) { return name; }
    }
    return NULL;
}

/* A producer's first message to a topic without metadata waits up to a second for librdkafka's
 * topic timer. */
static rd_kafka_resp_err_t ask_producers(struct kafka *kafka, const char *topic,
                                         int32_t *ret_count)
{
    pthread_mutex_lock(&kafka->handles_lock);
    rd_kafka_t *const handles[] = {kafka->at_once, kafka->txn};
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    for (size_t i = 0; i < ARRAY_COUNT(handles) && !code; i++) {
        if (!handles[i]) { continue; }
        rd_kafka_topic_t *rkt = rd_kafka_topic_new(handles[i], topic, NULL);
        if (!keep_topic(kafka, handles[i], rkt)) { continue; }
        code = request_partitions(handles[i], rkt, kafka->request_ms, ret_count);
    }
    pthread_mutex_unlock(&kafka->handles_lock);
    return code;
}

/* Asks the first time for a long time, and through every producer, too; then for a short time. */
int kafka_partitions(struct wire *wire, const char *topic, int32_t *ret_count)
{
    struct kafka *kafka = (struct kafka *)wire;
    pthread_mutex_lock(&kafka->handles_lock);
    rd_kafka_topic_t *rkt = rd_kafka_topic_new(kafka->bounds, topic, NULL);
    bool first = keep_topic(kafka, kafka->bounds, rkt);
    pthread_mutex_unlock(&kafka->handles_lock);
    int timeout_ms = first ? kafka->request_ms : ASK_AGAIN_TIMEOUT_MS;
    rd_kafka_resp_err_t code = request_partitions(kafka->bounds, rkt, timeout_ms, ret_count);
    if (!code) { code = ask_producers(kafka, topic, ret_count); }
    kafka->missing_topic = NULL;
    if (!code) { return 0; }
    char what[ERROR_TEXT_MAX / 2];
    (void)snprintf(what, sizeof(what), "topic %s", topic);
    if (!kafka_is_missing(code)) { return kafka_classify_code(kafka, what, code); }
    kafka_set_why(kafka, "%s: %s (%s); hint: was it deleted? deploy/topics apply makes topics",
                  what, rd_kafka_err2str(code), rd_kafka_err2name(code));
    kafka->missing_topic = topic_of(kafka, topic);
    return WIRE_REFUSED;
}

int kafka_topics(struct wire *wire, const char **ret_missing, struct buf *out)
{
    struct kafka *kafka = (struct kafka *)wire;
    if (!kafka->missing_topic) { return WIRE_RETRY; }
    *ret_missing = kafka->missing_topic;
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code = rd_kafka_metadata(kafka->bounds, /* all_topics= */ 1, NULL,
                                                 &metadata, REQUEST_TIMEOUT_MS);
    if (code) { return kafka_classify_code(kafka, "topics", code); }
    for (int i = 0; i < metadata->topic_cnt; i++) {
        if (!metadata->topics[i].err) { buf_printf(out, "%s\n", metadata->topics[i].topic); }
    }
    rd_kafka_metadata_destroy(metadata);
    return 0;
}
