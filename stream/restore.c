/* Start, crash, rebalance and new machine are one path: open what is there, see whether it can be
 * trusted, bring it up to the end of the changelog, then go on from the group's offset.
 *
 * The order of questions matters. First the group's committed offset: with read_committed it waits
 * until a former owner's transaction is decided. Only then the changelog's end: whatever that
 * transaction wrote is below it. The end is the log end, not the last stable offset; the reading is
 * read_committed; and the reading is over when the reader's position (past control records)
 * reaches the end (KAFKA-10167).
 *
 * What is on disk is thrown away and restored whole when its bookmark is ahead of the group's
 * offset (state of a world that was never committed) or behind the changelog's first offset
 * (tombstones may be missing). State that fits the group's offset but reaches beyond the
 * changelog's end is a clear end: the topic was made anew, and nobody has what was in it.
 */
#include "base/base.h"
#include "base/crash.h"
#include "base/directory.h"
#include "base/xalloc.h"
#include "stream/run_internal.h"

enum {
    RESTORE_POLL_RECORDS = 5000,
    RESTORE_STEP_MS = 50,
    RESTORE_POLL_MS = 5,
    LOAD_RECORDS_MIN = 20000, /* a longer tail is loaded, a shorter one written as usual */
    LOAD_SHARES = 3,          /* of restore.bytes.max a partition: two write buffers and a batch */
};

static void break_if_final(struct run *run, int result)
{
    if (wire_is_final(result)) {
        run_break(run, run_exit_for(result), "%s", wire_why(run->wire));
    }
}

int run_open_store(struct run *run, int32_t partition, int changelog, struct store **ret_store,
                   char **ret_why)
{
    const struct store_limits limits = {
        .write_buffer_bytes = run->settings.store_write_buffer_bytes,
        .block_cache_bytes = run->settings.store_block_cache_bytes,
    };
    _cleanup_(xfreep) char *path = run_store_path(run, partition, changelog);
    int result = store_open(path, &limits, ret_store, ret_why);
    if (result != -EIO) { return result; }
    run_log(run, LOG_WARN, "state is damaged, restoring it from the changelog",
            "partition=%d why=\"%s\"", partition, *ret_why);
    metric_add(run->m.store_wipes, 1);
    CRASH_POINT("restore.damaged");
    (void)store_wipe(path);
    free(*ret_why);
    *ret_why = NULL;
    return store_open(path, &limits, ret_store, ret_why);
}

static bool open_store(struct task *task)
{
    struct run *run = task->run;
    char *why = NULL;
    int result = directory_make(task->path);
    if (result < 0) {
        run_break(run, result == -ENOSPC ? EXIT_DISK : EXIT_CONFIG,
                  "cannot make the directory %s: %s; hint: set state.dir", task->path,
                  strerror(-result));
        return false;
    }
    result = run_open_store(run, task->partition, task->changelog, &task->store, &why);
    if (result == -EAGAIN && run_now_ms(run) >= task->open_deadline_ms) {
        run_break(run, EXIT_BROKEN,
                  "the state of partition %d in %s is locked by another process; hint: two copies "
                  "share state.dir and one of them hangs",
                  task->partition, task->path);
    } else if (result == -EIO || result == -ENOSPC) {
        run_break(run, result == -ENOSPC ? EXIT_DISK : EXIT_BROKEN,
                  "cannot open the state of partition %d in %s: %s; hint: %s", task->partition,
                  task->path, why, result == -ENOSPC ? "make room on the disk and start again"
                                                     : "repair the disk, or set state.dir");
    }
    standby_claim(task, result == -EAGAIN);
    free(why);
    return result == 0;
}

/* Throws the local state away. */
static bool start_over(struct task *task, const char *why)
{
    run_log(task->run, LOG_WARN, "state does not fit, restoring it from the changelog",
            "partition=%d why=\"%s\"", task->partition, why);
    metric_add(task->run->m.store_wipes, 1);
    task->store = store_close(task->store);
    CRASH_POINT("restore.wipe");
    int result = store_wipe(task->path);
    if (result < 0) {
        run_break(task->run, EXIT_BROKEN, "cannot delete %s: %s", task->path, strerror(-result));
        return false;
    }
    return open_store(task);
}

const char *restore_distrust(const struct bookmark *bookmark, int64_t committed, int64_t low)
{
    if (bookmark->input_offset > MAX_OF(committed, (int64_t)0)) {
        return "it is ahead of the group's committed offset";
    }
    if (bookmark->changelog_offset < low) { return "the changelog begins after it"; }
    return NULL;
}

/* State of the world that the group's offset tells of, but beyond the changelog's end: what is
 * missing there is gone for every other copy. Going on would lose it without a word. */
static bool lost_changelog(struct task *task, const struct bookmark *bookmark, int64_t committed,
                           int64_t end)
{
    if (bookmark->changelog_offset <= end || bookmark->input_offset > committed) { return false; }
    run_break(task->run, EXIT_CONFIG,
              "partition %d of the changelog %s ends at %" PRId64 ", but the state in %s reaches %"
              PRId64 ": the topic was made anew or cut, and state is lost; hint: reset input, "
              "changelog and outputs together, or delete the directory if it is of another cluster",
              task->partition, task_changelog_topic(task), end, task->path,
              bookmark->changelog_offset);
    return true;
}

/* What was held of a former changelog is deleted. */
static bool choose_changelog(struct task *task)
{
    struct run *run = task->run;
    int output = run_changelog(run, task->partition);
    if (output < 0) { return false; }
    if (output == task->changelog) { return true; }
    task->store = store_close(task->store);
    (void)store_wipe(task->path);
    free(task->path);
    task->changelog = output;
    task->path = run_store_path(run, task->partition, output);
    return true;
}

static bool plan_restore(struct task *task, int64_t committed)
{
    struct run *run = task->run;
    int64_t low, end;
    int result = wire_bounds(run->wire, task_changelog_topic(task), task->partition, &low, &end);
    break_if_final(run, result);
    if (result < 0) { return false; }
    if (!task->store) { task->store = standby_take(run, task->partition, task->changelog); }
    if (!task->store && !open_store(task)) { return false; }
    struct bookmark bookmark = {.changelog_offset = low, .input_offset = 0};
    result = store_bookmark(task->store, &bookmark);
    const char *why = result == -EIO ? store_why(task->store) : NULL;
    if (result == 0 && lost_changelog(task, &bookmark, committed, end)) { return false; }
    if (result == 0) { why = restore_distrust(&bookmark, committed, low); }
    if (why) {
        if (!start_over(task, why)) { return false; }
        bookmark.changelog_offset = low;
    }
    task->unfounded = run_is_transactional(run) && committed == OFFSET_NONE;
    task->changelog_offset = bookmark.changelog_offset;
    task->restore_from = bookmark.changelog_offset;
    task->restore_end = end;
    return true;
}

/* Where the input goes on; false: not known yet, or broken. */
static bool place_input(struct task *task, int64_t committed)
{
    struct run *run = task->run;
    int64_t low, end;
    const char *topic = task->topic;
    int result = wire_bounds(run->wire, topic, task->partition, &low, &end);
    break_if_final(run, result);
    if (result < 0) { return false; }
    if (committed != OFFSET_NONE && (committed < low || committed > end)) {
        run_break(run, EXIT_CONFIG,
                  "partition %d of %s holds offsets %" PRId64 " to %" PRId64
                  ", the group's committed offset is %" PRId64
                  ": %s; hint: reset the group, or restore the topic",
                  task->partition, topic, low, end, committed,
                  committed < low ? "retention has passed it, events are lost"
                                  : "the topic was made anew");
        return false;
    }
    task->input_offset = committed == OFFSET_NONE ? low : committed;
    task->committed_offset = task->input_offset;
    task->staged_offset = task->input_offset;
    return true;
}

static void settle(struct task *task)
{
    struct run *run = task->run;
    int64_t committed;
    if (run_has_changelog(run) && !choose_changelog(task)) { return; }
    int result = wire_committed(run->wire, task->topic, task->partition, &committed);
    break_if_final(run, result);
    CRASH_POINT("restore.committed_known");
    if (result < 0) { return; }
    if (run_has_changelog(run) && !plan_restore(task, committed)) { return; }
    if (!place_input(task, committed)) { return; }
    task->is_read = false;
    task_move(task, run_has_changelog(run) ? TASK_RESTORING : TASK_READY);
    CRASH_POINT("restore.settled");
}

/* ---- Reading ---- */

/* State without a committed offset. Only a committed record says so: an aborted first transaction
 * makes the changelog longer too. */
static void refuse_state(struct task *task)
{
    struct run *run = task->run;
    run_break(run, EXIT_CONFIG,
              "the group has no committed offset for partition %d of %s, but its changelog %s "
              "holds state: counting again would count twice; hint: reset input, changelog and "
              "outputs together, or use another group.prefix and topic.prefix",
              task->partition, task->topic, task_changelog_topic(task));
}

static struct task *restoring_task(struct run *run, int32_t partition)
{
    for (size_t i = 0; i < run->tasks_count; i++) {
        struct task *task = run->tasks[i];
        if (task->partition == partition) { return task->state == TASK_RESTORING ? task : NULL; }
    }
    return NULL;
}

/* What one partition may hold in memory while it is restored. */
static int64_t load_share(const struct run *run)
{
    return run->settings.restore_bytes_max / LOAD_SHARES / (int64_t)run->tasks_count;
}

static void check_written(struct task *task, int result)
{
    if (result < 0) { task_not_stored(task, result); }
}

static void begin_load(struct task *task)
{
    task->loading = task->restore_end - task->changelog_offset >= LOAD_RECORDS_MIN;
    if (!task->loading) { return; }
    check_written(task, store_load_begin(task->store, load_share(task->run)));
}

/* Writes what was read. The bookmark follows at once, or after a load in the end. */
static void save_progress(struct task *task)
{
    const struct bookmark bookmark = {.changelog_offset = task->changelog_offset};
    check_written(task, task->loading ? store_load(task->store, task->writes)
                                      : store_apply(task->store, task->writes, &bookmark));
}

static void end_restore(struct task *task, int64_t input_offset)
{
    const struct bookmark bookmark = {.changelog_offset = task->changelog_offset,
                                      .input_offset = input_offset};
    if (!task->loading) {
        check_written(task, store_apply(task->store, task->writes, &bookmark));
        return;
    }
    int result = store_load(task->store, task->writes);
    if (result == 0) { result = store_load_end(task->store, &bookmark); }
    task->loading = false;
    check_written(task, result);
}

void restore_leave(struct task *task)
{
    if (task->loading) { end_restore(task, 0); }
}

static bool finish_if_complete(struct task *task, int64_t position)
{
    if (position > task->changelog_offset) { task->changelog_offset = position; }
    metric_set(task->restore_remaining,
               (double)MAX_OF(task->restore_end - task->changelog_offset, (int64_t)0));
    if (task->changelog_offset < task->restore_end) { return false; }
    end_restore(task, task->committed_offset);
    CRASH_POINT("restore.complete");
    task_move(task, TASK_READY);
    run_log(task->run, LOG_INFO, "restored", "partition=%d from=%" PRId64 " to=%" PRId64,
            task->partition, task->restore_from, task->restore_end);
    return true;
}

static void read_changelog(struct run *run)
{
    const struct record *at = NULL;
    size_t count = 0;
    int result = reader_poll(run->restore.reader, RESTORE_POLL_MS, RESTORE_POLL_RECORDS, &at,
                             &count);
    if (result == WIRE_RETRY) { return; }
    if (result < 0) {
        run_break(run, run_exit_for(result), "restore: %s", wire_why(run->wire));
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct task *task = restoring_task(run, at[i].partition);
        if (!task || at[i].offset < task->changelog_offset) { continue; }
        if (at[i].unreadable) {
            run_break(run, EXIT_CONFIG,
                      "restore: offset %" PRId64 " cannot be unpacked: %s; hint: raise "
                      "kafka.consumer.receive.message.max.bytes, or make the state anew",
                      at[i].offset, wire_why(run->wire));
            break;
        }
        if (!at[i].key.data) { continue; }
        if (task->unfounded) { refuse_state(task); }
        store_batch_put(task->writes, at[i].key, at[i].value);
        task->changelog_offset = at[i].offset + 1;
        if (store_batch_bytes(task->writes) >= (size_t)load_share(run)) { save_progress(task); }
    }
    if (count) { CRASH_POINT("restore.read"); }
    metric_add(run->m.restored_records, (double)count);
    reader_release(run->restore.reader);
    for (size_t i = 0; i < run->tasks_count && !run->broken; i++) {
        struct task *task = run->tasks[i];
        if (task->state != TASK_RESTORING) { continue; }
        int64_t position =
            reader_position(run->restore.reader, task_changelog_topic(task), task->partition);
        if (!finish_if_complete(task, position) && count) { save_progress(task); }
    }
}

/* Opens a reader on the changelogs of all that restore now, each from where it stands. */
static void open_reader(struct run *run)
{
    struct topic_partition *at = xcalloc(run->tasks_count, sizeof(*at));
    size_t count = 0;
    for (size_t i = 0; i < run->tasks_count; i++) {
        struct task *task = run->tasks[i];
        if (task->state != TASK_RESTORING) { continue; }
        at[count++] = (struct topic_partition){.topic = task_changelog_topic(task),
                                               .partition = task->partition,
                                               .offset = task->changelog_offset};
        task->is_read = true;
        if (!task->loading) { begin_load(task); }
    }
    if (count && wire_reader(run->wire, at, count, &run->restore.reader) < 0) {
        run_break(run, EXIT_BROKEN, "restore: %s", wire_why(run->wire));
    }
    CRASH_POINT("restore.reader_open");
    free(at);
}

/* A task may begin to restore at any time, a rolled-back one while others are in the middle of it:
 * then the reader at hand does not read its changelog, or reads it from elsewhere. */
static void read_all_that_restore(struct run *run)
{
    bool missing = false;
    for (size_t i = 0; i < run->tasks_count; i++) {
        struct task *task = run->tasks[i];
        if (task->state != TASK_RESTORING || task->is_read) { continue; }
        missing |= !finish_if_complete(task, OFFSET_NONE);
    }
    if (!missing || run->broken) { return; }
    restore_release(run);
    open_reader(run);
}

static bool any_in(const struct run *run, enum task_state state)
{
    for (size_t i = 0; i < run->tasks_count; i++) {
        if (run->tasks[i]->state == state) { return true; }
    }
    return false;
}

static void begin_task(struct task *task)
{
    struct run *run = task->run;
    int result = wire_resume(run->wire, task->topic, task->partition, task->input_offset);
    break_if_final(run, result);
    if (result < 0) { return; }
    CRASH_POINT("restore.resumed");
    task->ended = false;
    task->held = false;
    if (!task->opened && run->worker->open) {
        result = run->worker->open(task);
        if (result < 0) {
            run_break(run, EXIT_BROKEN, "partition %d: %s", task->partition,
                      run->refusal[0] ? run->refusal : strerror(-result));
            return;
        }
    }
    task->opened = true;
    task_move(task, TASK_RUNNING);
    CRASH_POINT("restore.running");
    metric_set(task->offset, (double)task->committed_offset);
    run_log(run, LOG_INFO, "running", "partition=%d offset=%" PRId64, task->partition,
            task->input_offset);
}

void restore_step(struct run *run)
{
    for (size_t i = 0; i < run->tasks_count && !run->broken; i++) {
        if (run->tasks[i]->state == TASK_OPENING) { settle(run->tasks[i]); }
    }
    int64_t until_ms = run_now_ms(run) + RESTORE_STEP_MS;
    while (!run->broken && any_in(run, TASK_RESTORING) && !any_in(run, TASK_OPENING)) {
        read_all_that_restore(run);
        if (run->restore.reader && !run->broken) { read_changelog(run); }
        if (run_now_ms(run) >= until_ms) { break; }
    }
    if (!any_in(run, TASK_RESTORING)) { restore_release(run); }
    for (size_t i = 0; i < run->tasks_count && !run->broken; i++) {
        if (run->tasks[i]->state == TASK_READY && run_loaded(run)) { begin_task(run->tasks[i]); }
    }
}

void restore_release(struct run *run)
{
    run->restore.reader = reader_close(run->restore.reader);
    for (size_t i = 0; i < run->tasks_count; i++) { run->tasks[i]->is_read = false; }
}
