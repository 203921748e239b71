/* Marks: how many at-once messages of which batch are not yet acknowledged.
 *
 * Batches are committed one after the other, so only a few acks have messages outstanding at a
 * time.
 */
#ifndef FRESHET_STREAM_KAFKA_ACK_TRACKER_H
#define FRESHET_STREAM_KAFKA_ACK_TRACKER_H

#include "base/base.h"

enum { ACK_TRACKER_MAX = 8, ACK_MARK_NONE = 0 };

struct ack_count {
    uint64_t mark;
    size_t outstanding;
};

struct ack_tracker {
    struct ack_count at[ACK_TRACKER_MAX]; /* oldest first */
    size_t count;
    uint64_t failed_first, failed_last; /* of failures not yet told; ACK_MARK_NONE: none */
};

/* Counts one more message under a mark, which never falls from call to call. Returns the mark that
 * the message is counted under, for ack_tracker_acknowledge(): when all places are taken that is an
 * older one, which only makes somebody wait longer. */
uint64_t ack_tracker_count(struct ack_tracker *acks, uint64_t mark);
/* Takes one message off a mark that ack_tracker_count() returned. */
void ack_tracker_acknowledge(struct ack_tracker *acks, uint64_t mark);
/* The same for a message that could not be delivered. */
void ack_tracker_fail(struct ack_tracker *acks, uint64_t mark);
/* Says whether a message under this mark or an older one failed, once. */
bool ack_tracker_take_failed(struct ack_tracker *acks, uint64_t mark);
/* Counts the messages outstanding under this and older acks. */
size_t ack_tracker_outstanding(const struct ack_tracker *acks, uint64_t mark);

#endif
