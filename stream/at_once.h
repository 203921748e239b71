/* Sends messages at once: replaceable outputs and dead letters, each in the ack group of the open
 * batch (ack_tracker.h).
 *
 * A commit waits until all messages up to its group are acknowledged. Later messages are in a later
 * group, so the wait ends. Before each message the clock is checked for a standstill
 * (standstill.c). When the wire refuses a message, nothing more of its batch is sent; the run
 * processes the batch again after a pause.
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
    bool unsent; /* something was not sent: the run must roll the batch back */
};

void at_once_init(struct at_once *at_once, struct env *env);
/* Sends a message; when that fails, sets `unsent` or ends the run. The bytes are copied. */
void at_once_send(struct at_once *at_once, const struct message *message);
/* Checks the clock. Returns true after a standstill: then nothing may be sent until the batch is
 * rolled back. */
bool at_once_halted(struct at_once *at_once);
/* Handles a negative result of the wire for a message: sets `unsent` or ends the run. */
void at_once_not_sent(struct at_once *at_once, const struct message *message, int result);
/* Closes the open ack group and returns it; later messages are in a later group. */
uint64_t at_once_close_group(struct at_once *at_once);

#endif
