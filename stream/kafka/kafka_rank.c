/* The rank of this member among the group's, for standby copies. A thread asks, and later calls
 * look whether it has been answered, so nothing blocks the worker's thread. The admin client's
 * DescribeConsumerGroups would need no thread, but where it expires before the coordinator is
 * reached, librdkafka ends the process once it is (confluentinc/librdkafka#4605, #5397).
 */
#include "base/base.h"
#include "base/slice.h"
#include "base/thread.h"
#include "base/xalloc.h"
#include "stream/kafka/kafka_internal.h"

#include <stdatomic.h>

enum {
    RANK_TIMEOUT_MS = 5000,
    UUID_TEXT = 36,
};

struct rank_request {
    rd_kafka_t *rk;
    const char *group;
    pthread_t thread;
    atomic_bool done; /* what follows is the thread's until then */
    rd_kafka_resp_err_t code;
    const struct rd_kafka_group_list *list; /* or NULL */
};

static void *describe(void *arg)
{
    struct rank_request *request = arg;
    request->code =
        rd_kafka_list_groups(request->rk, request->group, &request->list, RANK_TIMEOUT_MS);
    atomic_store(&request->done, true);
    return NULL;
}

/* Through a handle that is no member. */
static void send_request(struct kafka *kafka)
{
    struct rank_request *request = xcalloc(1, sizeof(*request));
    request->rk = kafka->bounds;
    request->group = kafka->group;
    if (thread_start(&request->thread, "rank", describe, request) != 0) {
        free(request);
        return;
    }
    kafka->rank = request;
}

void kafka_close_rank(struct kafka *kafka)
{
    struct rank_request *request = kafka->rank;
    if (!request) { return; }
    thread_join(request->thread);
    if (request->list) { rd_kafka_group_list_destroy(request->list); }
    free(request);
    kafka->rank = NULL;
}

/* The broker names a static member `instance-uuid` (GroupMetadataManager.generateMemberId). */
static bool instance_of(const char *member_id, struct slice *ret_instance)
{
    size_t size = strlen(member_id);
    if (size <= UUID_TEXT + 1 || member_id[size - UUID_TEXT - 1] != '-') { return false; }
    *ret_instance = slice_of(member_id, size - UUID_TEXT - 1);
    return true;
}

/* Ranks by instance id, as librdkafka's range assignor sorts static members. */
static int rank_among(const struct kafka *kafka, const struct rd_kafka_group_info *group,
                      size_t *ret_rank, size_t *ret_count)
{
    size_t rank = 0;
    bool found = false;
    for (int i = 0; i < group->member_cnt; i++) {
        struct slice instance;
        if (!instance_of(group->members[i].member_id, &instance)) { return WIRE_RETRY; }
        int order = slice_compare(instance, slice_str(kafka->instance));
        rank += order < 0;
        found |= order == 0;
    }
    if (!found) { return WIRE_RETRY; }
    *ret_rank = rank;
    *ret_count = (size_t)group->member_cnt;
    return 0;
}

static int read_answer(struct kafka *kafka, const struct rank_request *request, size_t *ret_rank,
                       size_t *ret_count)
{
    const struct rd_kafka_group_list *list = request->list;
    for (int i = 0; list && i < list->group_cnt; i++) {
        const struct rd_kafka_group_info *group = &list->groups[i];
        if (strcmp(group->group, kafka->group) != 0) { continue; }
        if (group->err || strcmp(group->state, "Stable") != 0) { return WIRE_RETRY; }
        return rank_among(kafka, group, ret_rank, ret_count);
    }
    return request->code ? kafka_classify_code(kafka, "members of the group", request->code)
                         : WIRE_RETRY;
}

int kafka_rank(struct wire *wire, size_t *ret_rank, size_t *ret_count)
{
    struct kafka *kafka = (struct kafka *)wire;
    if (!kafka->group || !kafka->instance) { return WIRE_RETRY; }
    if (!kafka->rank) { send_request(kafka); }
    if (!kafka->rank || !atomic_load(&kafka->rank->done)) { return WIRE_RETRY; }
    int result = read_answer(kafka, kafka->rank, ret_rank, ret_count);
    kafka_close_rank(kafka);
    return result;
}
