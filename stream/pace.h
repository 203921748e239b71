/* The pace: decides when the next commit is due. Worker's thread.
 *
 * Most workers commit by the interval, the limits of a batch, and the end of a burst. Where few
 * records may wait for more (worker.h), a batch of few waits for 16 intervals, at most for 8 s, or
 * until none has come for four intervals; what came slowly is no burst then. A worker whose commits
 * are checkpoints (worker.h) commits when processing the uncommitted input again would take too
 * long, when memory is full, when the first uncommitted record is old, and when input rests; never
 * because of the interval or the end of a burst.
 */
#ifndef FRESHET_STREAM_PACE_H
#define FRESHET_STREAM_PACE_H

#include "stream/batch_limit.h"
#include "stream/commit.h"

struct pace {
    const struct env *env;
    struct commit *commit;
    struct task_list *tasks;
    const struct checkpoint_policy *policy; /* NULL: commits are no checkpoints */
    int64_t began_ms;   /* when the newest commit began */
    int64_t closed_ms;  /* when its batch was closed and its delivery began */
    size_t records;     /* processed since then */
    size_t input_bytes; /* of these records */
    int64_t first_ms;   /* when the first of these records came */
    int64_t fed_ms;     /* when the last record came */
    int64_t worked_ms;  /* time computed on these records, without the present poll */
    int64_t poll_ms;    /* the time computed when the present poll's records came */
    bool polling;       /* there is a present poll */
    bool burst_over;    /* many were processed and none is left: commit now */
    bool hurried;       /* other copies wait for what the next commit tells */
    int64_t wanted_ms;  /* until then commits follow the interval in any case */
    struct batch_limit limit;
    struct metric *share;
};

/* Borrows all. `policy` may be NULL. */
void pace_init(struct pace *pace, const struct env *env, struct commit *commit,
               struct task_list *tasks, const struct checkpoint_policy *policy);
/* Call when a commit begins. */
void pace_restart(struct pace *pace);
/* Call when its batch is closed: what follows is its delivery. */
void pace_closed(struct pace *pace);
/* Call when it has succeeded, or was rolled back: batches become as large as can be delivered. */
void pace_succeeded(struct pace *pace);
void pace_failed(struct pace *pace);
/* Call when what was processed since is forgotten. */
void pace_forget(struct pace *pace);
/* Call when a poll has returned so many records, and when they are processed. */
void pace_polled(struct pace *pace, size_t count);
void pace_poll_done(struct pace *pace);
/* Lets commits follow the interval for so long from now. */
void pace_want(struct pace *pace, int64_t for_ms);
/* Lets the next commit come soon: others wait for what it tells (run_told() in worker.h). */
void pace_hurry(struct pace *pace);
/* True when the batch must not grow in the middle of a poll: it has reached its limit of bytes, or
 * that of a checkpoint's time. */
bool pace_presses(struct pace *pace);
/* True when the batch has reached a limit at which a commit in flight must be waited for. */
bool pace_full(struct pace *pace);
/* True when a commit is due. */
bool pace_due(struct pace *pace);
/* Returns how long a poll may wait. */
int64_t pace_wait_ms(const struct pace *pace, int64_t most_ms);
/* Returns how many records a poll may take, at least 1. */
size_t pace_room(const struct pace *pace);

/* Call when a record of so many bytes was processed. */
static inline void pace_count(struct pace *pace, size_t bytes)
{
    if (!pace->records) { pace->first_ms = pace->fed_ms; }
    pace->records++;
    pace->input_bytes += bytes;
}

#endif
