/* Compares a running copy's local state with what its changelog says. */
#ifndef FRESHET_TESTS_TOPOLOGY_LOCAL_STATE_H
#define FRESHET_TESTS_TOPOLOGY_LOCAL_STATE_H

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
    if (store_is_kept(key)) { return 0; }
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
    if (!env_has_changelog(&run->env)) { return true; }
    for (size_t t = 0; t < run->tasks.count; t++) {
        struct task *task = run->tasks.at[t];
        const char *changelog = run->topics.outputs[task_changelog(task)];
        size_t expected = 0;
        _cleanup_(xfreep) struct fold *fold =
            rig_fold_range(rig, changelog, task->partition, task->partition + 1);
        for (size_t i = 0; i < fold->count; i++) { expected += fold->at[i].value.data != NULL; }
        struct comparison comparison = {fold, task->partition, 0, true};
        int result = store_scan(task->local.store, compare_pair, &comparison);
        assert(result == 0);
        if (comparison.agrees && comparison.found == expected) { continue; }
        fprintf(stderr, "the state of partition %d is not what its changelog says\n",
                task->partition);
        return false;
    }
    return true;
}

/* Says whether a copy keeps what it reads on shelves, as the sequence trainer does. */
static inline bool state_is_shelved(const struct copy *copy)
{
    return strcmp(copy->worker->name, "sequence") == 0;
}

/* Tells where a copy keeps the state of a partition; the caller frees. */
static inline char *state_path(const struct copy *copy, int32_t partition)
{
    const char *within = state_is_shelved(copy) ? "/0/histories" : "";
    return xprintf("%s/%s%s/%d", copy->state_path, copy->worker->name, within, partition);
}

static inline bool store_is_topic(const struct copy *copy, const struct fold *fold,
                                  int32_t partition, int64_t end)
{
    _cleanup_(xfreep) char *path = state_path(copy, partition);
    const struct store_limits limits = {1 << 20, 1 << 20, 0};
    struct comparison comparison = {fold, partition, 0, true};
    struct bookmark bookmark;
    struct store *store = NULL;
    char *why = NULL;
    size_t expected = 0;
    for (size_t i = 0; i < fold->count; i++) {
        expected += fold->at[i].partition == partition && fold->at[i].value.data;
    }
    int result = store_open(path, &limits, &store, &why);
    assert(result == 0);
    bool marked = store_bookmark(store, &bookmark) == 0 && bookmark.changelog_offset == end;
    result = store_scan(store, compare_pair, &comparison);
    assert(result == 0);
    store_close(store);
    return marked && comparison.agrees && comparison.found == expected;
}

/* Says whether the histories that a sequence trainer, which has ended, keeps are those of the
 * topic, byte for byte, up to its end, as their bookmarks say. */
static inline bool stores_are_topic(struct rig *rig, struct copy *copy)
{
    assert(!copy->run);
    bool agree = true;
    _cleanup_(xfreep) struct fold *fold = rig_fold(rig, "histories");
    for (int32_t p = 0; p < rig->partitions; p++) {
        int64_t end = memlog_end(rig->log, "histories", p);
        if (store_is_topic(copy, fold, p, end)) { continue; }
        fprintf(stderr, "the histories of partition %d are not what the topic says\n", p);
        agree = false;
    }
    return agree;
}

/* Damages one of a copy's states, and makes another one of a world that never was. */
static inline void state_disturb(const struct copy *copy)
{
    _cleanup_(xfreep) char *second = state_path(copy, 1);
    _cleanup_(xfreep) char *damaged = xprintf("%s/CURRENT", second);
    FILE *file = fopen(damaged, "r+b");
    if (!file) { return; } /* a worker without a state */
    size_t written = fwrite("nonsense nonsense", 1, 17, file);
    assert(written == 17);
    fclose(file);
    _cleanup_(xfreep) char *ahead = state_path(copy, 2);
    const struct store_limits limits = {1 << 20, 1 << 20, 0};
    struct store *store = NULL;
    char *why = NULL;
    int result = store_open(ahead, &limits, &store, &why);
    assert(result == 0);
    struct store_batch *batch = store_batch_new();
    store_batch_put(batch, slice_str("u00"), slice_str("of a world that never was"));
    const struct bookmark bookmark = {.changelog_offset = state_is_shelved(copy) ? INT32_MAX : 1,
                                      .input_offset = INT32_MAX};
    result = store_apply(store, batch, &bookmark);
    assert(result == 0);
    store_batch_free(batch);
    store_close(store);
}

/* Copies what a dead process left; its threads may still be tidying up, then once more. */
static inline void copy_remains(const char *from, const char *to)
{
    _cleanup_(xfreep) char *command =
        xprintf("for i in 1 2 3 4 5; do cp -r '%s' '%s' 2>/dev/null && exit 0; rm -rf '%s'; "
                "done; exit 1", from, to, to);
    int result = system(command);
    assert(result == 0);
}

#endif
