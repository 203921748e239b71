#include "base/base.h"
#include "base/xalloc.h"
#include "stream/reread.h"

enum { REREAD_RECORDS = 200 };

struct reread {
    struct reader *reader;
    int64_t end; /* records before this offset are read */
};

void reread_stop(struct task *task)
{
    if (!task->reread) { return; }
    reader_close(task->reread->reader);
    free(task->reread);
    task->reread = NULL;
}

bool task_rereads(const struct task *task)
{
    return task->reread;
}

bool task_reread(struct task *task)
{
    struct topic_partition from = {
        .topic = task->topic, .partition = task->partition, .offset = OFFSET_NONE};
    struct reader *reader = NULL;
    reread_stop(task);
    if (wire_reader(task->parts.env->wire, &from, 1, &reader) < 0) { return false; }
    task->reread = xcalloc(1, sizeof(*task->reread));
    task->reread->reader = reader;
    task->reread->end = task->input.offset;
    return true;
}

/* A record that cannot be read is passed over: the task has refused it already. */
int task_reread_step(struct task *task,
                     void (*each)(struct task *task, const struct record *rec))
{
    struct reread *reread = task->reread;
    const struct record *at = NULL;
    size_t count = 0;
    if (!reread) { return -EINVAL; }
    if (reader_poll(reread->reader, 0, REREAD_RECORDS, &at, &count) < 0) {
        reread_stop(task);
        return -EIO;
    }
    for (size_t i = 0; i < count; i++) {
        if (at[i].offset < reread->end && !at[i].unreadable) { each(task, &at[i]); }
    }
    int64_t position = reader_position(reread->reader, task->topic, task->partition);
    reader_release(reread->reader);
    if (position < reread->end) { return 1; }
    reread_stop(task);
    return 0;
}
