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
 * Whether the state may go on from the changelog is decided in restore_plan.c, before anything is
 * read, and once more by the positions that are read: state is read from its newest position on,
 * which names the log that it is of. Where the input goes on follows in the end (placement.h).
 *
 * One reader reads the changelogs of all tasks that restore. A task may begin to restore while
 * others are restoring, e.g. because its commit was rolled back. Then the reader is opened again
 * for all of them, each from its present offset. While a task is still OPENING nothing is read, so
 * that tasks which open one after the other need only one reader.
 */
#include "base/base.h"
#include "base/crash.h"
#include "base/exit_code.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "stream/remedy.h"
#include "stream/restore_internal.h"
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

/* ---- Placing the input ---- */

/* Sets where the input goes on, which the changelog may know better than the group; false: not
 * known yet, or the run is broken. */
static bool place_input(struct task *task, int64_t committed, const struct found_position *found)
{
    struct env *env = task->parts.env;
    int64_t low, end, offset;
    int result = wire_bounds(env->wire, task->topic, task->partition, &low, &end);
    env_break_if_final(env, result);
    if (result < 0) { return false; }
    const struct placement placement = {
        .committed = committed, .low = low, .end = end, .found = found};
    if (!placement_choose(task, &placement, &offset)) { return false; }
    task->input.offset = offset;
    task->input.committed = offset;
    task->input.staged = offset;
    if (offset > MAX_OF(committed, low)) { task->input.staged--; } /* the next commit tells it */
    return true;
}

/* Asks for everything that a task needs before it restores; asks again for what is not known. */
static void open_task(struct restore *restore, struct task *task)
{
    struct env *env = restore->env;
    bool has_state = env_has_changelog(env);
    int64_t committed;
    if (!task->restoring) { task->restoring = xcalloc(1, sizeof(*task->restoring)); }
    if (has_state && !restore_choose_changelog(task)) { return; }
    int result = wire_committed(env->wire, task->topic, task->partition, &committed);
    env_break_if_final(env, result);
    CRASH_POINT("restore.committed_known");
    if (result < 0) { return; }
    if (has_state && !restore_plan(task, restore->standby, committed)) { return; }
    if (!has_state && !place_input(task, committed, NULL)) { return; }
    task_move(task, has_state ? TASK_RESTORING : TASK_READY);
    CRASH_POINT("restore.opened");
}

/* ---- Reading ---- */

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

/* Returns the bookmark of what was read so far: the state is as old as its last record. */
static struct bookmark progress_of(const struct task *task)
{
    struct bookmark bookmark = task_bookmark(task);
    bookmark.current_ms = task->restoring->current_ms;
    return bookmark;
}

/* Writes what was read. The bookmark is written with it, or at the end of a load. */
static void save_progress(struct task *task)
{
    struct task_local *local = &task->local;
    const struct bookmark bookmark = progress_of(task);
    check_written(task, task->restoring->loading
                            ? store_load(local->store, local->writes)
                            : store_apply(local->store, local->writes, &bookmark));
}

static void end_restore(struct task *task, const struct bookmark *bookmark)
{
    struct task_local *local = &task->local;
    if (!task->restoring->loading) {
        check_written(task, store_apply(local->store, local->writes, bookmark));
        return;
    }
    int result = store_load(local->store, local->writes);
    if (result == 0) { result = store_load_end(local->store, bookmark); }
    task->restoring->loading = false;
    check_written(task, result);
}

void restore_leave(struct task *task)
{
    if (!task->restoring || !task->restoring->loading) { return; }
    const struct bookmark bookmark = progress_of(task);
    end_restore(task, &bookmark);
}

/* True when the changelog is not that of the state. One from which retention has deleted the
 * position cannot show it; state that reaches to its very end is then taken for its own. */
static bool is_foreign(const struct task *task)
{
    const struct restoring *restoring = task->restoring;
    const struct bookmark *bookmark = &restoring->bookmark;
    int64_t control_records = env_transactional(task->parts.env);
    bool expired = bookmark->position_offset < restoring->low &&
                   bookmark->changelog_offset + control_records >= restoring->end;
    return restoring->foreign || (restoring->unverified && !restoring->found.any && !expired);
}

static bool finish_if_complete(struct task *task, int64_t position)
{
    struct restoring *restoring = task->restoring;
    struct task_local *local = &task->local;
    local->changelog_offset = MAX_OF(local->changelog_offset, position);
    metric_set(task->restore_remaining,
               (double)MAX_OF(restoring->end - local->changelog_offset, (int64_t)0));
    if (local->changelog_offset < restoring->end) { return false; }
    if (restoring->unverified && position < restoring->end) { return false; }
    if (is_foreign(task)) {
        restore_rebuild(task);
        return false;
    }
    if (!place_input(task, restoring->committed, &restoring->found)) { return false; }
    local->verified = true;
    struct bookmark bookmark = task_bookmark(task);
    bookmark.input_offset = task->input.committed;
    bookmark.current_ms = restoring->began_ms;
    end_restore(task, &bookmark);
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

/* The writer of this position knew more of the changelog than there is. */
static void refuse_cut(struct task *task, const struct record *rec, int64_t from)
{
    struct env *env = task->parts.env;
    _cleanup_(xfreep) char *again = remedy_begin_again(env, task->topic, task->partition);
    env_break(env, EXIT_CONFIG,
              "partition %d of the changelog %s was recreated or cut while a copy wrote to it: its "
              "record at %" PRId64 " follows %" PRId64 " others, and state is lost; hint: start "
              "the copy whose state.dir has it; or %s",
              task->partition, rec->topic, rec->offset, from, again);
}

/* Takes what a position says. One that makes no sense is nobody's state either. */
static void take_position(struct task *task, const struct record *rec)
{
    struct restoring *restoring = task->restoring;
    struct task_local *local = &task->local;
    struct position position;
    if (position_read(rec, &position) < 0) { return; }
    if (rec->offset < position.from) {
        refuse_cut(task, rec, position.from);
        return;
    }
    restoring->foreign |= restoring->unverified && strcmp(position.log_id, local->log_id) != 0;
    if (restoring->foreign) { return; }
    restoring->found.any = restoring->found.newest = true;
    restoring->found.position = position;
    memcpy(local->log_id, position.log_id, sizeof(local->log_id));
    local->position_offset = rec->offset;
}

static void take_record(struct restore *restore, struct task *task, const struct record *rec)
{
    struct restoring *restoring = task->restoring;
    struct task_local *local = &task->local;
    bool is_position = position_has_key(rec->key);
    if (is_position) { take_position(task, rec); }
    if (!rec->key.data || rec->offset < local->changelog_offset) { return; }
    if (!is_position) {
        metric_add(restore->records, 1);
        restoring->found.state = true;
        restoring->found.newest = false;
        store_batch_put(local->writes, rec->key, rec->value);
    }
    local->changelog_offset = rec->offset + 1;
    restoring->current_ms =
        MAX_OF(restoring->current_ms, MIN_OF(rec->time_ms, restoring->began_ms));
    if (store_batch_bytes(local->writes) >= (size_t)load_share(restore)) { save_progress(task); }
}

static void take_records(struct restore *restore, const struct record *at, size_t count)
{
    for (size_t i = 0; i < count && !restore->env->ending.broken; i++) {
        struct task *task = restoring_task(restore, at[i].partition);
        if (!task || task->restoring->foreign) { continue; }
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
        if (task->state != TASK_RESTORING || !task->restoring->is_read) { continue; }
        int64_t position =
            reader_position(restore->reader, task_changelog_topic(task), task->partition);
        if (task->restoring->foreign) { restore_rebuild(task); }
        if (!task->restoring->is_read) { continue; }
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
    reader_release(restore->reader);
    note_positions(restore, count > 0);
}

/* The offset to read from: before the bookmark as far as its newest position. */
static int64_t read_from(const struct task *task)
{
    const struct task_local *local = &task->local;
    int64_t from = local->changelog_offset;
    if (task->restoring->unverified) { from = MIN_OF(from, local->position_offset); }
    return MAX_OF(from, task->restoring->low);
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
                                               .offset = read_from(task)};
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
    task->waits = false;
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
