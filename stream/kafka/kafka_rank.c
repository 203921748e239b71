/* The rank of this member among the group's, for standby copies. The request is asynchronous: the
 * first call sends it, later calls look whether the answer has arrived, so nothing blocks the
 * worker's thread.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "stream/kafka/kafka_internal.h"

/* Requests a description of the group from its coordinator, through a handle that is no member; the
 * answer arrives in a queue of its own. */
static void send_request(struct kafka *kafka)
{
    char text[ERROR_TEXT_MAX];
    const char *groups[] = {kafka->group};
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(kafka->bounds, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS);
    (void)rd_kafka_AdminOptions_set_request_timeout(options, REQUEST_TIMEOUT_MS, text,
                                                    sizeof(text));
    if (!kafka->answers) { kafka->answers = rd_kafka_queue_new(kafka->bounds); }
    rd_kafka_DescribeConsumerGroups(kafka->bounds, groups, ARRAY_COUNT(groups), options,
                                    kafka->answers);
    rd_kafka_AdminOptions_destroy(options);
    kafka->asked = true;
}

/* Ranks by instance id, as librdkafka's range assignor sorts static members. */
static int rank_among(const struct kafka *kafka, const rd_kafka_ConsumerGroupDescription_t *group,
                      size_t *ret_rank, size_t *ret_count)
{
    size_t count = rd_kafka_ConsumerGroupDescription_member_count(group), rank = 0;
    bool found = false;
    for (size_t i = 0; i < count; i++) {
        const char *id = rd_kafka_MemberDescription_group_instance_id(
            rd_kafka_ConsumerGroupDescription_member(group, i));
        if (!id) { return WIRE_RETRY; }
        int order = strcmp(id, kafka->instance);
        rank += order < 0;
        found |= order == 0;
    }
    if (!found) { return WIRE_RETRY; }
    *ret_rank = rank;
    *ret_count = count;
    return 0;
}

static int read_answer(struct kafka *kafka, rd_kafka_event_t *event, size_t *ret_rank,
                       size_t *ret_count)
{
    const rd_kafka_DescribeConsumerGroups_result_t *result =
        rd_kafka_event_DescribeConsumerGroups_result(event);
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    if (code || !result) { return kafka_classify_code(kafka, "members of the group", code); }
    size_t count;
    const rd_kafka_ConsumerGroupDescription_t **groups =
        rd_kafka_DescribeConsumerGroups_result_groups(result, &count);
    if (count != 1 || rd_kafka_ConsumerGroupDescription_error(groups[0]) ||
        rd_kafka_ConsumerGroupDescription_state(groups[0]) !=
            RD_KAFKA_CONSUMER_GROUP_STATE_STABLE) {
        return WIRE_RETRY;
    }
    return rank_among(kafka, groups[0], ret_rank, ret_count);
}

int kafka_rank(struct wire *wire, size_t *ret_rank, size_t *ret_count)
{
    struct kafka *kafka = (struct kafka *)wire;
    if (!kafka->group || !kafka->instance) { return WIRE_RETRY; }
    if (!kafka->asked) { send_request(kafka); }
    rd_kafka_event_t *event = rd_kafka_queue_poll(kafka->answers, 0);
    if (!event) { return WIRE_RETRY; }
    kafka->asked = false;
    int result = read_answer(kafka, event, ret_rank, ret_count);
    rd_kafka_event_destroy(event);
    return result;
}
