/* The states of a task (one input partition that is ours) and the legal moves between them.
 *
 *   state      what happens in it                                    next
 *   OPENING    the store's lock, the group's offset and the          RESTORING, READY (no state)
 *              changelog's end are asked for, again until answered
 *   RESTORING  the changelog is read into the store                  READY
 *   READY      waits until the broadcast inputs are loaded           RUNNING
 *   RUNNING    its input is delivered                                OPENING (rolled back, tried
 *                                                                    again, another changelog)
 *   CLOSED     the partition was taken away; the end                 none
 *
 * A rebalance may close a task in any state but CLOSED. A task that is rolled back passes through
 * OPENING and RESTORING like a new one, while others may be in the middle of their restore.
 */
#ifndef FRESHET_STREAM_TASK_STATE_H
#define FRESHET_STREAM_TASK_STATE_H

#include "base/base.h"

enum task_state {
    TASK_OPENING, /* the first */
    TASK_RESTORING,
    TASK_READY,
    TASK_RUNNING,
    TASK_CLOSED,
    TASK_STATES_COUNT,
};

/* Says whether a task may go from one state to the other. */
bool task_state_may_move(enum task_state from, enum task_state to);
/* Changes the state; asserts that the move is legal. */
void task_state_move(enum task_state *state, enum task_state to);
/* Returns a state's name in the status, e.g. "restoring". */
const char *task_state_name(enum task_state state);

#endif
