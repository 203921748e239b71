/* Whether local state can go on from its changelog.
 *
 *   fresh                    read from the start, if the start is there
 *   damaged                  deleted and read again
 *   of another log           the same: its identity is that of no position in the changelog
 *   older than tombstones    the same: it may lack deletions (stream/state/trust.h)
 *   beyond the log's end     kept, and the run ends: the changelog was recreated or cut
 *   before the log's start   the same: neither has all
 *   of rows that can be made again, beyond the log's end
 *                            deleted and read again, and the input from its start
 *
 * State is deleted only for a changelog that has all that it had.
 */
#include "base/base.h"
#include "base/crash.h"
#include "base/directory.h"
#include "base/exit_code.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "stream/log_probe.h"
#include "stream/remedy.h"
#include "stream/restore_internal.h"
#include "stream/state/store_directory.h"
#include "stream/state_directory.h"
#include "stream/topics.h"

enum { IDENTITY_RECORDS = 1000 }; /* last records in which a position is looked for */

static const char other_log[] = "the changelog has another identity";
static const char cut_log[] = "the changelog has lost its end";

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

/* The state is ahead of the changelog's end: no other copy could restore the difference. Going on
 * would lose it silently, so the run ends. */
static void refuse_beyond(struct task *task, const struct bookmark *bookmark)
{
    struct env *env = task->parts.env;
    _cleanup_(xfreep) char *again = remedy_begin_again(env, task->topic, task->partition);
    env_break(env, EXIT_CONFIG,
              "partition %d of the changelog %s ends at %" PRId64 ", but the state in %s reaches %"
              PRId64 ": the topic was recreated or cut, and state is lost; hint: delete the "
              "directory if it is of another cluster; else %s",
              task->partition, task_changelog_topic(task), task->restoring->end, task->local.path,
              bookmark->changelog_offset, again);
}

/* Lists and vectors are lost with the changelog, or its end, but they can be made again: by reading
 * the input once more. The group's offset says so first, because nothing else survives a crash
 * between here and the first commit. Nobody else commits it while the partition is restored. */
static bool make_again(struct task *task)
{
    struct env *env = task->parts.env;
    struct restoring *restoring = task->restoring;
    int64_t low, end;
    int result = wire_bounds(env->wire, task->topic, task->partition, &low, &end);
    if (result == 0 && restoring->committed <= low) { return true; }
    if (result == 0) {
        const struct topic_partition at = {
            .topic = task->topic, .partition = task->partition, .offset = low};
        result = wire_offsets_commit(env->wire, &at, 1);
    }
    env_break_if_final(env, result);
    if (result < 0) { return false; }
    env_log(env, LOG_WARN, "changelog has lost its end, its rows are made again",
            "topic=%s partition=%d end=%" PRId64 " input=%s from=%" PRId64,
            task_changelog_topic(task), task->partition, restoring->end, task->topic, low);
    restoring->committed = MIN_OF(restoring->committed, low);
    return true;
}

/* State that reaches beyond the changelog's end may be of another log. Sets why it is to be
 * deleted; false: it must not, and the run is broken, or the answer is not known yet. */
static bool explain_beyond(struct task *task, const struct bookmark *bookmark,
                           const char **ret_doubt)
{
    const struct restoring *restoring = task->restoring;
    const struct topic_partition at = {
        .topic = task_changelog_topic(task),
        .partition = task->partition,
        .offset = MAX_OF(restoring->low, restoring->end - IDENTITY_RECORDS)};
    bool beyond = bookmark->changelog_offset > restoring->end;
    bool emptied = restoring->end == 0 && bookmark->changelog_offset == OFFSET_NONE;
    if (!env_has_positions(task->parts.env) && (beyond || emptied)) {
        *ret_doubt = beyond ? cut_log : NULL;
        return make_again(task);
    }
    if (!beyond) { return true; }
    enum probe probe = bookmark->log_id[0] ? log_probe_identity(task->parts.env, &at,
                                                                restoring->end, bookmark->log_id)
                                           : PROBE_UNKNOWN;
    if (probe == PROBE_LATER) { return false; }
    if (probe == PROBE_OTHER) { *ret_doubt = other_log; }
    bool fits = bookmark->input_offset <= restoring->committed;
    if (probe != PROBE_SAME && (probe == PROBE_OTHER || !fits)) { return true; }
    refuse_beyond(task, bookmark);
    return false;
}

bool restore_choose_changelog(struct task *task)
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

/* Neither the state nor the changelog is whole: nothing is deleted. */
static void refuse_lost(struct task *task, int64_t low, const char *why)
{
    struct env *env = task->parts.env;
    _cleanup_(xfreep) char *again = remedy_begin_again(env, task->topic, task->partition);
    env_break(env, EXIT_CONFIG,
              "partition %d of the changelog %s begins at offset %" PRId64 ", and the state in %s "
              "cannot be made whole from it: %s; the state was left as it is; hint: start a copy "
              "whose state.dir served the partition last; or %s",
              task->partition, task_changelog_topic(task), low, task->local.path, why, again);
}

/* Deletes state that cannot go on from the changelog; false: the run is broken. */
static bool check_trust(struct task *task, struct bookmark *bookmark, const char *doubt)
{
    struct restoring *restoring = task->restoring;
    struct log_facts facts = state_directory_facts(task->parts.env, task->local.changelog,
                                                   restoring->low, restoring->end);
    if (task->local.verified) { facts.wall_ms = bookmark->current_ms; } /* open all the time */
    bool fresh = bookmark->changelog_offset == OFFSET_NONE;
    const char *why = NULL;
    enum trust trust = trust_bookmark(fresh || doubt ? NULL : bookmark, &facts, &why);
    if (trust == TRUST_LOST) {
        refuse_lost(task, restoring->low, doubt ? doubt : why);
        return false;
    }
    if (doubt || trust == TRUST_REBUILD) {
        if (!start_over(task, doubt ? doubt : why)) { return false; }
        fresh = true;
    }
    if (fresh) { *bookmark = (struct bookmark){.changelog_offset = restoring->low}; }
    return true;
}

/* Begins with a bookmark that is trusted: state that has an identity is read from its newest
 * position on, which shows whether the changelog has the same one. */
static void begin_with(struct task *task, const struct bookmark *bookmark)
{
    const struct env *env = task->parts.env;
    struct restoring *restoring = task->restoring;
    struct task_local *local = &task->local;
    local->changelog_offset = bookmark->changelog_offset;
    local->position_offset = bookmark->position_offset;
    memcpy(local->log_id, bookmark->log_id, sizeof(local->log_id));
    restoring->bookmark = *bookmark;
    restoring->from = bookmark->changelog_offset;
    restoring->current_ms = bookmark->current_ms;
    restoring->unverified = bookmark->log_id[0] != '\0';
    restoring->foreign = false;
    restoring->is_read = false;
    restoring->loading = false;
    bool is_all = bookmark->changelog_offset >= restoring->end;
    restoring->found = (struct found_position){
        .state = bookmark->input_offset > 0,
        .stored = is_all && !env_has_positions(env) ? bookmark->input_offset : OFFSET_NONE};
}

/* Checks a topic that becomes a changelog only now, as the others were at start. */
static bool keeps_rows(struct task *task)
{
    struct env *env = task->parts.env;
    int changelog = task->local.changelog;
    if (env->worker->outputs[changelog].cleanup != CLEANUP_TABLE_LATER) { return true; }
    _cleanup_(xfreep) char *fault =
        topic_settings_fault(&env->topics->output_settings[changelog], CLEANUP_TABLE,
                             task_changelog_topic(task), env->settings->bootstrap_servers);
    if (fault) { env_break(env, EXIT_CONFIG, "%s", fault); }
    return !fault;
}

/* Reads the bookmark; its changelog_offset is OFFSET_NONE in a fresh store. */
static bool read_bookmark(struct task *task, struct bookmark *ret_bookmark, const char **ret_doubt)
{
    struct task_local *local = &task->local;
    *ret_bookmark = (struct bookmark){.changelog_offset = OFFSET_NONE};
    int result = store_bookmark(local->store, ret_bookmark);
    if (result == -EIO) { *ret_doubt = store_why(local->store); }
    if (result == 0 || result == -ENOENT || result == -EIO) { return true; }
    state_directory_break(task->parts.env, "read", task->partition, local->path, result,
                          store_why(local->store));
    return false;
}

bool restore_plan(struct task *task, struct standby *standby, int64_t committed)
{
    struct env *env = task->parts.env;
    struct task_local *local = &task->local;
    struct restoring *restoring = task->restoring;
    int64_t low, end;
    int result = wire_bounds(env->wire, task_changelog_topic(task), task->partition, &low, &end);
    env_break_if_final(env, result);
    if (result < 0 || !keeps_rows(task)) { return false; }
    if (!local->store) {
        local->verified = false;
        local->store = standby_take(standby, task->partition, local->changelog);
    }
    if (!local->store && !open_store(task)) { return false; }
    restoring->low = low;
    restoring->end = end;
    restoring->committed = committed;
    restoring->began_ms = env_wall_ms(env);
    struct bookmark bookmark;
    const char *doubt = NULL;
    if (!read_bookmark(task, &bookmark, &doubt)) { return false; }
    if (!explain_beyond(task, &bookmark, &doubt)) { return false; }
    if (!doubt) { doubt = state_directory_doubt(&bookmark, committed, end); }
    if (!check_trust(task, &bookmark, doubt)) { return false; }
    begin_with(task, &bookmark);
    return true;
}

void restore_rebuild(struct task *task)
{
    struct bookmark none = {.changelog_offset = OFFSET_NONE};
    store_batch_clear(task->local.writes);
    if (check_trust(task, &none, other_log)) { begin_with(task, &none); }
    if (!task->local.store) {
        env_break(task->parts.env, EXIT_BROKEN, "the state in %s cannot be opened again",
                  task->local.path);
    }
}
