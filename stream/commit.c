/* The one commit order.
 *
 *   1. The workers flush: the batch is closed (stage `filling` becomes `flying`), and the next
 *      batch may begin at once on top of it.
 *   2. All at-once messages of the batch are acknowledged (DRAINING).
 *   3. One Kafka transaction: additive outputs, changelog records, next input offsets (RUNNING, on
 *      the committer's thread). Without transactions (at-once workers, delivery=at_least_once) the
 *      input offsets are committed instead.
 *   4. One RocksDB write a task: the same puts and the bookmark.
 *
 * The process dies:
 *   before 3 is decided   The group's offsets and the changelog are as before; the store too. The
 *                         next start reads the same input again. At-once messages go out again:
 *                         they are upserts.
 *   between 3 and 4       The store lacks the batch, but the changelog has it: the next start
 *                         restores it.
 *   outcome unknown       (Fatal error in 3.) Nothing is applied here; the process ends, and the
 *                         next start's fencing decides the transaction before the changelog is
 *                         read.
 *
 * With delivery=at_least_once additive outputs are sent after 1 (ADDING) and awaited in 2. Only
 * then the changelog is sent and awaited (LOGGING), and then its position (POSITIONING). If the
 * changelog were in Kafka before the batch's additive outputs, the next start would take the
 * batch's events for duplicates, and their counts would be lost. A process that dies before the
 * position is there sends the batch again: it is counted twice.
 *
 * Changelog records that go at once are in Kafka before their batch is committed, also those of the
 * batch that fills meanwhile. The bookmark must not pass over these: the process may die between 3
 * and 4 of their commit. So it names what was there when its own batch was closed, unless nothing
 * was put since.
 *
 * A failed commit is COMMIT_ABORTED: the run forgets both batches and rewinds to the group's
 * offsets.
 */
#include "base/base.h"
#include "base/crash.h"
#include "base/exit_code.h"
#include "base/thread.h"
#include "base/xalloc.h"
#include "stream/commit.h"
#include "stream/remedy.h"
#include "stream/topics.h"

#include <malloc.h>
#include <pthread.h>

enum {
    WAIT_SLICE_MS = 50,
    LARGE_BATCH_BYTES = 8 << 20, /* after one of these, free memory goes back to the system */
    TRIM_EVERY_MS = 10000,       /* but the next batch would soon ask for it again */
};

/* The one commit in flight. */
enum commit_phase {
    COMMIT_IDLE,
    COMMIT_ADDING,
    COMMIT_DRAINING,
    COMMIT_LOGGING,
    COMMIT_POSITIONING,
    COMMIT_RUNNING,
};

struct commit {
    struct env *env;
    struct task_list *tasks;
    struct at_once *at_once;
    enum commit_phase phase;
    uint64_t ack_group; /* of the at-once messages that the commit in flight waits for */
    int64_t began_ms; /* of the newest commit */
    int64_t trim_ms;  /* not before is the heap trimmed again */
    size_t uncommitted_bytes; /* staged, held for a commit, or in flight; their maximum: */
    size_t uncommitted_bytes_max;
    struct txn txn;
    size_t messages_capacity;
    size_t offsets_capacity;
    int64_t *told; /* what is told with each of txn's offsets */
    /* The committer's thread: takes `txn`, leaves `result`. */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool threaded;
    bool posted;
    bool done;
    bool quit;
    int result;
    struct metric *seconds;
    struct metric *commits;
    struct metric *uncommitted;
    struct metric *uncommitted_max;
};

/* ---- The committer's thread ---- */

static int carry_out(struct commit *commit)
{
    const struct txn *txn = &commit->txn;
    struct wire *wire = commit->env->wire;
    CRASH_POINT("commit.send");
    int result = env_transactional(commit->env)
                     ? wire_txn_run(wire, txn)
                     : wire_offsets_tell(wire, txn->offsets, commit->told, txn->offsets_count);
    CRASH_POINT("commit.sent");
    return result == WIRE_TOO_LARGE ? WIRE_FATAL : result;
}

static void *committer(void *arg)
{
    struct commit *commit = arg;
    pthread_mutex_lock(&commit->lock);
    while (!commit->quit) {
        if (!commit->posted) {
            pthread_cond_wait(&commit->wake, &commit->lock);
            continue;
        }
        commit->posted = false;
        pthread_mutex_unlock(&commit->lock);
        int result = carry_out(commit);
        pthread_mutex_lock(&commit->lock);
        commit->result = result;
        commit->done = true;
        pthread_cond_broadcast(&commit->wake);
    }
    pthread_mutex_unlock(&commit->lock);
    return NULL;
}

static void start_thread(struct commit *commit)
{
    thread_cond_init(&commit->wake);
    pthread_mutex_init(&commit->lock, NULL);
    int result = thread_start(&commit->thread, "committer", committer, commit);
    assert(result == 0);
}

void commit_stop(struct commit *commit)
{
    commit->phase = COMMIT_IDLE;
    if (!commit->threaded) { return; }
    pthread_mutex_lock(&commit->lock);
    commit->quit = true;
    pthread_cond_broadcast(&commit->wake);
    pthread_mutex_unlock(&commit->lock);
    thread_join(commit->thread);
    pthread_cond_destroy(&commit->wake);
    pthread_mutex_destroy(&commit->lock);
    commit->threaded = false;
}

struct commit *commit_new(struct env *env, struct task_list *tasks, struct at_once *at_once,
                          bool threaded)
{
    struct commit *commit = xcalloc(1, sizeof(*commit));
    struct metrics *metrics = env->metrics;
    commit->env = env;
    commit->tasks = tasks;
    commit->at_once = at_once;
    commit->threaded = threaded;
    commit->commits =
        metrics_counter(metrics, "freshet_commits_total", "", "Commits that succeeded.");
    commit->seconds = metrics_histogram(metrics, "freshet_commit_seconds", "",
                                        "Time from the end of a batch to its commit.", 1e-3, 5);
    commit->uncommitted =
        metrics_gauge(metrics, "freshet_uncommitted_bytes", "",
                      "Bytes held for the next commit and for the one in flight.");
    commit->uncommitted_max = metrics_gauge(metrics, "freshet_uncommitted_bytes_max", "",
                                            "Largest freshet_uncommitted_bytes since the start.");
    if (threaded) { start_thread(commit); }
    return commit;
}

struct commit *commit_free(struct commit *commit)
{
    if (!commit) { return NULL; }
    commit_stop(commit);
    free((void *)(uintptr_t)commit->txn.messages);
    free((void *)(uintptr_t)commit->txn.offsets);
    free(commit->told);
    free(commit->txn.ret_offsets);
    free(commit);
    return NULL;
}

static void post(struct commit *commit)
{
    commit->phase = COMMIT_RUNNING;
    if (!commit->threaded) {
        commit->result = carry_out(commit);
        commit->done = true;
        return;
    }
    pthread_mutex_lock(&commit->lock);
    commit->posted = true;
    commit->done = false;
    pthread_cond_broadcast(&commit->wake);
    pthread_mutex_unlock(&commit->lock);
}

/* Takes the transaction's result when it is over. */
static bool take_result(struct commit *commit)
{
    if (commit->threaded) { pthread_mutex_lock(&commit->lock); }
    bool done = commit->done;
    commit->done = false;
    if (commit->threaded) { pthread_mutex_unlock(&commit->lock); }
    return done;
}

/* ---- Bytes held for commits ---- */

size_t commit_open_bytes(struct commit *commit)
{
    const struct worker *worker = commit->env->worker;
    size_t filling = 0, flying = 0;
    for (size_t i = 0; i < commit->tasks->count; i++) {
        struct task *task = commit->tasks->at[i];
        filling += stage_bytes(&task->filling);
        flying += stage_bytes(&task->flying);
        if (task->opened && worker->held_bytes) { filling += worker->held_bytes(task); }
    }
    commit->uncommitted_bytes = filling + flying;
    commit->uncommitted_bytes_max =
        MAX_OF(commit->uncommitted_bytes_max, commit->uncommitted_bytes);
    return filling;
}

void commit_report_bytes(struct commit *commit)
{
    (void)commit_open_bytes(commit);
    metric_set(commit->uncommitted, (double)commit->uncommitted_bytes);
    metric_set(commit->uncommitted_max, (double)commit->uncommitted_bytes_max);
}

/* ---- Beginning ---- */

static void add_offset(struct commit *commit, struct task *task)
{
    const struct worker *worker = commit->env->worker;
    if (commit->txn.offsets_count == commit->offsets_capacity) {
        commit->offsets_capacity = commit->offsets_capacity ? commit->offsets_capacity * 2 : 16;
        commit->txn.offsets =
            xreallocarray((void *)(uintptr_t)commit->txn.offsets, commit->offsets_capacity,
                          sizeof(*commit->txn.offsets));
        commit->told =
            xreallocarray(commit->told, commit->offsets_capacity, sizeof(*commit->told));
    }
    commit->told[commit->txn.offsets_count] =
        task->opened && worker->tells ? worker->tells(task) : 0;
    ((struct topic_partition *)(uintptr_t)commit->txn.offsets)[commit->txn.offsets_count++] =
        (struct topic_partition){.topic = task->topic,
                                 .partition = task->partition,
                                 .offset = task->flying.next_offset};
}

static void add_message(struct commit *commit, const struct message *message)
{
    if (commit->txn.messages_count == commit->messages_capacity) {
        commit->messages_capacity = commit->messages_capacity ? commit->messages_capacity * 2 : 256;
        commit->txn.messages =
            xreallocarray((void *)(uintptr_t)commit->txn.messages, commit->messages_capacity,
                          sizeof(*commit->txn.messages));
        commit->txn.ret_offsets = xreallocarray(commit->txn.ret_offsets, commit->messages_capacity,
                                                sizeof(*commit->txn.ret_offsets));
    }
    ((struct message *)(uintptr_t)commit->txn.messages)[commit->txn.messages_count++] = *message;
}

static struct message changelog_record(const struct task *task, const struct put *put)
{
    return (struct message){.topic = task_changelog_topic(task),
                            .partition = task->partition,
                            .key = put->key,
                            .value = put->value};
}

static void add_task(struct commit *commit, struct task *task)
{
    const struct stage *stage = &task->flying;
    if (stage->next_offset == OFFSET_NONE) { return; }
    add_offset(commit, task);
    for (size_t i = 0; i < stage->messages_count; i++) { add_message(commit, &stage->messages[i]); }
    if (env_has_positions(commit->env)) { task_set_position(task); }
    if (!env_has_changelog(commit->env) || !env_transactional(commit->env)) { return; }
    for (size_t i = 0; i < stage->puts_count; i++) {
        const struct message record = changelog_record(task, &stage->puts[i]);
        add_message(commit, &record);
    }
    const struct message position = task_position(task);
    add_message(commit, &position);
}

/* Says whether the changelog's records are sent while their batch is open. */
static bool is_logged_at_once(const struct env *env)
{
    return env_has_changelog(env) && !env_has_positions(env) && !env_transactional(env);
}

static int64_t appended(const struct commit *commit, const struct task *task)
{
    return wire_appended(commit->env->wire, task_changelog_topic(task), task->partition);
}

static void close_batch(struct commit *commit, struct task *task)
{
    if (!commit_has_progress(task)) { return; }
    if (commit->env->worker->flush) { commit->env->worker->flush(task); }
    struct stage spare = task->flying;
    task->flying = task->filling;
    task->filling = spare;
    assert(task->filling.puts_count == 0 && task->filling.next_offset == OFFSET_NONE);
    task->flying.next_offset = task->input.offset;
    task->input.staged = task->input.offset;
    if (is_logged_at_once(commit->env)) { task->local.closed_newest = appended(commit, task); }
    task->worked = false;
}

enum commit_verdict commit_begin(struct commit *commit)
{
    struct task_list *tasks = commit->tasks;
    assert(commit->phase == COMMIT_IDLE);
    CRASH_POINT("commit.begin");
    commit->began_ms = env_now_ms(commit->env);
    commit->txn.messages_count = 0;
    commit->txn.offsets_count = 0;
    for (size_t i = 0; i < tasks->count; i++) { close_batch(commit, tasks->at[i]); }
    (void)commit_open_bytes(commit);
    /* The workers' flush sends messages, too; if one is not sent, the batch is incomplete. */
    if (commit->at_once->unsent || commit->env->ending.broken) { return COMMIT_UNSENT; }
    for (size_t i = 0; i < tasks->count; i++) { add_task(commit, tasks->at[i]); }
    if (!commit->txn.offsets_count) { return COMMIT_NOTHING; }
    CRASH_POINT("commit.closed");
    commit->ack_group = at_once_close_group(commit->at_once);
    commit->phase = env_sends_in_order(commit->env) ? COMMIT_ADDING : COMMIT_DRAINING;
    return commit_step(commit);
}

/* ---- Without a transaction ---- */

/* Called when nothing else has been sent since the ack group was chosen, or the group is new. */
static int send_now(struct commit *commit, const struct message *message)
{
    if (at_once_halted(commit->at_once)) { return WIRE_ABORTED; }
    int result = wire_produce(commit->env->wire, message, commit->ack_group);
    CRASH_POINT("commit.send_one");
    return result == WIRE_TOO_LARGE ? WIRE_FATAL : result;
}

static int send_additive(struct commit *commit)
{
    const struct txn *txn = &commit->txn;
    int result = 0;
    for (size_t i = 0; i < txn->messages_count && result == 0; i++) {
        result = send_now(commit, &txn->messages[i]);
    }
    return result;
}

static int send_changelog(struct commit *commit, const struct task *task)
{
    const struct stage *stage = &task->flying;
    int result = 0;
    if (stage->next_offset == OFFSET_NONE) { return 0; }
    for (size_t i = 0; i < stage->puts_count && result == 0; i++) {
        const struct message record = changelog_record(task, &stage->puts[i]);
        result = send_now(commit, &record);
    }
    return result;
}

/* Messages that are sent at once from now on are in a later ack group, so the wait ends. */
static int begin_logging(struct commit *commit)
{
    int result = 0;
    CRASH_POINT("commit.added");
    commit->phase = COMMIT_LOGGING;
    commit->ack_group = at_once_close_group(commit->at_once);
    for (size_t i = 0; i < commit->tasks->count && result == 0; i++) {
        result = send_changelog(commit, commit->tasks->at[i]);
    }
    return result;
}

/* A position must not be in the changelog when a record of its batch is lost. */
static int begin_positioning(struct commit *commit)
{
    int result = 0;
    CRASH_POINT("commit.logged");
    commit->phase = COMMIT_POSITIONING;
    commit->ack_group = at_once_close_group(commit->at_once);
    for (size_t i = 0; i < commit->tasks->count && result == 0; i++) {
        struct task *task = commit->tasks->at[i];
        if (task->flying.next_offset == OFFSET_NONE) { continue; }
        const struct message position = task_position(task);
        result = send_now(commit, &position);
    }
    return result;
}

/* ---- Ending ---- */

static int64_t newest_changelog_offset(const struct commit *commit, const struct task *task)
{
    const struct env *env = commit->env;
    const char *topic = task_changelog_topic(task);
    int64_t newest = OFFSET_NONE;
    bool transactional = env_transactional(env);
    bool passed = is_logged_at_once(env) && task->filling.puts_count > 0;
    if (!transactional) { newest = passed ? task->local.closed_newest : appended(commit, task); }
    const struct txn *txn = &commit->txn;
    for (size_t i = 0; transactional && i < txn->messages_count; i++) {
        const struct message *message = &txn->messages[i];
        if (message->partition == task->partition && message->topic == topic) {
            newest = MAX_OF(newest, txn->ret_offsets[i]);
        }
    }
    return newest;
}

/* The changelog's end went back while we wrote: it was recreated, or cut. */
static void refuse_lost_changelog(const struct task *task, int64_t newest)
{
    struct env *env = task->parts.env;
    _cleanup_(xfreep) char *again = remedy_begin_again(env, task->topic, task->partition);
    env_break(env, EXIT_CONFIG,
              "partition %d of the changelog %s ended at %" PRId64 ", and a new record went to %"
              PRId64 ": the topic was recreated or cut while this copy ran, and state is lost; "
              "hint: %s",
              task->partition, task_changelog_topic(task), task->local.position.from, newest,
              again);
}

static int store_flying(const struct commit *commit, struct task *task)
{
    struct task_local *local = &task->local;
    if (!local->store) { return 0; }
    stage_store(&task->flying, local->writes);
    int64_t newest = newest_changelog_offset(commit, task);
    bool positioned = env_has_positions(commit->env);
    if (positioned && newest != OFFSET_NONE && newest < local->position.from) {
        refuse_lost_changelog(task, newest);
        return -EIO;
    }
    local->changelog_offset = MAX_OF(newest + 1, local->changelog_offset);
    if (positioned) {
        bool last = env_transactional(commit->env);
        local->position_offset = last ? local->changelog_offset - 1 : local->position.from;
    }
    struct bookmark bookmark = task_bookmark(task);
    bookmark.input_offset = task->flying.next_offset;
    bookmark.current_ms = env_wall_ms(commit->env);
    int result = store_apply(local->store, local->writes, &bookmark);
    if (result < 0) { task_not_stored(task, result); }
    return result;
}

static void tell_committed(const struct commit *commit)
{
    int64_t took_ms = env_now_ms(commit->env) - commit->began_ms;
    env_log(commit->env, LOG_DEBUG, "committed", "messages=%zu ms=%" PRId64,
            commit->txn.messages_count, took_ms);
    metric_add(commit->commits, 1);
    metric_observe(commit->seconds, (double)took_ms / 1000.0);
}

static enum commit_verdict apply(struct commit *commit)
{
    const struct worker *worker = commit->env->worker;
    size_t bytes = 0;
    for (size_t i = 0; i < commit->tasks->count; i++) {
        struct task *task = commit->tasks->at[i];
        if (task->flying.next_offset == OFFSET_NONE) { continue; }
        if (store_flying(commit, task) < 0) { return COMMIT_NOT_STORED; }
        CRASH_POINT("commit.applied_one");
        task->input.committed = task->flying.next_offset;
        metric_set(task->offset, (double)task->input.committed);
        bytes += stage_bytes(&task->flying);
        stage_clear(&task->flying);
        if (worker->committed) { worker->committed(task); }
    }
    if (bytes > LARGE_BATCH_BYTES && env_now_ms(commit->env) >= commit->trim_ms) {
        commit->trim_ms = env_now_ms(commit->env) + TRIM_EVERY_MS;
        (void)malloc_trim(0);
    }
    CRASH_POINT("commit.applied");
    tell_committed(commit);
    return COMMIT_DONE;
}

static enum commit_verdict failed(int result)
{
    if (result == WIRE_ABORTED || result == WIRE_RETRY) { return COMMIT_ABORTED; }
    return result == WIRE_REFUSED ? COMMIT_REFUSED : COMMIT_UNKNOWN;
}

static enum commit_verdict end_commit(struct commit *commit, int result)
{
    enum commit_verdict verdict = result == 0 ? apply(commit) : failed(result);
    commit->phase = COMMIT_IDLE;
    return verdict;
}

/* ---- Steps ---- */

/* Begins the next phase of a commit without a transaction, when all before is acknowledged. */
static int go_on(struct commit *commit)
{
    bool positions = env_has_positions(commit->env);
    if (commit->phase == COMMIT_DRAINING && env_sends_in_order(commit->env)) {
        return begin_logging(commit);
    }
    return commit->phase == COMMIT_LOGGING && positions ? begin_positioning(commit) : 0;
}

/* Sends the messages that precede the next wait; returns how many are not acknowledged. */
static int drain(struct commit *commit, size_t *ret_outstanding)
{
    struct wire *wire = commit->env->wire;
    int result = commit->phase == COMMIT_ADDING ? send_additive(commit) : 0;
    if (commit->phase == COMMIT_ADDING) { commit->phase = COMMIT_DRAINING; }
    enum commit_phase phase = COMMIT_IDLE;
    while (result == 0 && phase != commit->phase) {
        phase = commit->phase;
        result = wire_unacked(wire, commit->ack_group, ret_outstanding);
        if (result < 0 || *ret_outstanding) { break; }
        result = go_on(commit);
    }
    return result;
}

enum commit_verdict commit_step(struct commit *commit)
{
    if (commit_awaits_acks(commit)) {
        size_t outstanding = 0;
        int result = drain(commit, &outstanding);
        if (result < 0) { return end_commit(commit, result); }
        if (outstanding) { return COMMIT_PENDING; }
        CRASH_POINT("commit.drained");
        post(commit);
    }
    if (commit->phase == COMMIT_IDLE) { return COMMIT_NOTHING; }
    return take_result(commit) ? end_commit(commit, commit->result) : COMMIT_PENDING;
}

static void nap(struct commit *commit)
{
    if (!commit->threaded) { return; }
    int64_t wait_ms = commit->phase == COMMIT_RUNNING ? WAIT_SLICE_MS : 1;
    struct timespec until = thread_deadline(wait_ms * 1000);
    pthread_mutex_lock(&commit->lock);
    if (!commit->done) { pthread_cond_timedwait(&commit->wake, &commit->lock, &until); }
    pthread_mutex_unlock(&commit->lock);
}

enum commit_verdict commit_wait(struct commit *commit, int64_t timeout_ms)
{
    int64_t deadline_ms = env_now_ms(commit->env) + timeout_ms;
    enum commit_verdict verdict = commit_step(commit);
    while (verdict == COMMIT_PENDING && env_now_ms(commit->env) < deadline_ms) {
        (void)at_once_halted(commit->at_once);
        nap(commit);
        verdict = commit_step(commit);
    }
    return verdict;
}

enum commit_verdict commit_check_acks(struct commit *commit)
{
    size_t outstanding = 0;
    assert(commit->phase == COMMIT_IDLE);
    int result = wire_unacked(commit->env->wire, commit->at_once->ack_group, &outstanding);
    if (result < 0) { return failed(result); }
    return outstanding ? COMMIT_PENDING : COMMIT_NOTHING;
}

enum commit_verdict commit_await_acks(struct commit *commit, int64_t timeout_ms)
{
    int64_t deadline_ms = env_now_ms(commit->env) + timeout_ms;
    enum commit_verdict verdict = COMMIT_PENDING;
    for (; env_now_ms(commit->env) < deadline_ms; nap(commit)) {
        verdict = commit_check_acks(commit);
        if (verdict != COMMIT_PENDING) { break; }
    }
    return verdict;
}

bool commit_idle(const struct commit *commit)
{
    return commit->phase == COMMIT_IDLE;
}

bool commit_awaits_acks(const struct commit *commit)
{
    return commit->phase != COMMIT_IDLE && commit->phase != COMMIT_RUNNING;
}

bool commit_running(const struct commit *commit)
{
    return commit->phase == COMMIT_RUNNING;
}
