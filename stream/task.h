/* A task: one input partition that is assigned to us, with its position in the input, the changes
 * of its batch, and its local state.
 *
 * Writers of the members: only task_move() changes `state` (task_state.h has the legal moves);
 * run.c advances `input.offset`, beside.c `beside_next`; commit.c writes the stages and the
 * committed offsets; restore.c opens `local` and owns `restoring`; schema_hold.c owns `held`.
 * Functions that workers call are in worker.h.
 */
#ifndef FRESHET_STREAM_TASK_H
#define FRESHET_STREAM_TASK_H

#include "stream/at_once.h"
#include "stream/schema_source.h"
#include "stream/state/position.h"
#include "stream/state/stage.h"
#include "stream/state/store.h"
#include "stream/task_state.h"

/* The position in the input. */
struct task_input {
    int64_t offset;    /* next to process */
    int64_t staged;    /* one past the newest closed batch */
    int64_t committed; /* one past what is committed */
    int64_t end;       /* the first offset that is not to be processed */
    int64_t newest;    /* offset of the newest record processed, and its timestamp: they identify */
    int64_t newest_ms; /* the input (position.h); OFFSET_NONE: none yet */
    bool ended;        /* `end` is reached, and the input is paused */
};

/* The state of the partition on this machine. */
struct task_local {
    int changelog;            /* index of the output; valid once `path` is set */
    int64_t changelog_offset; /* next changelog offset that is not in the store */
    int64_t position_offset;  /* as in the bookmark; the same for the next one */
    int64_t closed_newest;    /* newest changelog offset when the batch in flight was closed */
    char log_id[LOG_ID_BYTES];
    bool verified; /* the open store was found to be of this changelog */
    struct position position; /* of the batch in flight, and its message's texts */
    struct position_text position_text;
    char *path;
    struct store *store;
    struct store_batch *writes;
    bool damaged; /* task_free() deletes the store */
};

/* What a task needs of the run; all borrowed. */
struct task_parts {
    struct env *env;
    struct at_once *at_once;
    struct schema_source *schemas;
};

struct aside;
struct held;
struct restoring;

struct task {
    struct task_parts parts;
    const char *topic; /* of the input; the run's */
    int32_t partition;
    const enum task_state state; /* only task_move() writes it */
    void *worker_state;
    bool opened; /* the worker's open() was called */
    struct arena *arena;
    bool waits;   /* the input waits at a record, since VERDICT_WAIT */
    bool touched; /* records since the last end_poll */
    bool worked;  /* the worker did work that no record of its input brought, since the newest
                   * closed batch */
    int64_t beside_next; /* next offset to process beside the input; OFFSET_NONE: ask the worker */
    struct stage filling;
    struct stage flying;
    struct task_input input;
    struct task_local local;
    struct restoring *restoring; /* plain memory, freed by free() */
    struct held *held;           /* the same; NULL: the input is not held at a record */
    struct aside *reread;        /* NULL: the input is not read again */
    struct aside *followed;      /* NULL: no other topic is read */
    struct metric *lag;
    struct metric *restore_remaining;
    struct metric *offset;
};

/* Makes a task in TASK_OPENING. The topic is borrowed. */
struct task *task_new(const struct task_parts *parts, const char *topic, int32_t partition);
/* Closes the store and frees the task; the worker's close() is called if its open() was. Takes
 * NULL. */
struct task *task_free(struct task *task);
/* Ends all reading beside its input; before the wire is closed. */
void asides_stop(struct task *task);
/* Moves a task to another state: task_state.h says which moves are legal. */
void task_move(struct task *task, enum task_state to);
/* Forgets everything that is not committed: both stages, batch memory, and the worker's part. */
void task_forget(struct task *task);
/* Lets the worker combine and send what it has processed so far. */
void task_close_poll(struct task *task);
/* Returns the topic that is the task's changelog. */
const char *task_changelog_topic(const struct task *task);
/* Sets the position with which the batch in flight will end in the changelog. Call when it has been
 * closed, before more is processed. */
void task_set_position(struct task *task);
/* Returns it as a message, which borrows the task's memory. */
struct message task_position(struct task *task);
/* Fills in what a bookmark says of the changelog: offset and identity. */
struct bookmark task_bookmark(const struct task *task);
/* Ends the run because the task's state could not be written (a result of store_apply()). */
void task_not_stored(struct task *task, int result);

/* Says whether a record at this offset is to be processed now. */
static inline bool task_takes(const struct task *task, int64_t offset)
{
    return task->state == TASK_RUNNING && offset >= task->input.offset &&
           offset < task->input.end && !task->held && !task->waits;
}

#endif
