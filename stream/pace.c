/* Time is read in milliseconds, so a poll that takes less counts as 0 or 1. The sum over many polls
 * is right all the same, because polls begin at any part of a millisecond.
 *
 * The time that reading again would take is that for which the thread has computed. Measured by
 * the clock, checkpoints would be many where a machine has other load, and would add to it.
 */
#include "base/base.h"
#include "stream/pace.h"

enum {
    BURST_BYTES = 1 << 18, /* a burst is over when so many bytes were processed */
    BURST_QUIET_MS = 40,   /* and no record has come for so long: commit now */
    RECORDS_BETWEEN_CLOCKS = 16,
    FEW_INTERVALS = 16,      /* for which few records wait for more */
    FEW_REST_INTERVALS = 4,  /* unless none has come for so many */
    FEW_MS_MAX = 8000,
    HURRIED_MS = 100,
};

void pace_init(struct pace *pace, const struct env *env, struct commit *commit,
               struct task_list *tasks, const struct checkpoint_policy *policy)
{
    *pace = (struct pace){.env = env,
                          .commit = commit,
                          .tasks = tasks,
                          .policy = policy,
                          .began_ms = env_now_ms(env)};
    batch_limit_init(&pace->limit, worker_delivery_ms(env->worker));
    pace->share = metrics_gauge(env->metrics, "freshet_batch_share_ratio", "",
                                "Share of the limits of a batch in use; less than 1 after commits "
                                "that could not be delivered in time.");
    metric_set(pace->share, 1.0);
}

/* How much of the limits the open batch uses. */
static double used(struct pace *pace)
{
    const struct run_settings *settings = pace->env->settings;
    double bytes = (double)commit_open_bytes(pace->commit) / (double)settings->batch_bytes_max;
    return MAX_OF(bytes, (double)pace->records / (double)settings->batch_records_max);
}

void pace_forget(struct pace *pace)
{
    if (pace->polling) { pace->poll_ms = env_work_ms(pace->env); }
    pace->records = 0;
    pace->worked_ms = 0;
}

void pace_succeeded(struct pace *pace)
{
    batch_limit_succeeded(&pace->limit, env_now_ms(pace->env) - pace->closed_ms);
    metric_set(pace->share, pace->limit.share);
}

void pace_failed(struct pace *pace)
{
    batch_limit_failed(&pace->limit);
    metric_set(pace->share, pace->limit.share);
}

void pace_restart(struct pace *pace)
{
    batch_limit_begin(&pace->limit, used(pace));
    pace_forget(pace);
    pace->began_ms = env_now_ms(pace->env);
    pace->input_bytes = 0;
    pace->burst_over = false;
    pace->hurried = false;
}

void pace_closed(struct pace *pace)
{
    pace->closed_ms = env_now_ms(pace->env);
}

void pace_polled(struct pace *pace, size_t count)
{
    int64_t now_ms = env_now_ms(pace->env);
    if (count) {
        pace->fed_ms = now_ms;
        pace->poll_ms = env_work_ms(pace->env);
        pace->polling = true;
    }
    pace->burst_over =
        pace->input_bytes >= BURST_BYTES && now_ms - pace->fed_ms >= BURST_QUIET_MS;
}

void pace_poll_done(struct pace *pace)
{
    if (!pace->polling) { return; }
    pace->worked_ms += env_work_ms(pace->env) - pace->poll_ms;
    pace->polling = false;
}

void pace_want(struct pace *pace, int64_t for_ms)
{
    pace->wanted_ms = env_now_ms(pace->env) + for_ms;
}

void pace_hurry(struct pace *pace)
{
    pace->hurried = true;
}

/* True until a commit has begun after the time for which commits were wanted. */
static bool follows_interval(const struct pace *pace)
{
    return !pace->policy || pace->began_ms < pace->wanted_ms;
}

static bool is_heavy(struct pace *pace)
{
    return commit_open_bytes(pace->commit) >=
           batch_limit_of(&pace->limit, pace->env->settings->batch_bytes_max);
}

/* The time spent computing on the uncommitted input. */
static int64_t replay_ms(const struct pace *pace)
{
    int64_t present_ms = pace->polling ? env_work_ms(pace->env) - pace->poll_ms : 0;
    return pace->worked_ms + present_ms;
}

bool pace_presses(struct pace *pace)
{
    if (is_heavy(pace)) { return true; }
    return pace->policy && pace->records % RECORDS_BETWEEN_CLOCKS == 0 &&
           replay_ms(pace) >= pace->policy->replay_ms;
}

/* A checkpoint may be late by half of its time; a kill then costs that much more. */
bool pace_full(struct pace *pace)
{
    if (is_heavy(pace)) { return true; }
    if (pace->policy) { return replay_ms(pace) > pace->policy->replay_ms * 3 / 2; }
    return pace->records >= batch_limit_of(&pace->limit, pace->env->settings->batch_records_max);
}

/* Says whether all tasks have read to the ends that are known. Otherwise records are late because
 * the broker or the network is slow, or the machine is. */
static bool all_read(const struct pace *pace)
{
    for (size_t i = 0; i < pace->tasks->count; i++) {
        const struct task *task = pace->tasks->at[i];
        int64_t end = wire_lag_end(pace->env->wire, task->topic, task->partition);
        if (!task->input.ended && end != OFFSET_NONE && task->input.offset < end) { return false; }
    }
    return true;
}

static bool checkpoint_due(struct pace *pace)
{
    const struct checkpoint_policy *policy = pace->policy;
    int64_t now_ms = env_now_ms(pace->env);
    bool rests = now_ms - pace->fed_ms >= policy->rest_ms && all_read(pace);
    return rests || replay_ms(pace) >= policy->replay_ms ||
           (pace->records && now_ms - pace->first_ms >= policy->interval_ms);
}

/* Says whether the open batch has so few records that it waits for more. */
static bool is_few(const struct pace *pace)
{
    return pace->records < pace->env->worker->records_few && pace->began_ms >= pace->wanted_ms;
}

/* How long after the last commit began the next one is due, when commits follow the interval. */
static int64_t interval_ms(const struct pace *pace)
{
    int64_t ms = pace->env->settings->commit_interval_ms;
    if (pace->hurried) { return MIN_OF(ms, (int64_t)HURRIED_MS); }
    if (!is_few(pace)) { return ms; }
    int64_t rested_ms = pace->fed_ms - pace->began_ms + ms * FEW_REST_INTERVALS;
    int64_t longest_ms = MIN_OF(ms * FEW_INTERVALS, (int64_t)FEW_MS_MAX);
    return MAX_OF(MIN_OF(rested_ms, longest_ms), ms);
}

bool pace_due(struct pace *pace)
{
    bool progress = false;
    for (size_t i = 0; i < pace->tasks->count; i++) {
        progress |= commit_has_progress(pace->tasks->at[i]);
    }
    if (!progress) { return false; }
    /* few records that came slowly are no burst, however long they are */
    bool slow = is_few(pace) && pace->fed_ms - pace->began_ms > interval_ms(pace) / 2;
    bool burst_over = pace->burst_over && !slow;
    if (pace_full(pace) || (pace->policy ? checkpoint_due(pace) : burst_over)) { return true; }
    return follows_interval(pace) &&
           env_now_ms(pace->env) - pace->began_ms >= interval_ms(pace);
}

int64_t pace_wait_ms(const struct pace *pace, int64_t most_ms)
{
    if (!pace->records) { return most_ms; }
    int64_t due_ms = INT64_MAX;
    if (pace->policy) { due_ms = pace->fed_ms + pace->policy->rest_ms; }
    if (follows_interval(pace)) {
        due_ms = MIN_OF(due_ms, pace->began_ms + interval_ms(pace));
    }
    return MIN_OF(most_ms, MAX_OF(due_ms - env_now_ms(pace->env), (int64_t)0));
}

size_t pace_room(const struct pace *pace)
{
    const struct run_settings *settings = pace->env->settings;
    size_t poll = batch_limit_of(&pace->limit, settings->poll_records_max);
    size_t most = batch_limit_of(&pace->limit, settings->batch_records_max);
    if (pace->policy) { return poll; }
    return most > pace->records ? MIN_OF(most - pace->records, poll) : 1;
}
