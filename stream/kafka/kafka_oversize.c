/* At-once messages that the client accepted and the broker found too large for their topic.
 *
 * Only dead letters are sent again; they are the messages with headers. Their origin and reason are
 * worth keeping without the bytes, and a dead letter that fails for good would make its batch be
 * processed again for ever. So it is sent again without its value and the sender's headers, and
 * then, if it is still too large, without its key. It stays outstanding in its ack group meanwhile.
 *
 * Delivery reports run inside a poll, where nothing may wait for room in the queue. A message is
 * therefore kept in a list until after the poll; the list is never longer than the queue was.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "stream/kafka/kafka_internal.h"

struct oversize {
    struct oversize *next;
    rd_kafka_headers_t *headers;
    char *topic;
    char *key; /* NULL: none, or dropped */
    size_t key_size;
    int64_t time_ms;
    uint64_t ack_group;
};

static struct oversize *oversize_free(struct oversize *oversize)
{
    if (oversize->headers) { rd_kafka_headers_destroy(oversize->headers); }
    free(oversize->topic);
    free(oversize->key);
    free(oversize);
    return NULL;
}

/* Returns the index at which the dead letter's own headers begin. The sender's headers may have any
 * name, `truncated` too. */
static size_t first_own(const rd_kafka_headers_t *headers)
{
    const char *name;
    const void *value;
    size_t size;
    for (size_t i = rd_kafka_header_cnt(headers); i-- > 0;) {
        (void)rd_kafka_header_get_all(headers, i, &name, &value, &size);
        if (strcmp(name, HEADER_REASON) == 0) { return i; }
    }
    return 0;
}

/* Makes the dead letter's own headers, with `truncated` added. */
static rd_kafka_headers_t *own_headers(const rd_kafka_headers_t *headers)
{
    const char *name;
    const void *value;
    size_t size;
    size_t count = rd_kafka_header_cnt(headers);
    rd_kafka_headers_t *own = rd_kafka_headers_new(count);
    for (size_t i = first_own(headers); i < count; i++) {
        (void)rd_kafka_header_get_all(headers, i, &name, &value, &size);
        if (strcmp(name, HEADER_TRUNCATED) == 0) { continue; }
        rd_kafka_header_add(own, name, -1, value, (ssize_t)size);
    }
    rd_kafka_header_add(own, HEADER_TRUNCATED, -1, "true", -1);
    return own;
}

bool kafka_keep_oversize(struct kafka *kafka, const rd_kafka_message_t *message, uint64_t ack_group)
{
    rd_kafka_headers_t *headers;
    rd_kafka_timestamp_type_t type;
    if (message->err != RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) { return false; }
    if (rd_kafka_message_headers(message, &headers)) { return false; }
    bool whole = message->len || first_own(headers);
    if (!whole && !message->key) { return false; }
    struct oversize *oversize = xcalloc(1, sizeof(*oversize));
    oversize->headers = own_headers(headers);
    oversize->topic = xstrdup(rd_kafka_topic_name(message->rkt));
    oversize->time_ms = rd_kafka_message_timestamp(message, &type);
    oversize->ack_group = ack_group;
    if (whole && message->key) {
        oversize->key = xmemdup(message->key, message->key_len);
        oversize->key_size = message->key_len;
    }
    oversize->next = kafka->oversize;
    kafka->oversize = oversize;
    return true;
}

void kafka_send_oversize(struct kafka *kafka)
{
    if (kafka->oversize && kafka_renew_at_once(kafka)) { return; }
    while (kafka->oversize) {
        struct oversize *first = kafka->oversize;
        rd_kafka_resp_err_t code = rd_kafka_producev(
            kafka->at_once, RD_KAFKA_V_TOPIC(first->topic),
            RD_KAFKA_V_PARTITION(RD_KAFKA_PARTITION_UA), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
            RD_KAFKA_V_KEY(first->key, first->key_size), RD_KAFKA_V_VALUE(NULL, 0),
            RD_KAFKA_V_TIMESTAMP(first->time_ms), RD_KAFKA_V_HEADERS(first->headers),
            RD_KAFKA_V_OPAQUE((void *)(uintptr_t)first->ack_group), RD_KAFKA_V_END);
        if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) { return; }
        if (code) {
            ack_tracker_fail(&kafka->acks, first->ack_group);
            (void)kafka_classify_code(kafka, first->topic, code);
        } else {
            first->headers = NULL; /* owned by the message now */
        }
        kafka->oversize = first->next;
        oversize_free(first);
    }
}

void kafka_drop_oversize(struct kafka *kafka)
{
    while (kafka->oversize) {
        struct oversize *next = kafka->oversize->next;
        oversize_free(kafka->oversize);
        kafka->oversize = next;
    }
}
