/* The run: one worker's process on a wire, advanced step by step.
 *
 * worker_main() makes a run on Kafka and steps it until a signal. The topology tests make runs on
 * an in-process log (memlog.h) with a virtual clock; the code is the same.
 */
#ifndef FRESHET_STREAM_RUN_H
#define FRESHET_STREAM_RUN_H

#include "base/exit_code.h"
#include "stream/env.h"

/* Says whether a worker with these settings needs a transactional producer. */
bool run_needs_transactions(const struct worker *worker, const struct run_settings *settings);

struct run_parts {
    const struct worker *worker;
    const struct run_settings *settings;
    const void *worker_settings;
    struct wire *wire; /* taken: closed with the run */
    struct metrics *metrics; /* borrowed */
    struct env_clock clock;
    struct env_log log;
    bool threaded; /* commit on a thread of its own; false: inside run_step() */
};

/* Makes a run and joins the group. Returns NULL when the worker or the wire refuses, and sets the
 * exit code and the reason, which the caller frees. */
struct run *run_new(const struct run_parts *parts, int *ret_exit_code, char **ret_why);
/* Runs one round: the commit in flight, restores, broadcast inputs, one poll of at most timeout_ms,
 * a commit if one is due. Returns false when the run is broken: see run_why(). */
bool run_step(struct run *run, int timeout_ms);
/* Commits what is processed and waits for it; false when that failed or took too long. */
bool run_finish(struct run *run);
/* True while a commit is in flight. To free such a run means to wait for the commit, perhaps for
 * ever (no broker answers): the process must end instead, and the next start finds out whether the
 * transaction was committed. */
bool run_committing(struct run *run);
/* Lets the worker take over its settings, which have changed in place (struct worker, reload).
 * Between steps. Returns NULL, or why it did not, which the caller frees. */
char *run_reload(struct run *run);
/* Takes over those of the runtime's settings that may change while it runs (OPTION_LIVE). Between
 * steps. */
void run_take_settings(struct run *run, const struct run_settings *settings);
/* Leaves the group and frees the run, without a commit (run_finish() does that). Takes NULL. */
struct run *run_free(struct run *run);

/* True when nothing is left to do for the moment: tasks run, nothing is staged or in flight. */
bool run_idle(const struct run *run);
/* True at rest: all inputs are read to the ends that are known, everything is committed, and the
 * worker owes nothing. */
bool run_at_rest(const struct run *run);
/* True while all assigned tasks are running and the broadcast inputs are loaded. */
bool run_healthy(const struct run *run);
/* Returns why the run is broken, and the exit code for it. */
const char *run_why(const struct run *run);
int run_exit_code(const struct run *run);
/* Writes the status as JSON: partitions with offset, lag, state; dead letters by reason; standby
 * copies. From the worker's thread. */
void run_status(struct run *run, struct buf *out);

#endif
