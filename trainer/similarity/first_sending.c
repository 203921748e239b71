#include "base/base.h"
#include "trainer/similarity/first_sending.h"

static const char note[] = "serving-rows";

/* All is to be sent. If this process dies before that is done, the next must begin again. */
static void from_the_first(struct first_sending *first)
{
    first->sent = first->closed = first->waits = false;
    first->next.size = first->flying.size = first->arrived.size = 0;
    first->rows = 0;
}

static void begin_again(struct first_sending *first, struct task *task)
{
    task_drop_note(task, note);
    first->noted = false;
    from_the_first(first);
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

bool first_sending_ready(const struct first_sending *first, struct task *task)
{
    return first_sending_due(first) && (!first->waits || run_quiet(task_run(task)));
}

void first_sending_piece(struct first_sending *first, struct slice next)
{
    assert(next.size && next.size <= sizeof(first->next.bytes));
    memcpy(first->next.bytes, next.data, next.size);
    first->next.size = next.size;
    first->waits = true;
}

void first_sending_sent(struct first_sending *first)
{
    first->sent = true;
}

void first_sending_closed(struct first_sending *first)
{
    first->closed = first->sent;
    first->flying = first->next;
}

void first_sending_committed(struct first_sending *first, struct task *task)
{
    first->waits = false;
    first->arrived = first->flying;
    if (first->noted || !first->closed) { return; }
    task_put_note(task, note);
    first->noted = true;
}

void first_sending_rolled_back(struct first_sending *first)
{
    first->sent = first->closed = first->waits = false;
    first->next = first->flying = first->arrived;
}
