#include "base/base.h"
#include "stream/output_watch.h"
#include "stream/run_internal.h"

enum { ASK_MS = 60000 };

void output_watch_begin(struct output_watch *watch, struct task *task, int output)
{
    struct run *run = task_run(task);
    *watch = (struct output_watch){.output = output, .asked_ms = run_now_ms(run)};
    wire_watch_log(run->env.wire, run_output_topic(run, output), task->partition);
}

/* While a message of ours is under way, the log may already have it. */
static bool others_behind(struct output_watch *watch, struct task *task, const char *topic)
{
    struct run *run = task_run(task);
    struct wire *wire = run->env.wire;
    int64_t low, end, newest = wire_appended(wire, topic, task->partition);
    bool due = run_now_ms(run) - watch->asked_ms >= ASK_MS;
    if (!due || newest == OFFSET_NONE || !wire_quiet(wire)) { return false; }
    watch->asked_ms = run_now_ms(run);
    return wire_bounds(wire, topic, task->partition, &low, &end) == 0 && end > newest + 1;
}

bool output_watch_check(struct output_watch *watch, struct task *task)
{
    struct run *run = task_run(task);
    const char *topic = run_output_topic(run, watch->output);
    bool seen = wire_others(run->env.wire, topic, task->partition) > 0;
    if (!seen && !others_behind(watch, task, topic)) { return false; }
    run_log(run, LOG_WARN, "messages of another copy arrived late", "topic=%s partition=%d", topic,
            task->partition);
    output_watch_begin(watch, task, watch->output);
    return true;
}
