/* Rereading: a task's input read once more, from its first record to where the task was, beside the
 * input. For a worker that keeps something of its input on this machine, which another machine does
 * not have. Worker's thread; worker.h has the functions for workers.
 */
#ifndef FRESHET_STREAM_REREAD_H
#define FRESHET_STREAM_REREAD_H

#include "stream/task.h"

/* Ends a task's rereading, if there is one; before its wire is closed. */
void reread_stop(struct task *task);

#endif
