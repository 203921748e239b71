/* The run: advances its parts in rounds; only the run acts on their verdicts.
 *
 * A round: the commit in flight, the broadcast inputs, restores, records that wait for a schema,
 * one poll of the input, what is read beside it, a piece of work that no record brings, a commit if
 * one is due, standby copies, and what is done every 100 ms. Everything is on the worker's thread
 * but a commit's transaction (commit.c).
 *
 * Uncommitted work is forgotten in three cases, all in this file:
 *   rolled back   A commit was aborted: processing goes on from the group's offsets.
 *   tried again   Something of the open batch was not sent, the worker asked for it, or the process
 *                 stood still: the same after a pause. Polls during the pause report partitions
 *                 that were lost.
 *   revoked       Partitions were lost, or the last commit before giving them back failed.
 * Before the input is read again, all messages of the forgotten batches are acknowledged or have
 * failed: they would fail the next batch.
 * In each case the commit in flight must be decided first: a partition is not given back while the
 * committer's thread works with it. When that takes too long the process ends; the next start finds
 * out whether the transaction was committed.
 */
#include "base/base.h"
#include "base/crash.h"
#include "base/exit_code.h"
#include "base/message.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "stream/remedy.h"
#include "stream/run_internal.h"
#include "stream/state_directory.h"

enum {
    TICK_MS = 100,
    POLL_COMMITTING_MS = 2,
    POLL_BROADCAST_MS = 5,
    RETRY_PAUSE_MS = 500,
    TROUBLE_EVERY_MS = 10000, /* between two lines about brokers that do not answer */
};

static bool is_broken(const struct run *run)
{
    return run->env.ending.broken;
}

/* ---- Rolling back ---- */

static bool decide_commit(struct run *run);

static void forget(struct run *run)
{
    run->unsettled = true;
    pace_forget(&run->pace);
    for (size_t i = 0; i < run->tasks.count; i++) { task_forget(run->tasks.at[i]); }
    broadcast_forget(run->broadcast);
}

/* Lets the tasks begin again from the group's offsets. */
static void reopen_tasks(struct run *run)
{
    for (size_t i = 0; i < run->tasks.count; i++) {
        struct task *task = run->tasks.at[i];
        if (task->state == TASK_RUNNING) { task_move(task, TASK_OPENING); }
    }
}

static void roll_back(struct run *run)
{
    metric_add(run->m.aborts, 1);
    env_log(&run->env, LOG_WARN, "commit rolled back", "why=%s",
            quote_text(wire_why(run->env.wire)).text);
    CRASH_POINT("commit.roll_back");
    run->rolled_back = true;
    pace_failed(&run->pace);
    forget(run);
    reopen_tasks(run);
}

/* Rolls the open batches back; after a pause they are read again. */
static void retry(struct run *run, const char *why)
{
    CRASH_POINT("retry");
    char still[64];
    why = standstill_report(&run->at_once.standstill, still, sizeof(still)) ? still : why;
    env_log(&run->env, LOG_WARN, "batch will be tried again", "why=%s", quote_text(why).text);
    run_refusal_clear(&run->env.refusal);
    run->at_once.unsent = false;
    if (!decide_commit(run) || is_broken(run)) { return; }
    forget(run);
    reopen_tasks(run);
    run->paused_until_ms = run_now_ms(run) + RETRY_PAUSE_MS;
}

/* Acts on a commit's verdict. */
static void heed(struct run *run, enum commit_verdict verdict)
{
    struct env *env = &run->env;
    switch (verdict) {
    case COMMIT_NOTHING:
    case COMMIT_PENDING:
    case COMMIT_NOT_STORED: /* the run is broken */
        return;
    case COMMIT_DONE:
        run->rolled_back = false;
        pace_succeeded(&run->pace);
        return;
    case COMMIT_UNSENT:
        if (!is_broken(run)) { retry(run, wire_why(env->wire)); }
        return;
    case COMMIT_ABORTED:
        roll_back(run);
        return;
    case COMMIT_REFUSED:
        env_break(env, EXIT_CONFIG, "cannot commit: %s", wire_why(env->wire));
        return;
    case COMMIT_UNKNOWN:
        env_break(env, EXIT_FENCED,
                  "commit failed for good, its outcome is not known here: %s; hint: start again, "
                  "the state is restored from Kafka; if it says fenced, another copy runs with "
                  "slot=%" PRId64,
                  wire_why(env->wire), run->settings.slot);
        return;
    }
}

/* Says whether nothing of a batch that was forgotten is on its way any more. */
static bool is_settled(struct run *run)
{
    if (!run->unsettled || !commit_idle(run->commit)) { return true; }
    enum commit_verdict verdict = commit_check_acks(run->commit);
    run->unsettled = verdict == COMMIT_PENDING || verdict == COMMIT_ABORTED;
    if (verdict != COMMIT_ABORTED) { heed(run, verdict); }
    return !run->unsettled;
}

static bool is_paused(struct run *run)
{
    return run_now_ms(run) < run->paused_until_ms || !is_settled(run);
}

/* Finds out about at-once messages that could not be delivered. A commit would, too, but it may be
 * far away, or not come at all while no input does. */
static void watch_acks(struct run *run)
{
    if (!commit_idle(run->commit) || is_broken(run) || !is_settled(run)) { return; }
    enum commit_verdict verdict = commit_check_acks(run->commit);
    run->unacked = verdict != COMMIT_NOTHING;
    heed(run, verdict);
}

/* Waits for the commit in flight; false: it is still going, and the run is broken. */
static bool decide_commit(struct run *run)
{
    enum commit_verdict verdict = commit_wait(run->commit, run->settings.commit_timeout_ms);
    heed(run, verdict);
    if (verdict != COMMIT_PENDING) { return true; }
    env_break(&run->env, EXIT_BROKEN,
              "a commit did not finish within %" PRId64
              " ms; hint: are the brokers reachable and are enough replicas in sync?",
              run->settings.commit_timeout_ms);
    return false;
}

/* ---- Commits ---- */

static enum commit_verdict begin_commit(struct run *run)
{
    pace_restart(&run->pace);
    enum commit_verdict verdict = commit_begin(run->commit);
    pace_closed(&run->pace);
    return verdict;
}

/* A commit that is due while one is in flight waits for it only when the limits are reached. */
static void commit_if_due(struct run *run)
{
    if (!pace_due(&run->pace)) { return; }
    if (!commit_idle(run->commit) && pace_full(&run->pace)) { (void)decide_commit(run); }
    if (commit_idle(run->commit) && !is_broken(run) && pace_due(&run->pace)) {
        heed(run, begin_commit(run));
    }
}

bool run_finish(struct run *run)
{
    int64_t timeout_ms = run->settings.commit_timeout_ms;
    enum commit_verdict verdict = commit_wait(run->commit, timeout_ms);
    heed(run, verdict);
    if (verdict == COMMIT_PENDING || is_broken(run)) { return false; }
    verdict = begin_commit(run);
    if (verdict == COMMIT_PENDING) { verdict = commit_wait(run->commit, timeout_ms); }
    heed(run, verdict);
    return !is_broken(run) && (verdict == COMMIT_DONE || verdict == COMMIT_NOTHING);
}

bool run_committing(struct run *run)
{
    heed(run, commit_step(run->commit));
    return commit_running(run->commit);
}

bool task_commit(struct task *task)
{
    struct run *run = task_run(task);
    int64_t deadline_ms = run_now_ms(run) + run->settings.commit_timeout_ms;
    if (!run_finish(run)) { return false; }
    enum commit_verdict verdict = commit_await_acks(run->commit, deadline_ms - run_now_ms(run));
    heed(run, verdict);
    return verdict == COMMIT_NOTHING;
}

void task_want_commits(struct task *task, int64_t for_ms)
{
    pace_want(&task_run(task)->pace, for_ms);
}

/* ---- Rebalance ---- */

static struct task *find_task(struct run *run, const char *topic, int32_t partition)
{
    return task_list_find(&run->tasks, run->topics.sources_count > 1 ? topic : NULL, partition);
}

/* A partition that was added to the input after the start has no state. */
static bool has_room(struct run *run, const struct topic_partition *at)
{
    int changelog = run->env.worker->changelog;
    if (changelog == NO_CHANGELOG) { return true; }
    int32_t partitions = run->topics.output_partitions[changelog];
    if (at->partition < partitions) { return true; }
    _cleanup_(xfreep) char *mend = remedy_partition_added(&run->env, at->topic, at->partition);
    env_break(&run->env, EXIT_CONFIG,
              "topic %s has got a partition %d, but %s, its state's changelog, has only %d; hint: "
              "%s",
              at->topic, at->partition, run->topics.outputs[changelog], partitions, mend);
    return false;
}

static void on_assigned(void *arg, const struct topic_partition *at, size_t count)
{
    struct run *run = arg;
    const struct task_parts parts = {&run->env, &run->at_once, run->schemas};
    for (size_t i = 0; i < count; i++) {
        const char *topic = topics_find_source(&run->topics, at[i].topic);
        if (!topic) {
            env_break(&run->env, EXIT_BROKEN,
                      "the group assigned topic %s, which this copy does not read; hint: is "
                      "another program a member of the group? start again",
                      at[i].topic);
            return;
        }
        if (find_task(run, topic, at[i].partition)) { continue; }
        if (!has_room(run, &at[i])) { return; }
        task_list_add(&run->tasks, task_new(&parts, topic, at[i].partition));
    }
    if (env_has_changelog(&run->env) &&
        !state_directory_descriptors(&run->env, run->tasks.count)) {
        return;
    }
    standby_wake(run->standby);
    CRASH_POINT("rebalance.assigned");
    metric_add(run->m.rebalances, 1);
    metric_set(run->m.tasks, (double)run->tasks.count);
    run->joined = true;
    env_log(&run->env, LOG_INFO, "assigned", "partitions=%zu", count);
}

void run_drop_task(struct run *run, struct task *task)
{
    if (!task) { return; }
    task_list_remove(&run->tasks, task);
    restore_leave(task);
    task_free(task);
}

/* Partitions that are revoked are committed first; for lost ones no commit is allowed. */
static void on_revoked(void *arg, const struct topic_partition *at, size_t count, bool lost)
{
    struct run *run = arg;
    if (!lost) { CRASH_POINT("rebalance.revoke"); }
    if (lost) { CRASH_POINT("rebalance.lost"); }
    bool finished = !lost && !is_broken(run) && run_finish(run);
    if (!finished && !decide_commit(run)) { return; }
    if (!finished) { forget(run); }
    restore_pause(run->restore);
    CRASH_POINT("rebalance.finished");
    for (size_t i = 0; i < count; i++) {
        run_drop_task(run, find_task(run, at[i].topic, at[i].partition));
    }
    CRASH_POINT("rebalance.dropped");
    metric_set(run->m.tasks, (double)run->tasks.count);
    run->joined = run->joined && !lost;
    env_log(&run->env, lost ? LOG_WARN : LOG_INFO, "revoked", "partitions=%zu lost=%s", count,
            lost ? "true" : "false");
}

/* librdkafka reports every attempt to connect: the log gets one line in TROUBLE_EVERY_MS. */
static void on_trouble(void *arg, const char *text)
{
    struct run *run = arg;
    metric_add(run->m.broker_errors, 1);
    int64_t now_ms = run_now_ms(run);
    if (run->trouble_ms && now_ms - run->trouble_ms < TROUBLE_EVERY_MS) { return; }
    run->trouble_ms = now_ms;
    env_log(&run->env, LOG_WARN, "trouble with a broker, trying again", "why=%s",
            quote_text(text).text);
}

struct wire_listener run_listener(struct run *run)
{
    return (struct wire_listener){
        .arg = run, .assigned = on_assigned, .revoked = on_revoked, .trouble = on_trouble};
}

/* ---- A round ---- */

static enum verdict process_one(struct run *run, struct task *task, const struct record *rec)
{
    if (rec->unreadable) {
        return task_refuse(task, "unreadable",
                           "%s; of the record only the place is known: offsets %" PRId64 " to "
                           "%" PRId64 "; a large batch can be read with a larger "
                           "kafka.consumer.receive.message.max.bytes",
                           wire_why(run->env.wire), rec->unreadable_from, rec->offset);
    }
    if (rec->value.size > (size_t)run->settings.record_bytes_max) {
        return task_refuse(task, "too_large",
                           "value of %zu bytes, record.bytes.max is %" PRId64, rec->value.size,
                           run->settings.record_bytes_max);
    }
    return run->env.worker->process(task, rec);
}

/* A batch that has reached its limit of bytes, or of a checkpoint's time, is committed in the
 * middle of a poll's records: the rest may be many times as large. */
static void relieve(struct run *run)
{
    if (!pace_presses(&run->pace)) { return; }
    for (size_t i = 0; i < run->tasks.count && run_goes_on(run); i++) {
        if (run->tasks.at[i]->state == TASK_RUNNING) { task_close_poll(run->tasks.at[i]); }
    }
    if (run_goes_on(run)) { commit_if_due(run); }
}

/* Acts on the worker's verdict on a record; false: the record is not done. */
static bool heed_record(struct run *run, struct task *task, const struct record *rec,
                        enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_DONE:
        return true;
    case VERDICT_NO_SCHEMA:
        if (schema_hold_task(run->hold, task, rec)) { return false; }
        dead_letters_send(run->letters, rec);
        return true;
    case VERDICT_WAIT:
        (void)wire_pause(run->env.wire, task->topic, task->partition);
        task->waits = true;
        pace_hurry(&run->pace);
        return false;
    case VERDICT_SKIP:
        dead_letters_send(run->letters, rec);
        return true;
    case VERDICT_RETRY:
        retry(run, run->env.refusal.text);
        return false;
    case VERDICT_FATAL:
        env_break(&run->env, EXIT_BROKEN, "%s, at %s partition %d offset %" PRId64,
                  run->env.refusal.text, rec->topic, rec->partition, rec->offset);
        return false;
    }
    abort();
}

static void process_batch(struct run *run, const struct record *at, size_t count)
{
    for (size_t i = 0; i < count && run_goes_on(run); i++) {
        struct task *task = find_task(run, at[i].topic, at[i].partition);
        if (!task || !task_takes(task, at[i].offset)) { continue; }
        enum verdict verdict = process_one(run, task, &at[i]);
        if (verdict != VERDICT_DONE && !heed_record(run, task, &at[i], verdict)) {
            if (verdict == VERDICT_NO_SCHEMA || verdict == VERDICT_WAIT) { continue; }
            return;
        }
        CRASH_POINT("processed");
        task->input.offset = at[i].offset + 1;
        task->input.newest = at[i].offset;
        task->input.newest_ms = at[i].time_ms;
        task->touched = true;
        pace_count(&run->pace, at[i].value.size);
        relieve(run);
    }
    metric_add(run->m.records, (double)count);
}

static void end_batch(struct run *run)
{
    for (size_t i = 0; i < run->tasks.count && run_goes_on(run); i++) {
        struct task *task = run->tasks.at[i];
        struct task_input *input = &task->input;
        if (task->state != TASK_RUNNING) { continue; }
        int64_t position = wire_position(run->env.wire, task->topic, task->partition);
        position = MIN_OF(position, input->end);
        if (position > input->offset && !task->held && !task->waits) { input->offset = position; }
        if (input->offset >= input->end && !input->ended) {
            input->ended = wire_pause(run->env.wire, task->topic, task->partition) == 0;
        }
        task_close_poll(task);
    }
}

static void take_poll(struct run *run, const struct record *at, size_t count)
{
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    pace_polled(&run->pace, count);
    process_batch(run, at, count);
    end_batch(run);
    pace_poll_done(&run->pace);
    wire_release(run->env.wire);
    if (run->at_once.unsent && !is_broken(run)) { retry(run, wire_why(run->env.wire)); }
    clock_gettime(CLOCK_MONOTONIC, &to);
    if (!count) { return; }
    metric_observe(run->m.process_seconds, (double)(to.tv_sec - from.tv_sec) +
                                               (double)(to.tv_nsec - from.tv_nsec) / 1e9);
}

static void poll_input(struct run *run, int timeout_ms)
{
    const struct record *at = NULL;
    size_t count = 0;
    struct env *env = &run->env;
    size_t max = pace_room(&run->pace);
    int result = wire_poll(env->wire, timeout_ms, max, &at, &count);
    if (result == WIRE_REFUSED) { env_break(env, EXIT_CONFIG, "%s", wire_why(env->wire)); }
    if (result == WIRE_FATAL) {
        const char *why = wire_why(env->wire);
        if (message_has_hint(why)) { env_break(env, EXIT_FENCED, "%s", why); }
        env_break(env, EXIT_FENCED, "%s; hint: is another copy running with slot=%" PRId64 "?", why,
                  run->settings.slot);
    }
    if (result == 0 && !is_broken(run)) { take_poll(run, at, count); }
}

/* ---- Partitions that wait ---- */

static void step_waiting(struct run *run)
{
    run->waiting = false;
    for (size_t i = 0; i < run->tasks.count; i++) {
        struct task *task = run->tasks.at[i];
        if (task->state != TASK_RUNNING || !task->waits) { continue; }
        bool goes_on = run->env.worker->goes_on(task) &&
                       wire_resume(run->env.wire, task->topic, task->partition,
                                   task->input.offset) == 0;
        task->waits = !goes_on;
        run->waiting |= task->waits;
    }
}

/* ---- Work that no record brings ---- */

static bool has_work(const struct run *run, struct task *task)
{
    const struct worker *worker = run->env.worker;
    return task->state == TASK_RUNNING && worker->pending && worker->pending(task);
}

static bool any_work(const struct run *run)
{
    bool any = false;
    for (size_t i = 0; i < run->tasks.count; i++) { any |= has_work(run, run->tasks.at[i]); }
    return any;
}

/* A piece for each task that has some, unless the open batch is full already. */
static void step_work(struct run *run)
{
    if (is_paused(run) || run->at_once.unsent) { return; }
    for (size_t i = 0; i < run->tasks.count && run_goes_on(run) && !pace_full(&run->pace); i++) {
        struct task *task = run->tasks.at[i];
        if (!has_work(run, task)) { continue; }
        if (run->env.worker->work(task) == VERDICT_FATAL) {
            env_break(&run->env, EXIT_BROKEN,
                      "%s, in a piece of an earlier record's work, partition %d",
                      run->env.refusal.text, task->partition);
            return;
        }
        task->worked = task->touched = true;
        task_close_poll(task);
    }
}

static void step_beside(struct run *run)
{
    if (!is_paused(run) && !run->at_once.unsent && !pace_full(&run->pace)) {
        beside_step(run->beside);
    }
}

static int poll_timeout(const struct run *run, int timeout_ms)
{
    int64_t wait_ms = run_spare_wait_ms(run, pace_wait_ms(&run->pace, timeout_ms));
    if (any_work(run)) { wait_ms = MIN_OF(wait_ms, (int64_t)RUN_POLL_WORKING_MS); }
    if (!commit_idle(run->commit)) { wait_ms = MIN_OF(wait_ms, (int64_t)POLL_COMMITTING_MS); }
    if (broadcast_reads(run->broadcast) || standby_behind(run->standby) ||
        schema_hold_hurries(run->hold) || run->waiting || beside_reads(run->beside)) {
        wait_ms = MIN_OF(wait_ms, (int64_t)POLL_BROADCAST_MS);
    }
    return restore_reads(run->restore) ? 0 : (int)wait_ms;
}

/* After a rollback what was processed does not count: a worker whose commits fail again and again
 * would look as if it were through. */
static void update_lag(const struct run *run, struct task *task)
{
    int64_t end = wire_lag_end(run->env.wire, task->topic, task->partition);
    int64_t done = run->rolled_back ? task->input.committed : task->input.offset;
    int64_t least = has_work(run, task); /* a record is not done while its pieces are left */
    int64_t beside = task->state == TASK_RUNNING ? beside_lag(run->beside, task) : 0;
    if (end == OFFSET_NONE) { return; }
    metric_set(task->lag, (double)(MAX_OF(end - done, least) + beside));
}

static void tick(struct run *run)
{
    const struct worker *worker = run->env.worker;
    int64_t now_ms = run_now_ms(run);
    if (now_ms - run->ticked_ms < TICK_MS) { return; }
    run->ticked_ms = now_ms;
    commit_report_bytes(run->commit);
    broadcast_watch(run->broadcast);
    if (run_healthy(run)) { stale_state_step(run->stale_state); }
    if (run->pace.policy) { restore_watch_retention(run->restore); }
    for (size_t i = 0; i < run->tasks.count; i++) {
        struct task *task = run->tasks.at[i];
        update_lag(run, task);
        if (task->state == TASK_RUNNING && worker->tick) { worker->tick(task, now_ms); }
    }
    watch_acks(run);
    metric_set(run->m.at_rest, run_at_rest(run));
}

static void step_broadcast(struct run *run)
{
    if (is_paused(run)) { return; }
    if (broadcast_step(run->broadcast) == BROADCAST_UNSENT && !is_broken(run)) {
        retry(run, wire_why(run->env.wire));
    }
}

static bool may_begin(struct run *run)
{
    bool (*ready)(struct run *run) = run->env.worker->ready;
    return broadcast_loaded(run->broadcast) && (!ready || ready(run));
}

static void step_restore(struct run *run)
{
    if (is_paused(run)) { return; }
    restore_step(run->restore, may_begin(run));
}

bool run_step(struct run *run, int timeout_ms)
{
    if (at_once_halted(&run->at_once)) { retry(run, ""); }
    if (!is_broken(run)) { heed(run, commit_step(run->commit)); }
    if (!is_broken(run)) { step_broadcast(run); }
    if (!is_broken(run)) { step_restore(run); }
    if (!is_broken(run)) { schema_hold_step(run->hold); }
    if (!is_broken(run)) { step_waiting(run); }
    if (!is_broken(run)) { poll_input(run, poll_timeout(run, timeout_ms)); }
    if (!is_broken(run)) { step_beside(run); }
    if (!is_broken(run)) { step_work(run); }
    if (!is_broken(run) && !is_paused(run)) { run_spare_step(run); }
    if (!is_broken(run)) { commit_if_due(run); }
    if (run_healthy(run)) { standby_step(run->standby, run->pace.fed_ms); }
    if (!is_broken(run)) { tick(run); }
    return !is_broken(run);
}
