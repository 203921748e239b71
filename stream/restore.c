/* After a start, a crash or a rebalance, or on a new machine, the steps are the same: open the
 * local state, check whether it can be trusted, read the changelog to its end, then go on from the
 * group's offset.
 *
 * The order of requests to the broker matters. The first one is for the group's committed offset:
 * with read_committed it waits until a former owner's transaction is decided. Only then we ask for
 * the changelog's end, so that all records of that transaction are before it. The end is the log
 * end, not the last stable offset. The reader is read_committed, and restoring is over when its
 * position (past control records) reaches the end (KAFKA-10167).
 *
 * Local state is deleted and restored from the start when its bookmark is ahead of the group's
 * offset (its last batch was never committed) or behind the changelog's first offset (tombstones
 * may be missing). When state fits the group's offset but is ahead of the changelog's end, the run
 * ends: the topic was recreated, and its former content exists nowhere else.
 *
 * One reader reads the changelogs of all tasks that restore. A task may begin to restore while
 * others are restoring, e.g. because its commit was rolled back. Then the reader is opened again
 * for all of them, each from its present offset. While a task is still OPENING nothing is read, so
 * that tasks which open one after the other need only one reader.
 */
#include "base/base.h"
#include "base/crash.h"
#include "base/directory.h"
#include "base/exit_code.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "stream/remedy.h"
#include "stream/remedy.h"
#include "stream/restore.h"
#include "stream/state_directory.h"
#include "stream/topics.h"

enum {
    RESTORE_POLL_RECORDS = 5000,
    RESTORE_STEP_MS = 50,
    RESTORE_POLL_MS = 5,
    LOAD_RECORDS_MIN = 20000, /* a longer tail is loaded, a shorter one written as usual */
    WATCH_MS = 60000,         /* between two looks at the input's retention */
    LOAD_SHARES = 3,          /* of restore.bytes.max a partition: two write buffers and a batch */
};

struct restore {
    struct env *env;
    struct task_list *tasks;
    struct standby *standby; /* NULL: none */
    struct reader *reader;
    struct metric *records;
    int64_t watched_ms; /* when retention was last looked at */
};

/* The progress of a task's restore. */
struct restoring {
    int64_t deadline_ms; /* by which we must hold the store's lock; 0: we do not wait for it */
    int64_t from;
    int64_t end;   /* log end at which the restore is over */
    bool is_read;  /* the open reader reads its changelog */
    bool loading;  /* between store_load_begin() and store_load_end() */
    bool claiming; /* a standby of this machine was asked to release its lock */
    bool unfounded; /* the group has no offset yet, so there must be no state */
};

struct restore *restore_new(struct env *env, struct task_list *tasks, struct standby *standby)
{
    struct restore *restore = xcalloc(1, sizeof(*restore));
    restore->env = env;
    restore->tasks = tasks;
    restore->standby = standby;
    restore->records = metrics_counter(env->metrics, "freshet_restored_records_total", "",
                                       "Changelog records read to restore state.");
    return restore;
}

struct restore *restore_free(struct restore *restore)
{
    if (restore) { reader_close(restore->reader); }
    free(restore);
    return NULL;
}

/* ---- Opening ---- */

static void claim(struct task *task, bool locked)
{
    struct restoring *restoring = task->restoring;
    if (restoring->claiming != locked) { standby_claim(task->local.path, locked); }
    restoring->claiming = locked;
}

/* Another process has the store open: waits for it until the deadline. */
static void wait_for_lock(struct task *task)
{
    struct env *env = task->parts.env;
    struct restoring *restoring = task->restoring;
    int64_t now_ms = env_now_ms(env);
    if (!restoring->deadline_ms) {
        restoring->deadline_ms = now_ms + env->settings->restore_timeout_ms;
    }
    if (now_ms < restoring->deadline_ms) { return; }
    env_break(env, EXIT_BROKEN,
              "the state of partition %d in %s is locked by another process; hint: two copies "
              "share state.dir and one of them hangs",
              task->partition, task->local.path);
}

static bool open_store(struct task *task)
{
    struct env *env = task->parts.env;
    struct task_local *local = &task->local;
    _cleanup_(xfreep) char *why = NULL;
    int result = directory_make(local->path);
    if (result < 0) {
        env_break(env, result == -ENOSPC ? EXIT_DISK : EXIT_CONFIG,
                  "cannot make the directory %s: %s; hint: set state.dir", local->path,
                  strerror(-result));
        return false;
    }
    result = state_directory_open(env, task->partition, local->changelog, &local->store, &why);
    claim(task, result == -EAGAIN);
    if (result == -EAGAIN) { wait_for_lock(task); }
    if (result == 0) { task->restoring->deadline_ms = 0; }
    if (result < 0 && result != -EAGAIN) {
        state_directory_break(env, "open", task->partition, local->path, result, why);
    }
    return result == 0;
}

/* Deletes the local state. */
static bool start_over(struct task *task, const char *why)
{
    struct env *env = task->parts.env;
    struct task_local *local = &task->local;
    env_log(env, LOG_WARN, "state does not fit, restoring it from the changelog",
            "partition=%d why=%s", task->partition, quote_text(why).text);
    metric_add(state_directory_wipes(env), 1);
    local->store = store_close(local->store);
    CRASH_POINT("restore.wipe");
    int result = store_wipe(local->path);
    if (result < 0) {
        env_break(env, EXIT_BROKEN, "cannot delete %s: %s", local->path, strerror(-result));
        return false;
    }
    return open_store(task);
}

/* The state fits the group's offset but is ahead of the changelog's end: no other copy could
 * restore the difference. Going on would lose it silently, so the run ends. */
static bool lost_changelog(struct task *task, const struct bookmark *bookmark, int64_t committed,
                           int64_t end)
{
    if (bookmark->changelog_offset <= end || bookmark->input_offset > committed) { return false; }
    _cleanup_(xfreep) char *again =
        remedy_begin_again(task->parts.env, task->topic, task->partition);
    env_break(task->parts.env, EXIT_CONFIG,
              "partition %d of the changelog %s ends at %" PRId64 ", but the state in %s reaches %"
              PRId64 ": the topic was recreated or cut, and state is lost; hint: delete the "
              "directory if it is of another cluster; else %s",
              task->partition, task_changelog_topic(task), end, task->local.path,
              bookmark->changelog_offset, again);
    return true;
}

/* Deletes local state that belongs to a former changelog. */
static bool choose_changelog(struct task *task)
{
    struct env *env = task->parts.env;
    struct task_local *local = &task->local;
    int output = env_changelog(env, task->partition);
    if (output < 0) { return false; }
    if (output == local->changelog) { return true; }
    local->store = store_close(local->store);
    (void)store_wipe(local->path);
    free(local->path);
    local->changelog = output;
    local->path = state_directory_path(env, task->partition, output);
    return true;
}

static bool plan_restore(struct restore *restore, struct task *task, int64_t committed)
{
    struct env *env = restore->env;
    struct task_local *local = &task->local;
    int64_t low, end;
    int result = wire_bounds(env->wire, task_changelog_topic(task), task->partition, &low, &end);
    env_break_if_final(env, result);
    if (result < 0) { return false; }
    if (!local->store) {
        local->store = standby_take(restore->standby, task->partition, local->changelog);
    }
    if (!local->store && !open_store(task)) { return false; }
    struct bookmark bookmark = {.changelog_offset = low, .input_offset = 0};
    result = store_bookmark(local->store, &bookmark);
    const char *why = result == -EIO ? store_why(local->store) : NULL;
    if (result < 0 && result != -ENOENT && result != -EIO) {
        state_directory_break(env, "read", task->partition, local->path, result,
                              store_why(local->store));
        return false;
    }
    if (result == 0 && lost_changelog(task, &bookmark, committed, end)) { return false; }
    if (result == 0) { why = state_directory_distrust(&bookmark, committed, low); }
    if (why) {
        if (!start_over(task, why)) { return false; }
        bookmark.changelog_offset = low;
    }
    local->changelog_offset = bookmark.changelog_offset;
    task->restoring->unfounded = env_transactional(env) && committed == OFFSET_NONE;
    task->restoring->from = bookmark.changelog_offset;
    task->restoring->end = end;
    task->restoring->is_read = false;
    return true;
}

/* Asks for the offset at which the input goes on; false: not known yet, or the run is broken. */
static bool place_input(struct task *task, int64_t committed)
{
    struct env *env = task->parts.env;
    int64_t low, end;
    int result = wire_bounds(env->wire, task->topic, task->partition, &low, &end);
    env_break_if_final(env, result);
    if (result < 0) { return false; }
    if (committed != OFFSET_NONE && (committed < low || committed > end)) {
        _cleanup_(xfreep) char *again = remedy_begin_again(env, task->topic, task->partition);
        env_break(env, EXIT_CONFIG,
                  "partition %d of %s holds offsets %" PRId64 " to %" PRId64
                  ", the group's committed offset is %" PRId64 ": %s; hint: %s",
                  task->partition, task->topic, low, end, committed,
                  committed < low ? "retention has passed it, events are lost"
                                  : "the topic was recreated",
                  again);
        return false;
    }
    task->input.offset = committed == OFFSET_NONE ? low : committed;
    task->input.committed = task->input.offset;
    task->input.staged = task->input.offset;
    return true;
}

/* Asks for everything that a task needs before it restores; asks again for what is not known. */
static void open_task(struct restore *restore, struct task *task)
{
    struct env *env = restore->env;
    bool has_state = env_has_changelog(env);
    int64_t committed;
    if (!task->restoring) { task->restoring = xcalloc(1, sizeof(*task->restoring)); }
    if (has_state && !choose_changelog(task)) { return; }
    int result = wire_committed(env->wire, task->topic, task->partition, &committed);
    env_break_if_final(env, result);
    CRASH_POINT("restore.committed_known");
    if (result < 0) { return; }
    if (has_state && !plan_restore(restore, task, committed)) { return; }
    if (!place_input(task, committed)) { return; }
    task_move(task, has_state ? TASK_RESTORING : TASK_READY);
    CRASH_POINT("restore.opened");
}

/* ---- Reading ---- */

/* The changelog has state, but the group has no committed offset. Only a committed record proves
 * this: an aborted first transaction makes the changelog longer, too. */
static void refuse_state(struct task *task)
{
    struct env *env = task->parts.env;
    _cleanup_(xfreep) char *again = remedy_begin_again(env, task->topic, task->partition);
    env_break(env, EXIT_CONFIG,
              "the group has no committed offset for partition %d of %s, but its changelog %s "
              "holds state: counting again would count twice; hint: is group.prefix that of the "
              "workers which wrote it? else %s",
              task->partition, task->topic, task_changelog_topic(task), again);
}

static struct task *restoring_task(struct restore *restore, int32_t partition)
{
    struct task *task = task_list_find(restore->tasks, /* topic= */ NULL, partition);
    return task && task->state == TASK_RESTORING ? task : NULL;
}

/* Returns the bytes that one partition may hold in memory while it is restored. */
static int64_t load_share(const struct restore *restore)
{
    return restore->env->settings->restore_bytes_max / LOAD_SHARES /
           (int64_t)restore->tasks->count;
}

static void check_written(struct task *task, int result)
{
    if (result < 0) { task_not_stored(task, result); }
}

static void begin_load(struct restore *restore, struct task *task)
{
    struct restoring *restoring = task->restoring;
    restoring->loading = restoring->end - task->local.changelog_offset >= LOAD_RECORDS_MIN;
    if (!restoring->loading) { return; }
    check_written(task, store_load_begin(task->local.store, load_share(restore)));
}

/* Writes what was read. The bookmark is written with it, or at the end of a load. */
static void save_progress(struct task *task)
{
    struct task_local *local = &task->local;
    const struct bookmark bookmark = {.changelog_offset = local->changelog_offset};
    check_written(task, task->restoring->loading
                            ? store_load(local->store, local->writes)
                            : store_apply(local->store, local->writes, &bookmark));
}

static void end_restore(struct task *task, int64_t input_offset)
{
    struct task_local *local = &task->local;
    const struct bookmark bookmark = {.changelog_offset = local->changelog_offset,
                                      .input_offset = input_offset};
    if (!task->restoring->loading) {
        check_written(task, store_apply(local->store, local->writes, &bookmark));
        return;
    }
    int result = store_load(local->store, local->writes);
    if (result == 0) { result = store_load_end(local->store, &bookmark); }
    task->restoring->loading = false;
    check_written(task, result);
}

void restore_leave(struct task *task)
{
    if (task->restoring && task->restoring->loading) { end_restore(task, 0); }
}

static bool finish_if_complete(struct task *task, int64_t position)
{
    struct restoring *restoring = task->restoring;
    struct task_local *local = &task->local;
    local->changelog_offset = MAX_OF(local->changelog_offset, position);
    metric_set(task->restore_remaining,
               (double)MAX_OF(restoring->end - local->changelog_offset, (int64_t)0));
    if (local->changelog_offset < restoring->end) { return false; }
    end_restore(task, task->input.committed);
    CRASH_POINT("restore.complete");
    task_move(task, TASK_READY);
    env_log(task->parts.env, LOG_INFO, "restored", "partition=%d from=%" PRId64 " to=%" PRId64,
            task->partition, restoring->from, restoring->end);
    return true;
}

static void refuse_unreadable(struct restore *restore, const struct record *rec)
{
    _cleanup_(xfreep) char *again =
        remedy_begin_again(restore->env, rec->topic, rec->partition);
    env_break(restore->env, EXIT_CONFIG,
              "restore: offset %" PRId64 " cannot be unpacked: %s; hint: raise "
              "kafka.consumer.receive.message.max.bytes; if the record is damaged, %s",
              rec->offset, wire_why(restore->env->wire), again);
}

static void take_record(struct restore *restore, struct task *task, const struct record *rec)
{
    if (!rec->key.data) { return; }
    if (task->restoring->unfounded) { refuse_state(task); }
    store_batch_put(task->local.writes, rec->key, rec->value);
    task->local.changelog_offset = rec->offset + 1;
    if (store_batch_bytes(task->local.writes) >= (size_t)load_share(restore)) {
        save_progress(task);
    }
}

static void take_records(struct restore *restore, const struct record *at, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct task *task = restoring_task(restore, at[i].partition);
        if (!task || at[i].offset < task->local.changelog_offset) { continue; }
        if (at[i].unreadable) {
            refuse_unreadable(restore, &at[i]);
            return;
        }
        take_record(restore, task, &at[i]);
    }
}

static void note_positions(struct restore *restore, bool wrote)
{
    for (size_t i = 0; i < restore->tasks->count && !restore->env->ending.broken; i++) {
        struct task *task = restore->tasks->at[i];
        if (task->state != TASK_RESTORING) { continue; }
        int64_t position =
            reader_position(restore->reader, task_changelog_topic(task), task->partition);
        if (!finish_if_complete(task, position) && wrote) { save_progress(task); }
    }
}

static void read_changelog(struct restore *restore)
{
    struct env *env = restore->env;
    const struct record *at = NULL;
    size_t count = 0;
    int result = reader_poll(restore->reader, RESTORE_POLL_MS, RESTORE_POLL_RECORDS, &at, &count);
    if (result == WIRE_RETRY) { return; }
    if (result < 0) {
        env_break(env, env_exit_code(result), "restore: %s", wire_why(env->wire));
        return;
    }
    take_records(restore, at, count);
    if (count) { CRASH_POINT("restore.read"); }
    metric_add(restore->records, (double)count);
    reader_release(restore->reader);
    note_positions(restore, count > 0);
}

/* Opens a reader on the changelogs of all restoring tasks, each from its present offset. */
static void open_reader(struct restore *restore)
{
    struct task_list *tasks = restore->tasks;
    struct topic_partition *at = xcalloc(tasks->count, sizeof(*at));
    size_t count = 0;
    for (size_t i = 0; i < tasks->count; i++) {
        struct task *task = tasks->at[i];
        if (task->state != TASK_RESTORING) { continue; }
        at[count++] = (struct topic_partition){.topic = task_changelog_topic(task),
                                               .partition = task->partition,
                                               .offset = task->local.changelog_offset};
        task->restoring->is_read = true;
        if (!task->restoring->loading) { begin_load(restore, task); }
    }
    if (count && wire_reader(restore->env->wire, at, count, &restore->reader) < 0) {
        env_break(restore->env, EXIT_BROKEN, "restore: %s", wire_why(restore->env->wire));
    }
    CRASH_POINT("restore.reader_open");
    free(at);
}

/* True when a task began to restore after the reader was opened: the reader does not read its
 * changelog, or reads it from another offset. */
static void read_all_that_restore(struct restore *restore)
{
    bool missing = false;
    for (size_t i = 0; i < restore->tasks->count; i++) {
        struct task *task = restore->tasks->at[i];
        if (task->state != TASK_RESTORING || task->restoring->is_read) { continue; }
        missing |= !finish_if_complete(task, OFFSET_NONE);
    }
    if (!missing || restore->env->ending.broken) { return; }
    restore_pause(restore);
    open_reader(restore);
}

/* ---- Running ---- */

static bool open_worker(struct task *task)
{
    struct env *env = task->parts.env;
    if (task->opened || !env->worker->open) { return true; }
    run_refusal_clear(&env->refusal);
    int result = env->worker->open(task);
    if (result < 0) {
        env_break(env, EXIT_BROKEN, "partition %d: %s", task->partition,
                  env->refusal.text[0] ? env->refusal.text : strerror(-result));
    }
    return result == 0;
}

static void begin_task(struct task *task)
{
    struct env *env = task->parts.env;
    int result = wire_resume(env->wire, task->topic, task->partition, task->input.offset);
    env_break_if_final(env, result);
    if (result < 0) { return; }
    CRASH_POINT("restore.resumed");
    task->input.ended = false;
    free(task->held);
    task->held = NULL;
    if (!open_worker(task)) { return; }
    task->opened = true;
    task_move(task, TASK_RUNNING);
    CRASH_POINT("restore.running");
    metric_set(task->offset, (double)task->input.committed);
    env_log(env, LOG_INFO, "running", "partition=%d offset=%" PRId64, task->partition,
            task->input.offset);
}

void restore_step(struct restore *restore, bool loaded)
{
    const struct env *env = restore->env;
    struct task_list *tasks = restore->tasks;
    for (size_t i = 0; i < tasks->count && !env->ending.broken; i++) {
        if (tasks->at[i]->state == TASK_OPENING) { open_task(restore, tasks->at[i]); }
    }
    int64_t until_ms = env_now_ms(env) + RESTORE_STEP_MS;
    while (!env->ending.broken && task_list_any(tasks, TASK_RESTORING) &&
           !task_list_any(tasks, TASK_OPENING)) {
        read_all_that_restore(restore);
        if (restore->reader && !env->ending.broken) { read_changelog(restore); }
        if (env_now_ms(env) >= until_ms) { break; }
    }
    if (!task_list_any(tasks, TASK_RESTORING)) { restore_pause(restore); }
    for (size_t i = 0; i < tasks->count && !env->ending.broken; i++) {
        if (tasks->at[i]->state == TASK_READY && loaded) { begin_task(tasks->at[i]); }
    }
}

void restore_pause(struct restore *restore)
{
    restore->reader = reader_close(restore->reader);
    for (size_t i = 0; i < restore->tasks->count; i++) {
        struct restoring *restoring = restore->tasks->at[i]->restoring;
        if (restoring) { restoring->is_read = false; }
    }
}

bool restore_reads(const struct restore *restore)
{
    return restore->reader;
}

/* ---- Retention ---- */

static void watch(struct env *env, const struct task *task)
{
    int64_t low, end;
    int result = wire_bounds(env->wire, task->topic, task->partition, &low, &end);
    if (result < 0 || low == 0) { return; }
    int64_t kept = task->input.committed - low, uncommitted = end - task->input.committed;
    if (uncommitted == 0 || kept >= uncommitted) { return; }
    env_log(env, LOG_WARN, "retention comes near the newest checkpoint",
            "partition=%d committed=%" PRId64 " oldest_kept=%" PRId64 " end=%" PRId64
            " hint=\"raise retention.ms of %s, or start more copies\"",
            task->partition, task->input.committed, low, end, task->topic);
}

void restore_watch_retention(struct restore *restore)
{
    int64_t now_ms = env_now_ms(restore->env);
    if (now_ms - restore->watched_ms < WATCH_MS) { return; }
    restore->watched_ms = now_ms;
    for (size_t i = 0; i < restore->tasks->count; i++) {
        const struct task *task = restore->tasks->at[i];
        if (task->state == TASK_RUNNING) { watch(restore->env, task); }
    }
}
