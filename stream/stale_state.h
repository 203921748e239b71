/* Stale state: deletes the local state of partitions that this copy neither serves nor keeps as
 * standby, once no process has used it for state.cleanup.delay.ms. Worker's thread.
 */
#ifndef FRESHET_STREAM_STALE_STATE_H
#define FRESHET_STREAM_STALE_STATE_H

#include "stream/standby.h"
#include "stream/task_list.h"

struct stale_state;

/* Borrows the parts; standby may be NULL. Free with stale_state_free(). */
struct stale_state *stale_state_new(struct env *env, struct task_list *tasks,
                                    const struct standby *standby);
struct stale_state *stale_state_free(struct stale_state *stale);
/* Looks for such state every few seconds. Takes NULL: the worker has none. For a healthy run. */
void stale_state_step(struct stale_state *stale);

#endif
