#include "base/base.h"
#include "trainer/similarity/first_sending.h"

static const char note[] = "serving-rows";

/* All is to be sent. If this process dies before that is done, the next must begin again. */
static void begin_again(struct first_sending *first, struct task *task)
{
    task_drop_note(task, note);
    first->noted = first->sent = first->closed = false;
}

void first_sending_open(struct first_sending *first, struct task *task, int output,
                        const char *name)
{
    *first = (struct first_sending){.noted = task_has_note(task, note)};
    output_watch_begin(&first->watch, task, output);
    int holds = run_topic_holds(task_run(task), name, /* shared= */ false, task_partition(task));
    if (first->noted && holds <= 0) { begin_again(first, task); } /* it was recreated */
}

void first_sending_check(struct first_sending *first, struct task *task)
{
    if (output_watch_check(&first->watch, task)) { begin_again(first, task); }
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
