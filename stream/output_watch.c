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

/* Asks how many messages the log has behind our newest one; below 0: it has lost that many with a
 * broker. While a message of ours is under way, the log may already have it. */
static int64_t ask_behind(struct output_watch *watch, struct task *task, const char *topic)
{
    struct run *run = task_run(task);
    struct wire *wire = run->env.wire;
    int64_t low, end, newest = wire_appended(wire, topic, task->partition);
    bool due = run_now_ms(run) - watch->asked_ms >= ASK_MS;
    if (!due || newest == OFFSET_NONE || !wire_quiet(wire)) { return 0; }
    watch->asked_ms = run_now_ms(run);
    int result = wire_bounds(wire, topic, task->partition, &low, &end);
    return result == 0 ? end - (newest + 1) : 0;
}

bool output_watch_check(struct output_watch *watch, struct task *task)
{
    struct run *run = task_run(task);
    const char *topic = run_output_topic(run, watch->output);
    bool seen = wire_others(run->env.wire, topic, task->partition) > 0;
    int64_t behind = seen ? 1 : ask_behind(watch, task, topic);
    if (behind == 0) { return false; }
    if (behind > 0) {
        run_log(run, LOG_WARN, "messages of another copy arrived late", "topic=%s partition=%d",
                topic, task->partition);
    } else {
        run_log(run, LOG_WARN, "newest messages are lost, all are sent again",
                "topic=%s partition=%d", topic, task->partition);
    }
    output_watch_begin(watch, task, watch->output);
    return true;
}
