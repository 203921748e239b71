/* Counts the at-once messages that are not acknowledged yet, by ack group: the messages of one
 * batch are one group. Group numbers rise.
 *
 * Batches are committed one after another, so only a few groups have outstanding messages at a
 * time. One thread.
 */
#ifndef FRESHET_STREAM_KAFKA_ACK_TRACKER_H
#define FRESHET_STREAM_KAFKA_ACK_TRACKER_H

#include "base/base.h"

enum { ACK_TRACKER_MAX = 8, ACK_GROUP_NONE = 0 };

struct ack_count {
    uint64_t group;
    size_t outstanding;
};

struct ack_tracker {
    struct ack_count at[ACK_TRACKER_MAX]; /* oldest first */
    size_t count;
    uint64_t failed_first, failed_last; /* of failures not yet taken; ACK_GROUP_NONE: none */
};

/* Counts one more message in a group, whose number is not below that of earlier calls. Returns the
 * group that the message was counted in, for ack_tracker_acknowledge(). When ACK_TRACKER_MAX groups
 * are in use, this is the newest of them, whose messages are then waited for longer. */
uint64_t ack_tracker_count(struct ack_tracker *acks, uint64_t group);
/* Takes one message off a group that ack_tracker_count() returned. */
void ack_tracker_acknowledge(struct ack_tracker *acks, uint64_t group);
/* The same for a message that could not be delivered. */
void ack_tracker_fail(struct ack_tracker *acks, uint64_t group);
/* True when a message of this group or an older one failed since the last call that was true. */
bool ack_tracker_take_failed(struct ack_tracker *acks, uint64_t group);
/* Returns the number of outstanding messages in this group and older ones. */
size_t ack_tracker_outstanding(const struct ack_tracker *acks, uint64_t group);

#endif
