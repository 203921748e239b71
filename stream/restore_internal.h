/* The internal part of restoring, shared by restore.c (steps and reading) and restore_plan.c
 * (whether local state can go on from its changelog, and from where).
 */
#ifndef FRESHET_STREAM_RESTORE_INTERNAL_H
#define FRESHET_STREAM_RESTORE_INTERNAL_H

#include "stream/placement.h"
#include "stream/restore.h"

/* The progress of a task's restore. */
struct restoring {
    int64_t deadline_ms; /* by which we must hold the store's lock; 0: we do not wait for it */
    int64_t from;
    int64_t low;   /* first offset of the changelog, when the task was opened */
    int64_t end;   /* log end at which the restore is over */
    int64_t committed; /* the group's offset; OFFSET_NONE: it has none */
    int64_t began_ms;  /* time of day */
    int64_t current_ms; /* time of day up to which the state read so far is complete */
    struct bookmark bookmark; /* as it was found; all zero: the store was fresh */
    struct found_position found;
    bool unverified; /* the changelog has not shown yet that the state is its own */
    bool foreign;    /* it has shown that it is not */
    bool is_read;  /* the open reader reads its changelog */
    bool loading;  /* between store_load_begin() and store_load_end() */
    bool claiming; /* a standby of this machine was asked to release its lock */
};

/* Opens and checks a task's local state and sets from where its changelog is read; false: not known
 * yet, or the run is broken. `standby` may be NULL. */
bool restore_plan(struct task *task, struct standby *standby, int64_t committed);
/* Chooses the task's changelog; deletes local state that belongs to a former one. False: not known
 * yet. */
bool restore_choose_changelog(struct task *task);
/* Begins again with an empty store, because the changelog is not that of the state: it was
 * recreated, or is of another cluster. */
void restore_rebuild(struct task *task);

#endif
