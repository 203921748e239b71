/* Placement: where the input of a restored task goes on. The group's committed offset says so, but
 * the changelog knows what it counts (stream/state/position.h): where they differ, counting must
 * neither be repeated nor left out.
 *
 *   the group's offset is       the input goes on
 *   missing                     where the changelog ends; without a position: at the start, or not
 *                               at all when there is state
 *   behind the changelog's      where the changelog ends
 *   ahead of the changelog's    not at all: what lies between would be lost
 *   outside of the topic        not at all
 *
 * A changelog that is sent at once has no positions, and to make its rows again is harmless. There
 * the group's word counts; only where it is ahead of local state to which nobody has added anything
 * since, the input goes on where that state ends. An input that does not have the group's offset is
 * read again from its start. A position counts only while the input is the
 * topic that it was written about.
 */
#ifndef FRESHET_STREAM_PLACEMENT_H
#define FRESHET_STREAM_PLACEMENT_H

#include "stream/task.h"

/* What the changelog showed while it was read. */
struct found_position {
    bool any;    /* `position` is the newest one */
    bool newest; /* no other record follows it */
    bool state;  /* there are records of state */
    int64_t stored; /* without positions: what the local state counts to, if it is all there is */
    struct position position;
};

struct placement {
    int64_t committed;
    int64_t low, end;                   /* of the input */
    const struct found_position *found; /* NULL: the worker has no state */
};

/* Chooses the next input offset; false: not known yet, or the run is broken. */
bool placement_choose(struct task *task, const struct placement *placement, int64_t *ret_offset);

#endif
