/* Pieces of work that nobody waits for (worker.h: `spare`), between polls. Tasks may share a budget
 * for them, so the task behind the last that did some is asked first. */
#include "base/base.h"
#include "stream/run_internal.h"

static int64_t spare_in_ms(const struct run *run, struct task *task)
{
    bool may = task->state == TASK_RUNNING && run->env.worker->spare;
    return may ? run->env.worker->spare_in_ms(task) : -1;
}

void run_spare_step(struct run *run)
{
    size_t from = run->spare_from, count = run->tasks.count;
    for (size_t i = 0; i < count && run_goes_on(run) && !pace_full(&run->pace); i++) {
        size_t at = (from + i) % count;
        struct task *task = run->tasks.at[at];
        size_t puts = task->filling.puts_count;
        if (spare_in_ms(run, task) != 0) { continue; }
        run->env.worker->spare(task);
        run->spare_from = at + 1;
        task->worked |= task->filling.puts_count > 0;
        for (; puts < task->filling.puts_count; puts++) { pace_count(&run->pace, 0); }
        arena_reset(task->arena);
    }
}

int64_t run_spare_wait_ms(const struct run *run, int64_t most_ms)
{
    for (size_t i = 0; i < run->tasks.count; i++) {
        int64_t in_ms = spare_in_ms(run, run->tasks.at[i]);
        if (in_ms >= 0) { most_ms = MIN_OF(most_ms, MAX_OF(in_ms, (int64_t)RUN_POLL_WORKING_MS)); }
    }
    return most_ms;
}
