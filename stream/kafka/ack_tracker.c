#include "base/base.h"
#include "stream/kafka/ack_tracker.h"

static void drop_finished(struct ack_tracker *acks)
{
    size_t done = 0;
    while (done < acks->count && acks->at[done].outstanding == 0) { done++; }
    acks->count -= done;
    memmove(acks->at, acks->at + done, acks->count * sizeof(acks->at[0]));
}

uint64_t ack_tracker_count(struct ack_tracker *acks, uint64_t mark)
{
    struct ack_count *newest = acks->count ? &acks->at[acks->count - 1] : NULL;
    assert(!newest || newest->mark <= mark);
    if (newest && newest->mark < mark) {
        drop_finished(acks);
        newest = acks->count ? &acks->at[acks->count - 1] : NULL;
    }
    if (newest && (newest->mark == mark || acks->count == ACK_TRACKER_MAX)) {
        newest->outstanding++;
        return newest->mark;
    }
    acks->at[acks->count++] = (struct ack_count){.mark = mark, .outstanding = 1};
    return mark;
}

void ack_tracker_acknowledge(struct ack_tracker *acks, uint64_t mark)
{
    size_t i = 0;
    while (i < acks->count && acks->at[i].mark != mark) { i++; }
    assert(i < acks->count && acks->at[i].outstanding > 0);
    acks->at[i].outstanding--;
}

void ack_tracker_fail(struct ack_tracker *acks, uint64_t mark)
{
    assert(mark != ACK_MARK_NONE);
    ack_tracker_acknowledge(acks, mark);
    bool first = acks->failed_first == ACK_MARK_NONE || mark < acks->failed_first;
    if (first) { acks->failed_first = mark; }
    acks->failed_last = MAX_OF(acks->failed_last, mark);
}

/* Only the first and the last failed mark are known: what lies between may be told too early, which
 * costs a batch that is tried again. */
bool ack_tracker_take_failed(struct ack_tracker *acks, uint64_t mark)
{
    if (acks->failed_first == ACK_MARK_NONE || acks->failed_first > mark) { return false; }
    bool more = acks->failed_last > mark;
    acks->failed_first = more ? mark + 1 : ACK_MARK_NONE;
    if (!more) { acks->failed_last = ACK_MARK_NONE; }
    return true;
}

size_t ack_tracker_outstanding(const struct ack_tracker *acks, uint64_t mark)
{
    size_t outstanding = 0;
    for (size_t i = 0; i < acks->count && acks->at[i].mark <= mark; i++) {
        outstanding += acks->at[i].outstanding;
    }
    return outstanding;
}
