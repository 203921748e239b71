/* Output watch: notices messages that others write to a task's partition of an at-once output, and
 * messages of ours that the topic has lost.
 *
 * Nothing fences what is sent at once: messages that a former owner had under way may arrive behind
 * the new owner's, and a compacted topic then keeps them. Seen are those between our own messages,
 * as a gap in the acknowledged offsets, and, by a question to the broker once a minute, those
 * behind them. Those before our first message do no harm. The same question shows a topic that ends
 * before our newest message: a broker lost it. One thread.
 */
#ifndef FRESHET_STREAM_OUTPUT_WATCH_H
#define FRESHET_STREAM_OUTPUT_WATCH_H

#include "stream/worker.h"

/* Open data, embedded in the task's state. */
struct output_watch {
    int output;
    int64_t asked_ms;
};

/* Begins; again when the task's messages begin to go there. */
void output_watch_begin(struct output_watch *watch, struct task *task, int output);
/* Says whether either has happened, and begins again if so. To be called from `tick`. */
bool output_watch_check(struct output_watch *watch, struct task *task);

#endif
