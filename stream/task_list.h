/* The tasks of a run: those of the partitions that are ours. */
#ifndef FRESHET_STREAM_TASK_LIST_H
#define FRESHET_STREAM_TASK_LIST_H

#include "stream/task.h"

struct task_list {
    struct task **at;
    size_t count;
    size_t last; /* found last: records come in runs of one partition */
};

/* Adds a task; the list owns it. */
void task_list_add(struct task_list *tasks, struct task *task);
/* Finds the task of a partition of a topic; NULL when it is not ours. Topic NULL: of any, for a
 * worker whose input has one source. */
struct task *task_list_find(struct task_list *tasks, const char *topic, int32_t partition);
/* Takes a task out; the caller owns it. */
void task_list_remove(struct task_list *tasks, struct task *task);
/* Says whether a task is in that state. */
bool task_list_any(const struct task_list *tasks, enum task_state state);
/* Says whether all are. */
bool task_list_all(const struct task_list *tasks, enum task_state state);

#endif
