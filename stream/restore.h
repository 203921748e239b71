/* Restore: brings the tasks' local state up to the end of its changelog, and tasks from OPENING to
 * RUNNING (restore.c tells in which order what is asked).
 */
#ifndef FRESHET_STREAM_RESTORE_H
#define FRESHET_STREAM_RESTORE_H

#include "stream/standby.h"
#include "stream/task_list.h"

struct restore;

/* Borrows the parts; standby may be NULL. Free with restore_free(). */
struct restore *restore_new(struct env *env, struct task_list *tasks, struct standby *standby);
struct restore *restore_free(struct restore *restore);
/* Moves every task on that does not run yet; reads for at most 50 ms. `loaded`: the broadcast
 * inputs are, so that what is restored may run. */
void restore_step(struct restore *restore, bool loaded);
/* Closes the reader: the tasks are about to change. */
void restore_pause(struct restore *restore);
/* Writes out what a task has been restored of so far: it is about to be closed. */
void restore_leave(struct task *task);
/* True while a changelog is read. */
bool restore_reads(const struct restore *restore);

#endif
