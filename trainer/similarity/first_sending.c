#include "base/base.h"
#include "trainer/similarity/first_sending.h"

static const char note[] = "serving-rows";

/* Longer than a message can be under way: by then all of ours are acknowledged, or have failed. */
enum { RESTING_MS = 60000 };

/* All is to be sent. If this process dies before that is done, the next must begin again. */
static void begin_again(struct first_sending *first, struct task *task)
{
    task_drop_note(task, note);
    *first = (struct first_sending){.noted = false};
}

void first_sending_open(struct first_sending *first, struct task *task, int output,
                        const char *name)
{
    *first = (struct first_sending){.noted = task_has_note(task, note)};
    task_watch_output(task, output);
    int holds = run_topic_holds(task_run(task), name, /* shared= */ false, task_partition(task));
    if (first->noted && holds <= 0) { begin_again(first, task); } /* it was recreated */
}

void first_sending_watch(struct first_sending *first, struct task *task, int output, bool resting)
{
    int64_t now_ms = run_now_ms(task_run(task));
    if (first_sending_due(first)) { return; }
    if (!resting || !first->resting_ms) { first->resting_ms = resting ? now_ms : 0; }
    bool behind = resting && now_ms - first->resting_ms >= RESTING_MS;
    if (behind) { first->resting_ms = now_ms; }
    if (!task_others_wrote(task, output, behind)) { return; }
    run_log(task_run(task), LOG_WARN, "others wrote to serving-rows, sending all rows again",
            "partition=%d", task_partition(task));
    task_watch_output(task, output);
    begin_again(first, task);
}

void first_sending_sent(struct first_sending *first)
{
    first->sent = true;
}

void first_sending_closed(struct first_sending *first)
{
    first->closed = first->sent;
}

void first_sending_committed(struct first_sending *first, struct task *task)
{
    if (first->noted || !first->closed) { return; }
    task_put_note(task, note);
    first->noted = true;
}

void first_sending_rolled_back(struct first_sending *first)
{
    first->sent = false;
    first->closed = false;
}
