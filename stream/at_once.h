/* What is sent at once: replaceable outputs, and dead letters, each in the ack group of the
 * open batch (ack_tracker.h).
 *
 * A commit waits until everything up to its group is acknowledged, and later messages are in a
 * later group, so that the wait has an end. Before every message the clock is looked at
 * (standstill.c). A message that the wire does not take takes its whole batch back: nothing more of
 * it is sent, and the run begins it again after a pause.
 *
 * Worker's thread.
 */
#ifndef FRESHET_STREAM_AT_ONCE_H
#define FRESHET_STREAM_AT_ONCE_H

#include "stream/env.h"
#include "stream/standstill.h"

struct at_once {
    struct env *env;
    struct standstill standstill;
    uint64_t ack_group; /* of messages that are sent now */
    bool unsent; /* something was not sent: the batch must be taken back */
};

void at_once_init(struct at_once *at_once, struct env *env);
/* Sends a message, or notes that it was not sent, or ends the run. The bytes are copied. */
void at_once_send(struct at_once *at_once, const struct message *message);
/* Looks at the clock; true after a standstill: nothing may be sent until the batch was taken
 * back. */
bool at_once_halted(struct at_once *at_once);
/* Notes that a message was not sent (unsent), or ends the run: by a negative result of the wire. */
void at_once_not_sent(struct at_once *at_once, const struct message *message, int result);
/* Returns the ack group of what was sent last; what is sent from now on is in a later one. */
uint64_t at_once_close_group(struct at_once *at_once);

#endif
