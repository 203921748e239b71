/* Restore: reads each task's changelog to its end into the local state, and moves tasks from
 * OPENING to RUNNING. restore.c explains the order of the steps.
 */
#ifndef FRESHET_STREAM_RESTORE_H
#define FRESHET_STREAM_RESTORE_H

#include "stream/standby.h"
#include "stream/task_list.h"

struct restore;

/* Borrows the parts; standby may be NULL. Free with restore_free(). */
struct restore *restore_new(struct env *env, struct task_list *tasks, struct standby *standby);
struct restore *restore_free(struct restore *restore);
/* Advances every task that does not run yet; reads for at most 50 ms. `loaded`: the broadcast
 * inputs are loaded, so restored tasks may run. */
void restore_step(struct restore *restore, bool loaded);
/* Closes the reader, because the tasks are about to change. */
void restore_pause(struct restore *restore);
/* Once a minute, warns of each task whose input keeps fewer records before the committed offset
 * than there are behind it: when retention has passed that offset, a restart is refused. For
 * workers that commit seldom. Asks the broker. */
void restore_watch_retention(struct restore *restore);
/* Stores what was read for a task so far, because the task is about to be closed. */
void restore_leave(struct task *task);
/* True while a changelog is read. */
bool restore_reads(const struct restore *restore);

#endif
