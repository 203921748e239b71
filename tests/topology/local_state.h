/* Compares a running copy's local state with what its changelog says. */
#ifndef FRESHET_TESTS_LOCAL_STATE_H
#define FRESHET_TESTS_LOCAL_STATE_H

#include "stream/run_internal.h"
#include "tests/topology/rig.h"

struct comparison {
    const struct fold *fold;
    int32_t partition;
    size_t found;
    bool agrees;
};

static inline int compare_pair(void *arg, struct slice key, struct slice value)
{
    struct comparison *comparison = arg;
    const struct fold *fold = comparison->fold;
    comparison->found++;
    for (size_t i = 0; i < fold->count; i++) {
        if (!slice_equal(fold->at[i].key, key)) { continue; }
        comparison->agrees = comparison->agrees && slice_equal(fold->at[i].value, value) &&
                             fold->at[i].partition == comparison->partition;
        return 0;
    }
    comparison->agrees = false;
    return 0;
}

/* Says whether the local state is what its changelog says, byte for byte. */
static inline bool state_is_changelog(struct rig *rig, struct copy *copy)
{
    const struct run *run = copy->run;
    if (!run_has_changelog(run)) { return true; }
    _cleanup_(xfreep) struct fold *fold = rig_fold(rig, run->output_topics[run->worker->changelog]);
    for (size_t t = 0; t < run->tasks_count; t++) {
        struct task *task = run->tasks[t];
        size_t expected = 0;
        for (size_t i = 0; i < fold->count; i++) {
            expected += fold->at[i].partition == task->partition && fold->at[i].value.data;
        }
        struct comparison comparison = {fold, task->partition, 0, true};
        int result = store_scan(task->store, compare_pair, &comparison);
        assert(result == 0);
        if (comparison.agrees && comparison.found == expected) { continue; }
        fprintf(stderr, "the state of partition %d is not what its changelog says\n",
                task->partition);
        return false;
    }
    return true;
}

#endif
