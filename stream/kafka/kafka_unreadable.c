/* A batch that the client cannot unpack: it is damaged, or compressed by zstd and larger than
 * receive.message.max.bytes. librdkafka reports the error, fetches the batch again and never gets
 * past it (confluentinc/librdkafka#5260), so one record would stop its partition.
 *
 * We find out by few probes where the next readable offset is (unreadable_range.h). Each is a seek,
 * and the answer is the next message of the partition, another error, or the end. Meanwhile other
 * partitions go on, and the position of this one stays. Then the records are returned as
 * unreadable: each on its own up to EACH_MAX, more of them as one record with the first and the
 * last offset.
 *
 * Hazard: a seek that fails may take effect later. Until one has succeeded, it is not known from
 * where messages come, so they are dropped: one of them would otherwise step over the batch.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "stream/kafka/kafka_internal.h"
#include "stream/kafka/unreadable_range.h"

enum { EACH_MAX = 1000 };

struct probe {
    const char *topic;
    int32_t partition;
    struct unreadable_range range;
    bool known;  /* the range: the next seek goes behind it */
    bool sought; /* the last seek succeeded */
};

static struct probe *find(struct consumer_batch *consumer_batch, const char *topic,
                          int32_t partition)
{
    for (size_t i = 0; i < consumer_batch->probes_count; i++) {
        struct probe *probe = &consumer_batch->probes[i];
        if (probe->partition == partition && strcmp(probe->topic, topic) == 0) { return probe; }
    }
    return NULL;
}

static struct probe *add(struct consumer_batch *consumer_batch, const char *topic,
                         int32_t partition, int64_t offset)
{
    consumer_batch->probes =
        xreallocarray(consumer_batch->probes, consumer_batch->probes_count + 1,
                      sizeof(*consumer_batch->probes));
    struct probe *probe = &consumer_batch->probes[consumer_batch->probes_count++];
    *probe = (struct probe){
        .topic = topic, .partition = partition, .range = unreadable_range_from(offset)};
    return probe;
}

static void drop(struct consumer_batch *consumer_batch, struct probe *probe)
{
    if (probe) { *probe = consumer_batch->probes[--consumer_batch->probes_count]; }
}

void kafka_unreadable_forget(struct consumer_batch *consumer_batch, const char *topic,
                             int32_t partition)
{
    drop(consumer_batch, find(consumer_batch, topic, partition));
}

void kafka_unreadable_release(struct consumer_batch *consumer_batch)
{
    free(consumer_batch->probes);
    consumer_batch->probes = NULL;
    consumer_batch->probes_count = 0;
}

static void return_range(struct consumer_batch *consumer_batch, const struct probe *probe)
{
    const struct unreadable_range *range = &probe->range;
    bool each = range->bad - range->first < EACH_MAX;
    struct partition_offset *entry =
        partition_offsets_find(&consumer_batch->offsets, probe->topic, probe->partition);
    for (int64_t at = each ? range->first : range->bad; at <= range->bad; at++) {
        *consumer_batch_add(consumer_batch, NULL) =
            (struct record){.topic = entry->topic,
                            .partition = probe->partition,
                            .offset = at,
                            .time_ms = -1,
                            .unreadable = true,
                            .unreadable_from = each ? at : range->first};
    }
    entry->position = range->good;
}

/* Seeks to the target; behind the range when that is known, which is then returned. */
static void seek(struct consumer_batch *consumer_batch, struct probe *probe)
{
    int64_t to = probe->known ? probe->range.good : probe->range.target;
    probe->sought = !kafka_seek(consumer_batch->rk, probe->topic, probe->partition, to);
    if (!probe->sought || !probe->known) { return; }
    return_range(consumer_batch, probe);
    drop(consumer_batch, probe);
}

void kafka_unreadable_seek(struct consumer_batch *consumer_batch)
{
    for (size_t i = consumer_batch->probes_count; i-- > 0;) {
        struct probe *probe = &consumer_batch->probes[i];
        if (!probe->sought) { seek(consumer_batch, probe); }
    }
}

static void go_on(struct consumer_batch *consumer_batch, struct probe *probe)
{
    int64_t low = 0, end = INT64_MAX;
    if (rd_kafka_get_watermark_offsets(consumer_batch->rk, probe->topic, probe->partition, &low,
                                       &end) || end <= probe->range.bad) {
        end = INT64_MAX;
    }
    probe->known = !unreadable_range_next(&probe->range, end);
    seek(consumer_batch, probe);
}

static bool is_packed(const rd_kafka_message_t *message)
{
    bool packed = message->err == RD_KAFKA_RESP_ERR__BAD_COMPRESSION ||
                  message->err == RD_KAFKA_RESP_ERR__BAD_MSG;
    return packed && message->offset >= 0;
}

bool kafka_unreadable_take(struct kafka *kafka, struct consumer_batch *consumer_batch,
                           rd_kafka_message_t *message)
{
    bool packed = is_packed(message);
    if (!message->rkt || (!packed && !consumer_batch->probes_count)) { return false; }
    const char *topic = rd_kafka_topic_name(message->rkt);
    struct probe *probe = find(consumer_batch, topic, message->partition);
    bool readable = message->err == RD_KAFKA_RESP_ERR_NO_ERROR ||
                    message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
    if (!packed && (!probe || !readable)) { return false; }
    if (packed) {
        kafka_set_why(kafka, "%s partition %" PRId32 ": %s", topic, message->partition,
                      rd_kafka_message_errstr(message));
    }
    if (probe) {
        bool answers = packed || message->offset >= probe->range.target;
        if (probe->sought && answers) {
            unreadable_range_take(&probe->range, !packed, message->offset);
            go_on(consumer_batch, probe);
        }
    } else {
        struct partition_offset *entry =
            partition_offsets_find(&consumer_batch->offsets, topic, message->partition);
        int64_t offset = MAX_OF(entry->position, message->offset);
        go_on(consumer_batch, add(consumer_batch, entry->topic, message->partition, offset));
    }
    rd_kafka_message_destroy(message);
    return true;
}
