/* The commit: makes what all tasks have processed durable, in a fixed order (commit.c).
 *
 * One commit is in flight at a time; its transaction runs on the committer's thread while the next
 * batch is processed. Functions return the commit's outcome as a verdict. Only the run acts on it,
 * e.g. rolls back.
 */
#ifndef FRESHET_STREAM_COMMIT_H
#define FRESHET_STREAM_COMMIT_H

#include "stream/task_list.h"

struct commit;

enum commit_verdict {
    COMMIT_NOTHING,   /* there was nothing to commit, or none is in flight */
    COMMIT_PENDING,   /* it is in flight */
    COMMIT_DONE,      /* it is committed, and the state is stored */
    COMMIT_UNSENT,    /* the batch was not closed: a message of the workers' flush was not sent */
    COMMIT_ABORTED,   /* rolled back: forget both batches, go on from the group's offsets */
    COMMIT_REFUSED,   /* the broker refuses this client: needs operator action */
    COMMIT_UNKNOWN,   /* fenced, or the outcome is not known: the process must end */
    COMMIT_NOT_STORED, /* it is committed, but a store was not written: the run is broken */
};

/* Borrows the parts. `threaded`: with the committer's thread; else everything happens in
 * commit_begin() and commit_step(). Free with commit_free(). */
struct commit *commit_new(struct env *env, struct task_list *tasks, struct at_once *at_once,
                          bool threaded);
struct commit *commit_free(struct commit *commit);
/* Ends the committer's thread after its present transaction; no commit may begin afterwards. */
void commit_stop(struct commit *commit);

/* Closes the batch and starts its commit; none may be in flight. */
enum commit_verdict commit_begin(struct commit *commit);
/* Advances the commit in flight. */
enum commit_verdict commit_step(struct commit *commit);
/* Waits for the commit in flight, at most that long: COMMIT_PENDING when it is still going. */
enum commit_verdict commit_wait(struct commit *commit, int64_t timeout_ms);
/* Asks for the acknowledgements of all at-once messages, those of the open batch too; none may be
 * in flight. COMMIT_NOTHING: all have come; COMMIT_PENDING: not yet; COMMIT_ABORTED: some messages
 * could not be delivered. */
enum commit_verdict commit_check_acks(struct commit *commit);
/* The same, and waits for them, at most that long. */
enum commit_verdict commit_await_acks(struct commit *commit, int64_t timeout_ms);

/* True when none is in flight. */
bool commit_idle(const struct commit *commit);
/* True while acknowledgements are waited for. */
bool commit_awaits_acks(const struct commit *commit);
/* True while the committer's thread runs the transaction. */
bool commit_running(const struct commit *commit);
/* Returns the bytes that the next commit will hold. */
size_t commit_open_bytes(struct commit *commit);
/* Updates the metrics of the bytes held for commits. */
void commit_report_bytes(struct commit *commit);

/* Says whether a task has processed more than the newest closed batch has. */
static inline bool commit_has_progress(const struct task *task)
{
    return task->state == TASK_RUNNING &&
           (task->input.offset > task->input.staged || task->worked);
}

#endif
