/* The ends of many partitions in two requests to each broker. One request a partition takes a start
 * that reads a table of thousands of partitions minutes, where brokers are busy.
 */
#include "base/base.h"
#include "stream/kafka/kafka_internal.h"

/* Takes the offsets of a list that was answered as one of the two ends. */
static int take_offsets(struct kafka *kafka, const rd_kafka_topic_partition_list_t *list,
                        int64_t which, struct log_bounds *ret_bounds)
{
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *at = &list->elems[i];
        if (kafka_is_missing(at->err)) {
            return kafka_confirm_missing(kafka, at->topic, at->partition);
        }
        if (at->err) { return kafka_classify_code(kafka, "log bounds", at->err); }
        int64_t *ret_end = which == RD_KAFKA_OFFSET_END ? &ret_bounds[i].end : &ret_bounds[i].low;
        *ret_end = at->offset;
    }
    return 0;
}

static int request_ends(struct kafka *kafka, const char *topic, int32_t first, int32_t count,
                        int64_t which, struct log_bounds *ret_bounds)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(count);
    for (int32_t p = first; p < first + count; p++) {
        rd_kafka_topic_partition_list_add(list, topic, p)->offset = which;
    }
    rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(kafka->bounds, list, kafka->request_ms);
    int result;
    if (kafka_is_missing(code)) {
        result = kafka_confirm_missing(kafka, topic, first);
    } else if (code) {
        result = kafka_classify_code(kafka, "log bounds", code);
    } else {
        result = take_offsets(kafka, list, which, ret_bounds);
    }
    rd_kafka_topic_partition_list_destroy(list);
    return result;
}

/* Takes what was answered; returns how many ends are still not known, or WIRE_REFUSED. */
static int take_ends(struct kafka *kafka, const rd_kafka_topic_partition_list_t *list,
                     rd_kafka_topic_partition_list_t *partitions)
{
    int missing = 0;
    for (int i = 0, next = 0; i < partitions->cnt; i++) {
        rd_kafka_topic_partition_t *end = &partitions->elems[i];
        if (end->offset >= 0) { continue; }
        const rd_kafka_topic_partition_t *at = &list->elems[next++];
        int result = 0;
        if (kafka_is_missing(at->err)) {
            result = kafka_confirm_missing(kafka, at->topic, at->partition);
        } else if (at->err) {
            result = kafka_classify_code(kafka, "log bounds", at->err);
        }
        if (result == WIRE_REFUSED) { return result; }
        if (result == 0 && at->offset >= 0) { end->offset = at->offset; }
        missing += end->offset < 0;
    }
    return missing;
}

int kafka_ask_ends(struct kafka *kafka, rd_kafka_topic_partition_list_t *partitions)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions->cnt);
    for (int i = 0; i < partitions->cnt; i++) {
        const rd_kafka_topic_partition_t *at = &partitions->elems[i];
        if (at->offset >= 0) { continue; }
        rd_kafka_topic_partition_list_add(list, at->topic, at->partition)->offset =
            RD_KAFKA_OFFSET_END;
    }
    rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(kafka->bounds, list, kafka->request_ms);
    for (int i = 0; i < list->cnt && code; i++) {
        if (!list->elems[i].err) { list->elems[i].err = code; }
    }
    int missing = list->cnt ? take_ends(kafka, list, partitions) : 0;
    rd_kafka_topic_partition_list_destroy(list);
    return missing;
}

int kafka_bounds_of(struct wire *wire, const char *topic, int32_t first, int32_t count,
                    struct log_bounds *ret_bounds)
{
    struct kafka *kafka = (struct kafka *)wire;
    int result =
        request_ends(kafka, topic, first, count, RD_KAFKA_OFFSET_BEGINNING, ret_bounds);
    if (result < 0) { return result; }
    return request_ends(kafka, topic, first, count, RD_KAFKA_OFFSET_END, ret_bounds);
}
