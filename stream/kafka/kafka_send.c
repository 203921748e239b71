/* The two producers.
 *
 * The at-once producer belongs to the worker's thread. Its delivery reports run inside
 * rd_kafka_poll() on that thread and count in the ack tracker. Nothing may block in a report, so a
 * message that was too large is kept there and sent again after the poll (kafka_oversize.c).
 *
 * A transaction runs whole on the committer's thread: begin, produce, offsets (KIP-447), commit.
 * The values are lent to librdkafka without a copy until the call returns. Results:
 *
 *   retriable error    the same call again, with the same arguments
 *   abortable error    rolled back, WIRE_ABORTED: the batch is processed again
 *   fatal error        WIRE_FATAL: the outcome is unknown, the process must end
 *   no right           rolled back if possible, WIRE_REFUSED: needs operator action
 */
#include "base/base.h"
#include "base/crash.h"
#include "base/xalloc.h"
#include "stream/kafka/kafka_internal.h"

/* ---- At-once messages, on the worker's thread ---- */

static bool is_purged(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR__PURGE_QUEUE || code == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
}

void kafka_on_at_once_report(rd_kafka_t *rk _unused_, const rd_kafka_message_t *message,
                             void *opaque)
{
    struct kafka *kafka = opaque;
    uint64_t ack_group = (uint64_t)(uintptr_t)message->_private;
    if (message->err && kafka_keep_oversize(kafka, message, ack_group)) { return; }
    if (message->err) {
        const char *topic = rd_kafka_topic_name(message->rkt);
        ack_tracker_fail(&kafka->acks, ack_group);
        if (rd_kafka_message_status(message) != RD_KAFKA_MSG_STATUS_NOT_PERSISTED) {
            /* It may be in the log, and must not be taken for another's. */
            partition_offsets_find(&kafka->sent, topic, message->partition)->appended = OFFSET_NONE;
        }
        kafka_doubt(&kafka->at_once_doubted, message->err);
        if (is_purged(message->err)) { return; } /* by us, after what has been told */
        if (kafka_is_missing(message->err)) { kafka->sent_missing = topic; }
        int result = kafka_classify_code(kafka, topic, message->err);
        kafka->send_refused = kafka->send_refused || result == WIRE_REFUSED;
        return;
    }
    ack_tracker_acknowledge(&kafka->acks, ack_group);
    struct partition_offset *entry =
        partition_offsets_find(&kafka->sent, rd_kafka_topic_name(message->rkt), message->partition);
    partition_offset_append(entry, message->offset);
}

static rd_kafka_headers_t *headers_of(const struct message *message)
{
    if (!message->headers_count) { return NULL; }
    rd_kafka_headers_t *headers = rd_kafka_headers_new(message->headers_count);
    for (size_t i = 0; i < message->headers_count; i++) {
        const struct header *header = &message->headers[i];
        rd_kafka_header_add(headers, header->name, -1, header->value.data,
                            (ssize_t)header->value.size);
    }
    return headers;
}

/* Puts one message into a producer's queue; the caller handles a full queue. `flags`:
 * RD_KAFKA_MSG_F_COPY, or 0 to lend the value's bytes until the delivery report. */
static rd_kafka_resp_err_t enqueue(rd_kafka_t *rk, int flags, const struct message *message,
                                   void *opaque)
{
    rd_kafka_headers_t *headers = headers_of(message);
    int32_t partition = message->partition == PARTITION_BY_KEY ? RD_KAFKA_PARTITION_UA
                                                               : message->partition;
    rd_kafka_resp_err_t code;
    if (headers) {
        code = rd_kafka_producev(
            rk, RD_KAFKA_V_TOPIC(message->topic), RD_KAFKA_V_PARTITION(partition),
            RD_KAFKA_V_MSGFLAGS(flags),
            RD_KAFKA_V_KEY(message->key.data, message->key.size),
            RD_KAFKA_V_VALUE((void *)(uintptr_t)message->value.data, message->value.size),
            RD_KAFKA_V_TIMESTAMP(message->time_ms), RD_KAFKA_V_HEADERS(headers),
            RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_END);
        if (code) { rd_kafka_headers_destroy(headers); }
        return code;
    }
    return rd_kafka_producev(
        rk, RD_KAFKA_V_TOPIC(message->topic), RD_KAFKA_V_PARTITION(partition),
        RD_KAFKA_V_MSGFLAGS(flags),
        RD_KAFKA_V_KEY(message->key.data, message->key.size),
        RD_KAFKA_V_VALUE((void *)(uintptr_t)message->value.data, message->value.size),
        RD_KAFKA_V_TIMESTAMP(message->time_ms), RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_END);
}

static int kafka_produce(struct wire *wire, const struct message *message, uint64_t ack_group)
{
    struct kafka *kafka = (struct kafka *)wire;
    int renewed = kafka_renew_at_once(kafka);
    if (renewed) { return renewed; }
    ack_group = ack_tracker_count(&kafka->acks, ack_group);
    for (;;) {
        rd_kafka_resp_err_t code =
            enqueue(kafka->at_once, RD_KAFKA_MSG_F_COPY, message, (void *)(uintptr_t)ack_group);
        if (!code) { return 0; }
        if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            ack_tracker_acknowledge(&kafka->acks, ack_group);
            return kafka_classify_code(kafka, message->topic, code);
        }
        rd_kafka_poll(kafka->at_once, QUEUE_WAIT_MS);
        kafka_send_oversize(kafka);
    }
}

/* A delivery report must not block, so the question to the brokers is asked here. */
static void confirm_sent_missing(struct kafka *kafka)
{
    if (!kafka->sent_missing) { return; }
    int result = kafka_confirm_missing(kafka, kafka->sent_missing, RD_KAFKA_PARTITION_UA);
    kafka->send_refused = kafka->send_refused || result == WIRE_REFUSED;
    kafka->sent_missing = NULL;
}

static int kafka_unacked(struct wire *wire, uint64_t ack_group, size_t *ret_count)
{
    struct kafka *kafka = (struct kafka *)wire;
    rd_kafka_poll(kafka->at_once, 0);
    kafka_send_oversize(kafka);
    confirm_sent_missing(kafka);
    if (kafka->send_refused) { return WIRE_REFUSED; }
    if (ack_tracker_take_failed(&kafka->acks, ack_group)) { return WIRE_ABORTED; }
    *ret_count = ack_tracker_outstanding(&kafka->acks, ack_group);
    return 0;
}

static int64_t kafka_appended(struct wire *wire, const char *topic, int32_t partition)
{
    return partition_offsets_find(&((struct kafka *)wire)->sent, topic, partition)->appended;
}

static void kafka_watch_log(struct wire *wire, const char *topic, int32_t partition)
{
    struct partition_offset *entry =
        partition_offsets_find(&((struct kafka *)wire)->sent, topic, partition);
    entry->appended = OFFSET_NONE;
    entry->others = 0;
}

static uint64_t kafka_others(struct wire *wire, const char *topic, int32_t partition)
{
    return partition_offsets_find(&((struct kafka *)wire)->sent, topic, partition)->others;
}

static bool kafka_quiet(struct wire *wire)
{
    return ack_tracker_outstanding(&((struct kafka *)wire)->acks, UINT64_MAX) == 0;
}

/* ---- The transaction, on the committer's thread ---- */

void kafka_on_txn_report(rd_kafka_t *rk _unused_, const rd_kafka_message_t *message, void *opaque)
{
    struct kafka *kafka = opaque;
    size_t index = (size_t)(uintptr_t)message->_private;
    kafka_doubt(&kafka->txn_doubted, message->err);
    if (!message->err && kafka->txn_offsets) { kafka->txn_offsets[index] = message->offset; }
    if (kafka_is_missing(message->err)) { kafka->txn_missing = rd_kafka_topic_name(message->rkt); }
}

/* Lends the values: the stages keep them unchanged until the transaction is over, and copies of a
 * large batch would cost its size in memory. */
static int produce_all(struct kafka *kafka, const struct txn *txn)
{
    for (size_t i = 0; i < txn->messages_count;) {
        CRASH_POINT("txn.produce");
        rd_kafka_resp_err_t code =
            enqueue(kafka->txn, 0, &txn->messages[i], (void *)(uintptr_t)i);
        if (!code) {
            i++;
            continue;
        }
        if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            int result = kafka_classify_code(kafka, txn->messages[i].topic, code);
            if (kafka_is_missing(code)) { kafka->txn_missing = txn->messages[i].topic; }
            bool tells = wire_is_final(result) || result == WIRE_TOO_LARGE;
            return tells ? result : WIRE_ABORTED;
        }
        rd_kafka_poll(kafka->txn, QUEUE_WAIT_MS);
    }
    return 0;
}

/* Repeats the call with the same arguments on a retriable error, as the API requires. */
static int send_offsets(struct kafka *kafka, const struct txn *txn)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)txn->offsets_count);
    for (size_t i = 0; i < txn->offsets_count; i++) {
        const struct topic_partition *at = &txn->offsets[i];
        rd_kafka_topic_partition_list_add(list, at->topic, at->partition)->offset = at->offset;
    }
    rd_kafka_consumer_group_metadata_t *group =
        rd_kafka_consumer_group_metadata(kafka->consumer_batch.rk);
    int result = WIRE_RETRY;
    while (result == WIRE_RETRY) {
        rd_kafka_error_t *error = rd_kafka_send_offsets_to_transaction(kafka->txn, list, group, -1);
        result = error ? kafka_classify_error(kafka, "offsets in the transaction", error) : 0;
    }
    rd_kafka_consumer_group_metadata_destroy(group);
    rd_kafka_topic_partition_list_destroy(list);
    return result;
}

/* The failed call may be a consequence of an earlier error. In this state a call to begin a
 * transaction fails and returns that earlier error. */
static int first_cause(struct kafka *kafka, int result)
{
    rd_kafka_error_t *error = rd_kafka_begin_transaction(kafka->txn);
    assert(error);
    if (!kafka_is_refusal(rd_kafka_error_code(error))) {
        rd_kafka_error_destroy(error);
        return result;
    }
    return kafka_classify_error(kafka, "transaction", error);
}

/* Rolls back; returns the result that led here, or WIRE_FATAL when the rollback fails. */
static int abort_txn(struct kafka *kafka, int result)
{
    char cause[ERROR_TEXT_MAX];
    result = first_cause(kafka, result);
    pthread_mutex_lock(&kafka->why_lock);
    memcpy(cause, kafka->why, sizeof(cause));
    pthread_mutex_unlock(&kafka->why_lock);
    for (;;) {
        rd_kafka_error_t *error = rd_kafka_abort_transaction(kafka->txn, -1);
        if (!error) { break; }
        int failed = kafka_classify_error(kafka, "abort", error);
        if (failed == WIRE_RETRY) { continue; }
        if (result == WIRE_REFUSED) { break; } /* the process ends anyway */
        return WIRE_FATAL;
    }
    kafka_set_why(kafka, "%s", cause);
    return result;
}

/* Purges messages whose values are still lent. After a successful commit or abort there are
 * none. */
static void purge_lent(struct kafka *kafka)
{
    if (!rd_kafka_outq_len(kafka->txn)) { return; }
    (void)rd_kafka_purge(kafka->txn, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    (void)rd_kafka_flush(kafka->txn, FLUSH_TIMEOUT_MS);
}

/* A broker that refuses a transaction's partitions does not say which, so the failure's text names
 * all topics of the transaction. */
static void add_topics_to_why(struct kafka *kafka, const struct txn *txn)
{
    char topics[ERROR_TEXT_MAX / 2] = "";
    for (size_t i = 0; i < txn->messages_count; i++) {
        const char *topic = txn->messages[i].topic;
        size_t used = strlen(topics);
        if (strstr(topics, topic) || used + strlen(topic) + 2 > sizeof(topics)) { continue; }
        (void)snprintf(topics + used, sizeof(topics) - used, " %s", topic);
    }
    char why[ERROR_TEXT_MAX];
    pthread_mutex_lock(&kafka->why_lock);
    memcpy(why, kafka->why, sizeof(why));
    pthread_mutex_unlock(&kafka->why_lock);
    kafka_set_why(kafka, "writing%s in a transaction: %s", topics, why);
}

static int kafka_txn_run(struct wire *wire, const struct txn *txn)
{
    struct kafka *kafka = (struct kafka *)wire;
    assert(kafka->txn);
    for (size_t i = 0; i < txn->messages_count; i++) { txn->ret_offsets[i] = OFFSET_NONE; }
    int renewed = kafka_renew_txn(kafka);
    if (renewed) { return renewed; }
    rd_kafka_error_t *error = rd_kafka_begin_transaction(kafka->txn);
    if (error) {
        int refused = kafka_classify_error(kafka, "begin", error);
        return wire_is_final(refused) ? refused : WIRE_ABORTED;
    }
    CRASH_POINT("txn.begun");
    kafka->txn_offsets = txn->ret_offsets;
    kafka->txn_missing = NULL;
    int result = produce_all(kafka, txn);
    CRASH_POINT("txn.offsets");
    if (!result && txn->offsets_count) { result = send_offsets(kafka, txn); }
    CRASH_POINT("txn.commit");
    while (!result || result == WIRE_RETRY) {
        error = rd_kafka_commit_transaction(kafka->txn, -1);
        if (!error) {
            CRASH_POINT("txn.committed");
            kafka->txn_offsets = NULL;
            return 0;
        }
        result = kafka_classify_error(kafka, "commit", error);
    }
    if (result == WIRE_ABORTED || result == WIRE_REFUSED || result == WIRE_TOO_LARGE) {
        CRASH_POINT("txn.abort");
        result = abort_txn(kafka, result);
    }
    if (result == WIRE_REFUSED) { add_topics_to_why(kafka, txn); }
    purge_lent(kafka);
    if (result == WIRE_ABORTED && kafka->txn_missing &&
        kafka_confirm_missing(kafka, kafka->txn_missing, RD_KAFKA_PARTITION_UA) == WIRE_REFUSED) {
        result = WIRE_REFUSED;
    }
    kafka->txn_offsets = NULL;
    return result;
}

void kafka_send_verbs(struct wire_class *verbs)
{
    verbs->produce = kafka_produce;
    verbs->unacked = kafka_unacked;
    verbs->appended = kafka_appended;
    verbs->watch_log = kafka_watch_log;
    verbs->others = kafka_others;
    verbs->quiet = kafka_quiet;
    verbs->txn_run = kafka_txn_run;
}
