/* The struct of the run, for run.c, run_life.c, run_facts.c, run_spare.c and tests. The parts do
 * not include it: each has what it needs (see its header).
 */
#ifndef FRESHET_STREAM_RUN_INTERNAL_H
#define FRESHET_STREAM_RUN_INTERNAL_H

#include "stream/beside.h"
#include "stream/broadcast.h"
#include "stream/pace.h"
#include "stream/restore.h"
#include "stream/run.h"
#include "stream/stale_state.h"
#include "stream/topics.h"

enum { RUN_POLL_WORKING_MS = 1 };

struct run_metrics {
    struct metric *records;
    struct metric *process_seconds;
    struct metric *aborts;
    struct metric *rebalances;
    struct metric *broker_errors;
    struct metric *tasks;
    struct metric *at_rest;
};

struct run {
    struct env env;
    struct run_settings settings;
    const void *worker_settings;
    void *worker_state;
    struct topics topics;
    char *state_path;
    struct task_list tasks;
    struct at_once at_once;
    struct pace pace;
    struct commit *commit;
    struct restore *restore;
    struct broadcast *broadcast;
    struct beside *beside;           /* NULL: the worker has no such input */
    struct dead_letters *letters;
    struct schema_source *schemas;
    struct schema_hold *hold;
    struct standby *standby;         /* NULL: standby.copies=0, or no state */
    struct stale_state *stale_state; /* NULL: no state */
    struct run_metrics m;
    int64_t ticked_ms;
    int64_t trouble_ms;      /* when a broker's error was last logged */
    int64_t paused_until_ms; /* after VERDICT_RETRY */
    bool joined;      /* the group has assigned partitions to us, perhaps none */
    bool rolled_back; /* the newest commit was */
    bool unsettled; /* messages of a batch that was rolled back may be on their way */
    bool unacked;   /* at-once messages are not acknowledged yet, as of the last tick */
    bool threaded;  /* as in run_parts */
    bool waiting;   /* a partition waits (VERDICT_WAIT) */
    size_t spare_from; /* the task that is asked first for work that nobody waits for */
};

/* True while polled records and pieces of work are to be processed. */
static inline bool run_goes_on(const struct run *run)
{
    return !run->env.ending.broken && !run->at_once.unsent;
}

/* Does a piece of work that nobody waits for, for each task that wants to. */
void run_spare_step(struct run *run);
/* Returns the time until a task wants to, at most this. */
int64_t run_spare_wait_ms(const struct run *run, int64_t most_ms);
/* The callbacks that the wire calls. */
struct wire_listener run_listener(struct run *run);
/* Closes a task and removes it from the list. Takes NULL. */
void run_drop_task(struct run *run, struct task *task);

#endif
