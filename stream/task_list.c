#include "base/base.h"
#include "base/xalloc.h"
#include "stream/task_list.h"

void task_list_add(struct task_list *tasks, struct task *task)
{
    tasks->at = xreallocarray(tasks->at, tasks->count + 1, sizeof(*tasks->at));
    tasks->at[tasks->count++] = task;
}

struct task *task_list_find(struct task_list *tasks, const char *topic, int32_t partition)
{
    for (size_t i = 0; i < tasks->count; i++) {
        size_t at = (tasks->last + i) % tasks->count;
        struct task *task = tasks->at[at];
        if (task->partition != partition) { continue; }
        if (topic && strcmp(task->topic, topic) != 0) { continue; }
        tasks->last = at;
        return task;
    }
    return NULL;
}

void task_list_remove(struct task_list *tasks, struct task *task)
{
    size_t i = 0;
    while (i < tasks->count && tasks->at[i] != task) { i++; }
    assert(i < tasks->count);
    tasks->at[i] = tasks->at[--tasks->count];
    tasks->last = 0;
}

bool task_list_any(const struct task_list *tasks, enum task_state state)
{
    for (size_t i = 0; i < tasks->count; i++) {
        if (tasks->at[i]->state == state) { return true; }
    }
    return false;
}

bool task_list_all(const struct task_list *tasks, enum task_state state)
{
    for (size_t i = 0; i < tasks->count; i++) {
        if (tasks->at[i]->state != state) { return false; }
    }
    return true;
}
