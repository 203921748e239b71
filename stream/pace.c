#include "base/base.h"
#include "stream/pace.h"

enum {
    BURST_BYTES = 1 << 18, /* a burst is over when so many bytes were processed */
    BURST_QUIET_MS = 40,   /* and no record has come for so long: commit now */
};

void pace_init(struct pace *pace, const struct env *env, struct commit *commit,
               struct task_list *tasks)
{
    *pace = (struct pace){
        .env = env, .commit = commit, .tasks = tasks, .began_ms = env_now_ms(env)};
}

void pace_restart(struct pace *pace)
{
    pace->began_ms = env_now_ms(pace->env);
    pace->records = 0;
    pace->input_bytes = 0;
    pace->burst_over = false;
}

void pace_polled(struct pace *pace, size_t count)
{
    int64_t now_ms = env_now_ms(pace->env);
    if (count) { pace->fed_ms = now_ms; }
    pace->burst_over =
        pace->input_bytes >= BURST_BYTES && now_ms - pace->fed_ms >= BURST_QUIET_MS;
}

bool pace_heavy(struct pace *pace)
{
    return commit_open_bytes(pace->commit) >= (size_t)pace->env->settings->batch_bytes_max;
}

bool pace_full(struct pace *pace)
{
    return pace_heavy(pace) || pace->records >= (size_t)pace->env->settings->batch_records_max;
}

bool pace_due(struct pace *pace)
{
    bool progress = false;
    for (size_t i = 0; i < pace->tasks->count; i++) {
        progress |= commit_has_progress(pace->tasks->at[i]);
    }
    if (!progress) { return false; }
    return pace->burst_over || pace_full(pace) ||
           env_now_ms(pace->env) - pace->began_ms >= pace->env->settings->commit_interval_ms;
}

int64_t pace_wait_ms(const struct pace *pace, int64_t most_ms)
{
    if (!pace->records) { return most_ms; }
    int64_t due_ms = pace->began_ms + pace->env->settings->commit_interval_ms;
    return MIN_OF(most_ms, MAX_OF(due_ms - env_now_ms(pace->env), (int64_t)0));
}

size_t pace_room(const struct pace *pace)
{
    size_t most = (size_t)pace->env->settings->batch_records_max;
    return most > pace->records ? most - pace->records : 1;
}
