/* The tasks of a run, one for each assigned input partition. */
#ifndef FRESHET_STREAM_TASK_LIST_H
#define FRESHET_STREAM_TASK_LIST_H

#include "stream/task.h"

struct task_list {
    struct task **at;
    size_t count;
    size_t last; /* index found last: consecutive records are often of one partition */
};

/* Adds a task; the list owns it. */
void task_list_add(struct task_list *tasks, struct task *task);
/* Finds the task of a partition of a topic; NULL when it is not assigned to us. Topic NULL: any
 * topic, for a worker whose input has one source. */
struct task *task_list_find(struct task_list *tasks, const char *topic, int32_t partition);
/* Removes a task from the list; the caller owns it. */
void task_list_remove(struct task_list *tasks, struct task *task);
/* Says whether a task is in that state. */
bool task_list_any(const struct task_list *tasks, enum task_state state);
/* Says whether all tasks are in that state. */
bool task_list_all(const struct task_list *tasks, enum task_state state);

#endif
