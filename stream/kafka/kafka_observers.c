/* Other groups' offsets, asked through a consumer of that group which never joins it: one a group,
 * made when it is first asked for. The admin client's ListConsumerGroupOffsets would need none, but
 * where it expires before the coordinator is reached, librdkafka ends the process once it is
 * (confluentinc/librdkafka#3663, #5397).
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "stream/kafka/kafka_admin.h"
#include "stream/kafka/kafka_internal.h"
#include "stream/kafka/kafka_request.h"

struct group_observer {
    struct group_observer *next;
    rd_kafka_t *rk;
    char group[];
};

static int make_observer(struct kafka *kafka, const char *group, rd_kafka_t **ret_rk)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_dup(kafka->reader_conf);
    char text[ERROR_TEXT_MAX];
    if (rd_kafka_conf_set(conf, "group.id", group, text, sizeof(text)) != RD_KAFKA_CONF_OK) {
        rd_kafka_conf_destroy(conf);
        kafka_set_why(kafka, "group.id: %s", text);
        return WIRE_FATAL;
    }
    int result = kafka_make_handle(kafka, RD_KAFKA_CONSUMER, conf, ret_rk);
    if (result) { return result; }
    struct group_observer *observer = xcalloc(1, sizeof(*observer) + strlen(group) + 1);
    memcpy(observer->group, group, strlen(group) + 1);
    observer->rk = *ret_rk;
    observer->next = kafka->observers;
    kafka->observers = observer;
    return 0;
}

static int observer_of(struct kafka *kafka, const char *group, rd_kafka_t **ret_rk)
{
    for (struct group_observer *one = kafka->observers; one; one = one->next) {
        if (strcmp(one->group, group) == 0) {
            *ret_rk = one->rk;
            return 0;
        }
    }
    return make_observer(kafka, group, ret_rk);
}

void kafka_close_observers(struct kafka *kafka)
{
    struct group_observer *next;
    for (struct group_observer *one = kafka->observers; one; one = next) {
        next = one->next;
        rd_kafka_destroy_flags(one->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
        free(one);
    }
    kafka->observers = NULL;
}

static rd_kafka_resp_err_t take_offsets(const rd_kafka_topic_partition_list_t *list,
                                        int64_t *ret_offsets)
{
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *entry = &list->elems[i];
        if (entry->err) { return entry->err; }
        if (entry->offset >= 0) { ret_offsets[entry->partition] = entry->offset; }
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

int admin_group_offsets(struct wire *wire, const char *group, const char *topic, int32_t partitions,
                        int64_t *ret_offsets)
{
    struct kafka *kafka = (struct kafka *)wire;
    rd_kafka_t *rk;
    for (int32_t p = 0; p < partitions; p++) { ret_offsets[p] = OFFSET_NONE; }
    int result = observer_of(kafka, group, &rk);
    if (result) { return result; }
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);
    for (int32_t p = 0; p < partitions; p++) {
        (void)rd_kafka_topic_partition_list_add(list, topic, p);
    }
    rd_kafka_resp_err_t code = rd_kafka_committed(rk, list, kafka->request_ms);
    (void)rd_kafka_poll(rk, 0);
    if (!code) { code = take_offsets(list, ret_offsets); }
    rd_kafka_topic_partition_list_destroy(list);
    return kafka_request_result(wire, "committed offsets of group", group, code);
}
