/* The one commit order.
 *
 *   1. The workers flush: the batch is closed (stage `filling` becomes `flying`), and the next
 *   batch
 *      may begin at once on top of it.
 *   2. All at-once messages of the batch are acknowledged (DRAINING).
 *   3. One Kafka transaction: additive outputs, changelog records, next input offsets (RUNNING, on
 *      the committer's thread). Without transactions (at-once workers, delivery=at_least_once) the
 *      input offsets are committed instead.
 *   4. One RocksDB write a task: the same puts and the bookmark.
 *
 * Dying between any two lines:
 *   before 3 is decided  the group's offsets and the changelog are as before; the store too. The
 *   next
 *                        start reads the same input again. At-once messages go out again: upserts.
 *   between 3 and 4      the store lacks the batch but the changelog has it: restore brings it in.
 *   unknown outcome      (fatal error in 3): nothing is applied here; the process ends, and the
 *   next
 *                        start's fencing decides the transaction before restore reads the
 *                        changelog.
 *
 * With delivery=at_least_once additive outputs are sent after 1 (ADDING) and awaited in 2. Only
 * then the changelog goes out and is awaited (LOGGING): state that knows of a batch never stands in
 * Kafka before what the batch adds to others, or the next start would take the batch for a repeat
 * and its counts would be lost. Dying before 3 sends the batch again: it is counted twice.
 *
 * A failed commit (WIRE_ABORTED) forgets both batches and rewinds to the group's offsets.
 */
#include "base/base.h"
#include "base/crash.h"
#include "base/thread.h"
#include "base/xalloc.h"
#include "stream/run_internal.h"

#include <malloc.h>

enum {
    WAIT_SLICE_MS = 50,
    LARGE_BATCH_BYTES = 8 << 20, /* after one of these, free memory goes back to the system */
};

/* ---- The committer's thread ---- */

static int carry_out(struct run *run)
{
    struct txn *txn = &run->commit.txn;
    CRASH_POINT("commit.send");
    int result = run_is_transactional(run)
                     ? wire_txn_run(run->wire, txn)
                     : wire_offsets_commit(run->wire, txn->offsets, txn->offsets_count);
    CRASH_POINT("commit.sent");
    return result;
}

static void *committer(void *arg)
{
    struct run *run = arg;
    struct commit *commit = &run->commit;
    pthread_mutex_lock(&commit->lock);
    while (!commit->quit) {
        if (!commit->posted) {
            pthread_cond_wait(&commit->wake, &commit->lock);
            continue;
        }
        commit->posted = false;
        pthread_mutex_unlock(&commit->lock);
        int result = carry_out(run);
        pthread_mutex_lock(&commit->lock);
        commit->result = result;
        commit->done = true;
        pthread_cond_broadcast(&commit->wake);
    }
    pthread_mutex_unlock(&commit->lock);
    return NULL;
}

void commit_init(struct run *run, bool threaded)
{
    struct commit *commit = &run->commit;
    commit->began_ms = run_now_ms(run);
    commit->mark = 1;
    commit->threaded = threaded;
    if (!threaded) { return; }
    thread_cond_init(&commit->wake);
    pthread_mutex_init(&commit->lock, NULL);
    int result = thread_start(&commit->thread, "committer", committer, run);
    assert(result == 0);
}

void commit_release(struct run *run)
{
    struct commit *commit = &run->commit;
    if (commit->threaded) {
        pthread_mutex_lock(&commit->lock);
        commit->quit = true;
        pthread_cond_broadcast(&commit->wake);
        pthread_mutex_unlock(&commit->lock);
        thread_join(commit->thread);
        pthread_cond_destroy(&commit->wake);
        pthread_mutex_destroy(&commit->lock);
        commit->threaded = false;
    }
    free((void *)(uintptr_t)commit->txn.messages);
    free((void *)(uintptr_t)commit->txn.offsets);
    free(commit->txn.ret_offsets);
    commit->txn = (struct txn){0};
}

static void post(struct run *run)
{
    struct commit *commit = &run->commit;
    commit->phase = COMMIT_RUNNING;
    if (!commit->threaded) {
        commit->result = carry_out(run);
        commit->done = true;
        return;
    }
    pthread_mutex_lock(&commit->lock);
    commit->posted = true;
    commit->done = false;
    pthread_cond_broadcast(&commit->wake);
    pthread_mutex_unlock(&commit->lock);
}

static bool is_done(struct commit *commit)
{
    if (!commit->threaded) { return commit->done; }
    pthread_mutex_lock(&commit->lock);
    bool done = commit->done;
    pthread_mutex_unlock(&commit->lock);
    return done;
}

/* ---- Beginning ---- */

static bool has_progress(const struct task *task)
{
    return task->state == TASK_RUNNING && task->input_offset > task->staged_offset;
}

/* Counts what the next commit will hold; notes that together with the one in flight. */
static size_t filling_bytes(struct run *run)
{
    size_t filling = 0, flying = 0;
    for (size_t i = 0; i < run->tasks_count; i++) {
        struct task *task = run->tasks[i];
        filling += stage_bytes(&task->filling);
        flying += stage_bytes(&task->flying);
        if (task->opened && run->worker->held_bytes) { filling += run->worker->held_bytes(task); }
    }
    run->commit.uncommitted_bytes = filling + flying;
    run->commit.uncommitted_bytes_max =
        MAX_OF(run->commit.uncommitted_bytes_max, run->commit.uncommitted_bytes);
    return filling;
}

void commit_tell_bytes(struct run *run)
{
    (void)filling_bytes(run);
    metric_set(run->m.uncommitted, (double)run->commit.uncommitted_bytes);
    metric_set(run->m.uncommitted_max, (double)run->commit.uncommitted_bytes_max);
}

bool commit_heavy(struct run *run)
{
    return filling_bytes(run) >= (size_t)run->settings.batch_bytes_max;
}

bool commit_full(struct run *run)
{
    return commit_heavy(run) || run->commit.records >= (size_t)run->settings.batch_records_max;
}

bool commit_due(struct run *run)
{
    bool progress = false;
    for (size_t i = 0; i < run->tasks_count; i++) { progress |= has_progress(run->tasks[i]); }
    if (!progress) { return false; }
    return run->commit.burst_over || commit_full(run) ||
           run_now_ms(run) - run->commit.began_ms >= run->settings.commit_interval_ms;
}

static void add_offset(struct commit *commit, const struct task *task)
{
    if (commit->txn.offsets_count == commit->offsets_capacity) {
        commit->offsets_capacity = commit->offsets_capacity ? commit->offsets_capacity * 2 : 16;
        commit->txn.offsets =
            xreallocarray((void *)(uintptr_t)commit->txn.offsets, commit->offsets_capacity,
                          sizeof(*commit->txn.offsets));
    }
    ((struct topic_partition *)(uintptr_t)commit->txn.offsets)[commit->txn.offsets_count++] =
        (struct topic_partition){
            .topic = task->topic,
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

static void add_task(struct run *run, const struct task *task)
{
    struct commit *commit = &run->commit;
    const struct stage *stage = &task->flying;
    if (stage->next_offset == OFFSET_NONE) { return; }
    add_offset(commit, task);
    for (size_t i = 0; i < stage->messages_count; i++) { add_message(commit, &stage->messages[i]); }
    if (!run_has_changelog(run) || !run_is_transactional(run)) { return; }
    for (size_t i = 0; i < stage->puts_count; i++) {
        const struct message record = {.topic = task_changelog_topic(task),
                                       .partition = task->partition,
                                       .key = stage->puts[i].key,
                                       .value = stage->puts[i].value};
        add_message(commit, &record);
    }
}

static void close_batch(struct run *run, struct task *task)
{
    if (!has_progress(task)) { return; }
    if (run->worker->flush) { run->worker->flush(task); }
    struct stage spare = task->flying;
    task->flying = task->filling;
    task->filling = spare;
    assert(task->filling.puts_count == 0 && task->filling.next_offset == OFFSET_NONE);
    task->flying.next_offset = task->input_offset;
    task->staged_offset = task->input_offset;
}

/* ---- Without a transaction ---- */

/* Nothing else has been sent since the mark was chosen, or the mark is new. */
static int send_now(struct run *run, const struct message *message)
{
    if (standstill_look(run)) { return WIRE_ABORTED; }
    int result = wire_produce(run->wire, message, run->commit.flying_mark);
    CRASH_POINT("commit.send_one");
    return result == WIRE_TOO_LARGE ? WIRE_FATAL : result;
}

static int send_additive(struct run *run)
{
    const struct txn *txn = &run->commit.txn;
    int result = 0;
    for (size_t i = 0; i < txn->messages_count && result == 0; i++) {
        result = send_now(run, &txn->messages[i]);
    }
    return result;
}

static int send_changelog(struct run *run, const struct task *task)
{
    const struct stage *stage = &task->flying;
    int result = 0;
    if (stage->next_offset == OFFSET_NONE) { return 0; }
    for (size_t i = 0; i < stage->puts_count && result == 0; i++) {
        const struct message record = {.topic = task_changelog_topic(task),
                                       .partition = task->partition,
                                       .key = stage->puts[i].key,
                                       .value = stage->puts[i].value};
        result = send_now(run, &record);
    }
    return result;
}

/* What is sent at once from now on belongs to a later mark, so that the wait has an end. */
static int begin_logging(struct run *run)
{
    int result = 0;
    CRASH_POINT("commit.added");
    run->commit.flying_mark = run->commit.mark++;
    for (size_t i = 0; i < run->tasks_count && result == 0; i++) {
        result = send_changelog(run, run->tasks[i]);
    }
    return result;
}

/* The workers' flush sends too; when that does not go, the batch is not complete. */
static void give_up_flush(struct run *run)
{
    run->failed = true;
    if (!run->broken) { run_retry(run, wire_why(run->wire)); }
}

void commit_begin(struct run *run)
{
    struct commit *commit = &run->commit;
    assert(commit->phase == COMMIT_IDLE);
    CRASH_POINT("commit.begin");
    commit->began_ms = run_now_ms(run);
    commit->records = 0;
    commit->input_bytes = 0;
    commit->burst_over = false;
    commit->txn.messages_count = 0;
    commit->txn.offsets_count = 0;
    for (size_t i = 0; i < run->tasks_count; i++) { close_batch(run, run->tasks[i]); }
    (void)filling_bytes(run);
    if (run->unsent || run->broken) {
        give_up_flush(run);
        return;
    }
    for (size_t i = 0; i < run->tasks_count; i++) { add_task(run, run->tasks[i]); }
    if (!commit->txn.offsets_count) { return; }
    CRASH_POINT("commit.closed");
    commit->flying_mark = commit->mark++;
    commit->phase = run_sends_in_order(run) ? COMMIT_ADDING : COMMIT_DRAINING;
    commit_step(run);
}

/* ---- Ending ---- */

static int64_t newest_changelog_offset(struct run *run, const struct task *task)
{
    const char *topic = task_changelog_topic(task);
    int64_t newest = OFFSET_NONE;
    if (!run_is_transactional(run)) { newest = wire_appended(run->wire, topic, task->partition); }
    const struct txn *txn = &run->commit.txn;
    for (size_t i = 0; run_is_transactional(run) && i < txn->messages_count; i++) {
        const struct message *message = &txn->messages[i];
        if (message->partition == task->partition && message->topic == topic) {
            newest = MAX_OF(newest, txn->ret_offsets[i]);
        }
    }
    return MAX_OF(newest + 1, task->changelog_offset);
}

static int store_batch(struct run *run, struct task *task)
{
    if (!task->store) { return 0; }
    for (size_t i = 0; i < task->flying.puts_count; i++) {
        store_batch_put(task->writes, task->flying.puts[i].key, task->flying.puts[i].value);
    }
    task->changelog_offset = newest_changelog_offset(run, task);
    const struct bookmark bookmark = {.changelog_offset = task->changelog_offset,
                                      .input_offset = task->flying.next_offset};
    int result = store_apply(task->store, task->writes, &bookmark);
    if (result < 0) { task_not_stored(task, result); }
    return result;
}

static void apply(struct run *run)
{
    size_t bytes = 0;
    for (size_t i = 0; i < run->tasks_count; i++) {
        struct task *task = run->tasks[i];
        if (task->flying.next_offset == OFFSET_NONE) { continue; }
        if (store_batch(run, task) < 0) { return; }
        CRASH_POINT("commit.applied_one");
        task->committed_offset = task->flying.next_offset;
        metric_set(task->offset, (double)task->committed_offset);
        bytes += stage_bytes(&task->flying);
        stage_clear(&task->flying);
        if (run->worker->committed) { run->worker->committed(task); }
    }
    if (bytes > LARGE_BATCH_BYTES) { (void)malloc_trim(0); }
    run->commit.phase = COMMIT_IDLE;
    CRASH_POINT("commit.applied");
    run_log(run, LOG_DEBUG, "committed", "messages=%zu ms=%" PRId64, run->commit.txn.messages_count,
            run_now_ms(run) - run->commit.began_ms);
    metric_add(run->m.commits, 1);
    metric_observe(run->m.commit_seconds,
                   (double)(run_now_ms(run) - run->commit.began_ms) / 1000.0);
}

void commit_forget(struct run *run)
{
    run->commit.phase = COMMIT_IDLE;
    run->commit.records = 0;
    for (size_t i = 0; i < run->tasks_count; i++) {
        struct task *task = run->tasks[i];
        stage_clear(&task->filling);
        stage_clear(&task->flying);
        task->touched = false;
        arena_reset(task->arena);
        if (task->opened && run->worker->forget) { run->worker->forget(task); }
    }
    broadcast_forget(run);
}

/* Rolls back: the group's offsets say where to go on. */
static void roll_back(struct run *run)
{
    metric_add(run->m.aborts, 1);
    run_log(run, LOG_WARN, "commit rolled back", "why=\"%s\"", wire_why(run->wire));
    CRASH_POINT("commit.roll_back");
    commit_forget(run);
    for (size_t i = 0; i < run->tasks_count; i++) {
        struct task *task = run->tasks[i];
        if (task->state == TASK_RUNNING) { task_move(task, TASK_OPENING); }
    }
    run->failed = true;
}

static void end_commit(struct run *run, int result)
{
    if (result == 0) {
        apply(run);
    } else if (result == WIRE_ABORTED || result == WIRE_RETRY) {
        roll_back(run);
    } else if (result == WIRE_REFUSED) {
        run->commit.phase = COMMIT_IDLE;
        run_break(run, EXIT_CONFIG, "cannot commit: %s", wire_why(run->wire));
    } else {
        run->commit.phase = COMMIT_IDLE;
        run_break(run, EXIT_FENCED,
                  "commit failed for good, its outcome is not known here: %s; hint: start again, "
                  "the state is restored from Kafka; if it says fenced, another copy runs with "
                  "slot=%" PRId64,
                  wire_why(run->wire), run->settings.slot);
    }
}

/* Sends what is to be sent before the next wait, and waits: 0 when it is over. */
static int wait_for_acks(struct run *run, size_t *ret_outstanding)
{
    struct commit *commit = &run->commit;
    int result = commit->phase == COMMIT_ADDING ? send_additive(run) : 0;
    if (commit->phase == COMMIT_ADDING) { commit->phase = COMMIT_DRAINING; }
    if (result == 0) { result = wire_unacked(run->wire, commit->flying_mark, ret_outstanding); }
    bool logs = commit->phase == COMMIT_DRAINING && run_sends_in_order(run);
    if (result < 0 || *ret_outstanding || !logs) { return result; }
    commit->phase = COMMIT_LOGGING;
    result = begin_logging(run);
    return result < 0 ? result : wire_unacked(run->wire, commit->flying_mark, ret_outstanding);
}

void commit_step(struct run *run)
{
    struct commit *commit = &run->commit;
    if (commit->phase != COMMIT_IDLE && commit->phase != COMMIT_RUNNING) {
        size_t outstanding = 0;
        int result = wait_for_acks(run, &outstanding);
        if (result < 0) {
            end_commit(run, result);
            return;
        }
        if (outstanding) { return; }
        CRASH_POINT("commit.drained");
        post(run);
    }
    if (commit->phase == COMMIT_RUNNING && is_done(commit)) {
        commit->done = false;
        end_commit(run, commit->result);
    }
}

static void nap(struct run *run)
{
    struct commit *commit = &run->commit;
    if (!commit->threaded) { return; }
    int64_t wait_ms = commit->phase == COMMIT_RUNNING ? WAIT_SLICE_MS : 1;
    struct timespec until = thread_deadline(wait_ms * 1000);
    pthread_mutex_lock(&commit->lock);
    if (!commit->done) { pthread_cond_timedwait(&commit->wake, &commit->lock, &until); }
    pthread_mutex_unlock(&commit->lock);
}

bool commit_wait(struct run *run, int64_t timeout_ms)
{
    int64_t deadline_ms = run_now_ms(run) + timeout_ms;
    for (commit_step(run); run->commit.phase != COMMIT_IDLE && !run->broken; commit_step(run)) {
        if (run_now_ms(run) >= deadline_ms) { return false; }
        (void)standstill_look(run);
        nap(run);
    }
    return true;
}

bool commit_settle(struct run *run, int64_t timeout_ms)
{
    int64_t deadline_ms = run_now_ms(run) + timeout_ms;
    if (!run_finish(run)) { return false; }
    for (size_t outstanding = 1; run_now_ms(run) < deadline_ms; nap(run)) {
        int result = wire_unacked(run->wire, run->commit.mark, &outstanding);
        if (result < 0) { end_commit(run, result); }
        if (result < 0 || !outstanding) { return result == 0; }
    }
    return false;
}
