#include "base/base.h"
#include "stream/kafka/ack_tracker.h"

static void drop_finished(struct ack_tracker *acks)
{
    size_t done = 0;
    while (done < acks->count && acks->at[done].outstanding == 0) { done++; }
    acks->count -= done;
    memmove(acks->at, acks->at + done, acks->count * sizeof(acks->at[0]));
}

uint64_t ack_tracker_count(struct ack_tracker *acks, uint64_t group)
{
    struct ack_count *newest = acks->count ? &acks->at[acks->count - 1] : NULL;
    assert(!newest || newest->group <= group);
    if (newest && newest->group < group) {
        drop_finished(acks);
        newest = acks->count ? &acks->at[acks->count - 1] : NULL;
    }
    if (newest && (newest->group == group || acks->count == ACK_TRACKER_MAX)) {
        newest->outstanding++;
        return newest->group;
    }
    acks->at[acks->count++] = (struct ack_count){.group = group, .outstanding = 1};
    return group;
}

void ack_tracker_acknowledge(struct ack_tracker *acks, uint64_t group)
{
    size_t i = 0;
    while (i < acks->count && acks->at[i].group != group) { i++; }
    assert(i < acks->count && acks->at[i].outstanding > 0);
    acks->at[i].outstanding--;
}

void ack_tracker_fail(struct ack_tracker *acks, uint64_t group)
{
    assert(group != ACK_GROUP_NONE);
    ack_tracker_acknowledge(acks, group);
    bool first = acks->failed_first == ACK_GROUP_NONE || group < acks->failed_first;
    if (first) { acks->failed_first = group; }
    acks->failed_last = MAX_OF(acks->failed_last, group);
}

/* Only the first and the last failed group are known. A group between them counts as failed too, at
 * the cost of a batch that is processed again without need. */
bool ack_tracker_take_failed(struct ack_tracker *acks, uint64_t group)
{
    if (acks->failed_first == ACK_GROUP_NONE || acks->failed_first > group) { return false; }
    bool more = acks->failed_last > group;
    acks->failed_first = more ? group + 1 : ACK_GROUP_NONE;
    if (!more) { acks->failed_last = ACK_GROUP_NONE; }
    return true;
}

size_t ack_tracker_outstanding(const struct ack_tracker *acks, uint64_t group)
{
    size_t outstanding = 0;
    for (size_t i = 0; i < acks->count && acks->at[i].group <= group; i++) {
        outstanding += acks->at[i].outstanding;
    }
    return outstanding;
}
