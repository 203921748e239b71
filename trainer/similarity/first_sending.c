#include "base/base.h"
#include "trainer/similarity/first_sending.h"

static const char note[] = "serving-rows";

void first_sending_open(struct first_sending *first, struct task *task, const char *output)
{
    *first = (struct first_sending){.noted = task_has_note(task, note)};
    int holds = run_topic_holds(task_run(task), output, /* shared= */ false, task_partition(task));
    if (!first->noted || holds > 0) { return; }
    /* The topic was recreated. If this process dies before it has sent all, the next must begin
     * again. */
    task_drop_note(task, note);
    first->noted = false;
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
