#include "base/base.h"
#include "base/crash.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "stream/generation.h"
#include "stream/config/input_end.h"
#include "stream/run_internal.h"

enum {
    TICK_MS = 100,
    POLL_COMMITTING_MS = 2,
    POLL_BROADCAST_MS = 5,
    RETRY_PAUSE_MS = 500,
    ASK_AGAIN_MS = 50,
    TROUBLE_EVERY_MS = 10000, /* between two lines about brokers that do not answer */
    BURST_BYTES = 1 << 18, /* so much behind us and, for so long, */
    BURST_QUIET_MS = 40,   /* nothing ahead: commit without waiting */
};

/* ---- Telling ---- */

void run_log(struct run *run, enum log_level level, const char *msg, const char *format, ...)
{
    char pairs[REFUSAL_TEXT_MAX];
    if (!run->note) { return; }
    va_list args;
    va_start(args, format);
    (void)vsnprintf(pairs, sizeof(pairs), format, args);
    va_end(args);
    run->note(run->note_arg, level, msg, pairs);
}

void run_break(struct run *run, int exit_code, const char *format, ...)
{
    if (run->broken) { return; }
    run->broken = true;
    run->exit_code = exit_code;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(run->refusal, sizeof(run->refusal), format, args);
    va_end(args);
}

void run_refuse(struct run *run, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(run->refusal, sizeof(run->refusal), format, args);
    va_end(args);
}

enum verdict run_refuse_record(struct run *run, const char *reason, const char *format, ...)
{
    run->refusal_reason = reason;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(run->refusal, sizeof(run->refusal), format, args);
    va_end(args);
    return VERDICT_SKIP;
}

enum verdict run_refuse_undecoded(struct run *run, const struct codec_error *error)
{
    (void)run_refuse_record(run, error->reason, "%s", error->detail);
    return error->unknown_id ? VERDICT_NO_SCHEMA : VERDICT_SKIP;
}

/* ---- Rebalance ---- */

struct task *run_find_task(struct run *run, const char *topic, int32_t partition)
{
    for (size_t i = 0; i < run->tasks_count; i++) {
        size_t at = (run->last_task + i) % run->tasks_count;
        const struct task *task = run->tasks[at];
        if (task->partition != partition) { continue; }
        if (run->sources_count > 1 && strcmp(task->topic, topic) != 0) { continue; }
        run->last_task = at;
        return run->tasks[at];
    }
    return NULL;
}

struct task *run_find_owner(struct run *run, int32_t partition)
{
    return run_find_task(run, run->sources[0], partition);
}

static void on_assigned(void *arg, const struct topic_partition *at, size_t count)
{
    struct run *run = arg;
    for (size_t i = 0; i < count; i++) {
        const char *topic = run_find_source(run, at[i].topic);
        assert(topic);
        if (run_find_task(run, topic, at[i].partition)) { continue; }
        if (run_has_changelog(run) &&
            at[i].partition >= run->output_partitions[run->worker->changelog]) {
            run_break(run, EXIT_CONFIG,
                      "topic %s has got a partition %d, but %s, its state's changelog, has only "
                      "%d; hint: partitions of a topic with state cannot be added: make both anew",
                      at[i].topic, at[i].partition,
                      run->output_topics[run->worker->changelog],
                      run->output_partitions[run->worker->changelog]);
            return;
        }
        run->tasks = xreallocarray(run->tasks, run->tasks_count + 1, sizeof(*run->tasks));
        run->tasks[run->tasks_count++] = task_new(run, topic, at[i].partition);
    }
    standby_wake(run);
    CRASH_POINT("rebalance.assigned");
    metric_add(run->m.rebalances, 1);
    metric_set(run->m.tasks, (double)run->tasks_count);
    run_log(run, LOG_INFO, "assigned", "partitions=%zu", count);
}

/* Nothing may be given back while the committer works with it: then the process ends, and the next
 * start finds out what became of it. */
static bool decide_commit(struct run *run)
{
    if (commit_wait(run, run->settings.commit_timeout_ms)) { return true; }
    run_break(run, EXIT_BROKEN,
              "a commit did not finish within %" PRId64
              " ms; hint: are the brokers reachable and are enough replicas in sync?",
              run->settings.commit_timeout_ms);
    return false;
}

static void drop_task(struct run *run, const char *topic, int32_t partition)
{
    struct task *task = run_find_task(run, topic, partition);
    if (!task) { return; }
    run->tasks[run->last_task] = run->tasks[--run->tasks_count];
    run->last_task = 0;
    task_free(task);
}

/* Taken away in good order: what is processed is committed first. Lost: nothing may be. */
static void on_revoked(void *arg, const struct topic_partition *at, size_t count, bool lost)
{
    struct run *run = arg;
    if (!lost) { CRASH_POINT("rebalance.revoke"); }
    if (lost) { CRASH_POINT("rebalance.lost"); }
    bool finished = !lost && !run->broken && run_finish(run);
    if (!finished && !decide_commit(run)) { return; }
    if (!finished) { commit_forget(run); }
    restore_release(run);
    CRASH_POINT("rebalance.finished");
    for (size_t i = 0; i < count; i++) { drop_task(run, at[i].topic, at[i].partition); }
    CRASH_POINT("rebalance.dropped");
    metric_set(run->m.tasks, (double)run->tasks_count);
    run_log(run, lost ? LOG_WARN : LOG_INFO, "revoked", "partitions=%zu lost=%s", count,
            lost ? "true" : "false");
}

/* ---- A round ---- */

void run_retry(struct run *run, const char *why)
{
    CRASH_POINT("retry");
    char still[64];
    why = standstill_tell(run, still, sizeof(still)) ? still : why;
    run_log(run, LOG_WARN, "batch will be tried again", "why=\"%s\"", why);
    run->unsent = false;
    if (!decide_commit(run) || run->broken) { return; }
    commit_forget(run);
    for (size_t i = 0; i < run->tasks_count; i++) {
        if (run->tasks[i]->state == TASK_RUNNING) { task_move(run->tasks[i], TASK_OPENING); }
    }
    run->paused_until_ms = run_now_ms(run) + RETRY_PAUSE_MS;
}

static enum verdict process_one(struct run *run, struct task *task, const struct record *rec)
{
    if (rec->unreadable) {
        return task_refuse(task, "unreadable",
                           "%s; of the record only the place is known; a large batch can be read "
                           "with a larger kafka.consumer.receive.message.max.bytes",
                           wire_why(run->wire));
    }
    if (rec->value.size > (size_t)run->settings.record_bytes_max) {
        return task_refuse(task, "too_large",
                           "value of %zu bytes, record.bytes.max is %" PRId64, rec->value.size,
                           run->settings.record_bytes_max);
    }
    return run->worker->process(task, rec);
}

/* A commit that is due while one is in flight waits for it only when the limits are reached. */
static void commit_if_due(struct run *run)
{
    if (!commit_due(run)) { return; }
    if (commit_full(run) && run->commit.phase != COMMIT_IDLE) { (void)decide_commit(run); }
    if (run->commit.phase == COMMIT_IDLE && !run->broken && commit_due(run)) { commit_begin(run); }
}

/* Lets a worker combine and send what it has processed so far. */
static void tell_task(struct run *run, struct task *task)
{
    if (!task->touched) { return; }
    task->touched = false;
    if (run->worker->batch) { run->worker->batch(task); }
    CRASH_POINT("batch");
    arena_reset(task->arena);
}

/* A batch that has become heavy is committed in the middle of what a poll brought: the rest may be
 * many times as much. */
static void relieve(struct run *run)
{
    if (!commit_heavy(run)) { return; }
    for (size_t i = 0; i < run->tasks_count && !run->broken && !run->unsent; i++) {
        if (run->tasks[i]->state == TASK_RUNNING) { tell_task(run, run->tasks[i]); }
    }
    if (!run->broken && !run->unsent) { commit_if_due(run); }
}

static void process_batch(struct run *run, const struct record *at, size_t count)
{
    for (size_t i = 0; i < count && !run->broken && !run->unsent; i++) {
        struct task *task = run_find_task(run, at[i].topic, at[i].partition);
        if (!task || task->state != TASK_RUNNING || at[i].offset < task->input_offset) { continue; }
        if (task->held || at[i].offset >= task->input_end) { continue; }
        enum verdict verdict = process_one(run, task, &at[i]);
        if (verdict == VERDICT_NO_SCHEMA && run_hold(run, task, &at[i])) { continue; }
        if (verdict == VERDICT_SKIP || verdict == VERDICT_NO_SCHEMA) {
            task_dead_letter(run, &at[i]);
        } else if (verdict == VERDICT_RETRY) {
            run_retry(run, run->refusal);
            return;
        } else if (verdict == VERDICT_FATAL) {
            run_break(run, EXIT_BROKEN, "%s, at %s partition %d offset %" PRId64, run->refusal,
                      at[i].topic, at[i].partition, at[i].offset);
            return;
        }
        CRASH_POINT("processed");
        task->input_offset = at[i].offset + 1;
        task->touched = true;
        run->commit.records++;
        run->commit.input_bytes += at[i].value.size;
        relieve(run);
    }
    metric_add(run->m.records, (double)count);
}

static void end_batch(struct run *run)
{
    for (size_t i = 0; i < run->tasks_count && !run->broken && !run->unsent; i++) {
        struct task *task = run->tasks[i];
        if (task->state != TASK_RUNNING) { continue; }
        int64_t position = wire_position(run->wire, task->topic, task->partition);
        position = MIN_OF(position, task->input_end);
        if (position > task->input_offset && !task->held) { task->input_offset = position; }
        if (task->input_offset >= task->input_end && !task->ended) {
            task->ended = wire_pause(run->wire, task->topic, task->partition) == 0;
        }
        tell_task(run, task);
    }
}

static void poll_input(struct run *run, int timeout_ms)
{
    const struct record *at = NULL;
    size_t count = 0;
    size_t room = (size_t)run->settings.batch_records_max - run->commit.records;
    size_t max = MIN_OF((size_t)run->settings.poll_records_max, MAX_OF(room, (size_t)1));
    int result = wire_poll(run->wire, timeout_ms, max, &at, &count);
    if (result == WIRE_REFUSED) { run_break(run, EXIT_CONFIG, "%s", wire_why(run->wire)); }
    if (result == WIRE_FATAL) {
        run_break(run, EXIT_FENCED, "%s; hint: is another copy running with slot=%" PRId64 "?",
                  wire_why(run->wire), run->settings.slot);
        return;
    }
    if (result < 0 || run->broken) { return; }
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    if (count) { run->commit.fed_ms = run_now_ms(run); }
    run->commit.burst_over = run->commit.input_bytes >= BURST_BYTES &&
                             run_now_ms(run) - run->commit.fed_ms >= BURST_QUIET_MS;
    process_batch(run, at, count);
    end_batch(run);
    wire_release(run->wire);
    if (run->unsent && !run->broken) { run_retry(run, wire_why(run->wire)); }
    clock_gettime(CLOCK_MONOTONIC, &to);
    if (count) {
        metric_observe(run->m.process_seconds, (double)(to.tv_sec - from.tv_sec) +
                                                   (double)(to.tv_nsec - from.tv_nsec) / 1e9);
    }
}

static int poll_timeout(struct run *run, int timeout_ms)
{
    int64_t now_ms = run_now_ms(run);
    int64_t due_ms = run->commit.began_ms + run->settings.commit_interval_ms - now_ms;
    int64_t wait_ms = timeout_ms;
    if (run->commit.records) { wait_ms = MIN_OF(wait_ms, MAX_OF(due_ms, (int64_t)0)); }
    if (run->commit.phase != COMMIT_IDLE) {
        wait_ms = MIN_OF(wait_ms, (int64_t)POLL_COMMITTING_MS);
    }
    if (run->broadcast.reader || standby_behind(run) || run->hurried) {
        wait_ms = MIN_OF(wait_ms, (int64_t)POLL_BROADCAST_MS);
    }
    if (run->restore.reader) { wait_ms = 0; }
    return (int)wait_ms;
}

static void tick(struct run *run)
{
    int64_t now_ms = run_now_ms(run);
    if (now_ms - run->ticked_ms < TICK_MS) { return; }
    run->ticked_ms = now_ms;
    commit_tell_bytes(run);
    stale_state_step(run);
    for (size_t i = 0; i < run->tasks_count; i++) {
        struct task *task = run->tasks[i];
        int64_t end = wire_lag_end(run->wire, task->topic, task->partition);
        if (end != OFFSET_NONE) {
            metric_set(task->lag, (double)MAX_OF(end - task->input_offset, (int64_t)0));
        }
        if (task->state == TASK_RUNNING && run->worker->tick) { run->worker->tick(task, now_ms); }
    }
}

bool run_step(struct run *run, int timeout_ms)
{
    if (standstill_look(run)) { run_retry(run, ""); }
    if (!run->broken) { commit_step(run); }
    if (!run->broken) { broadcast_step(run); }
    if (!run->broken && run_now_ms(run) >= run->paused_until_ms) { restore_step(run); }
    if (!run->broken) { run_hold_step(run); }
    if (!run->broken) { poll_input(run, poll_timeout(run, timeout_ms)); }
    if (!run->broken) { commit_if_due(run); }
    if (!run->broken) { standby_step(run); }
    if (!run->broken) { tick(run); }
    return !run->broken;
}

bool run_finish(struct run *run)
{
    if (!commit_wait(run, run->settings.commit_timeout_ms) || run->broken) { return false; }
    run->failed = false;
    commit_begin(run);
    return commit_wait(run, run->settings.commit_timeout_ms) && !run->broken && !run->failed;
}

/* ---- Life ---- */

static void register_metrics(struct run *run)
{
    struct metrics *metrics = run->metrics;
    run->m = (struct run_metrics_set){
        .records = metrics_counter(metrics, "freshet_records_total", "",
                                   "Input records read."),
        .broadcast_records = metrics_counter(metrics, "freshet_broadcast_records_total", "",
                                             "Records read from broadcast inputs."),
        .process_seconds = metrics_histogram(metrics, "freshet_process_seconds", "",
                                             "Time to process the records of one poll.", 1e-5, 6),
        .commit_seconds = metrics_histogram(metrics, "freshet_commit_seconds", "",
                                            "Time from closing a batch to its being stored.",
                                            1e-3, 5),
        .commits = metrics_counter(metrics, "freshet_commits_total", "", "Commits that succeeded."),
        .aborts = metrics_counter(metrics, "freshet_aborts_total", "",
                                  "Commits that were rolled back."),
        .rebalances = metrics_counter(metrics, "freshet_rebalances_total", "",
                                      "Assignments received from the group."),
        .restored_records = metrics_counter(metrics, "freshet_restored_records_total", "",
                                            "Changelog records read to restore state."),
        .store_wipes = metrics_counter(metrics, "freshet_store_wipes_total", "",
                                       "Local states thrown away and restored whole."),
        .broker_errors = metrics_counter(metrics, "freshet_broker_errors_total", "",
                                         "Connections to brokers lost or refused."),
        .tasks = metrics_gauge(metrics, "freshet_tasks", "", "Input partitions that are ours."),
        .uncommitted = metrics_gauge(metrics, "freshet_uncommitted_bytes", "",
                                     "Bytes held for the next commit and for the one in flight."),
        .uncommitted_max = metrics_gauge(metrics, "freshet_uncommitted_bytes_max", "",
                                         "The most that they were since the start."),
    };
}

/* Asks again while the answer may still come: leaders of new topics are not known at once. */
static int ask_patiently(struct run *run, int (*ask)(struct run *run))
{
    int result = ask(run);
    for (int64_t waited_ms = 0;
         result == WIRE_RETRY && waited_ms < run->settings.connect_timeout_ms;
         waited_ms += ASK_AGAIN_MS) {
        const struct timespec pause = {.tv_nsec = ASK_AGAIN_MS * 1000000L};
        nanosleep(&pause, NULL);
        result = ask(run);
    }
    return result;
}

/* librdkafka tells of each attempt to connect: one line in a while is enough. */
static void on_trouble(void *arg, const char *text)
{
    struct run *run = arg;
    metric_add(run->m.broker_errors, 1);
    int64_t now = run_now_ms(run);
    if (run->trouble_ms && now - run->trouble_ms < TROUBLE_EVERY_MS) { return; }
    run->trouble_ms = now;
    char quoted[512];
    run_log(run, LOG_WARN, "trouble with a broker, trying again", "why=%s",
            quote_value(text, strlen(text), quoted, sizeof(quoted)));
}

char *run_settings_fault(const struct run_settings *settings)
{
    if (!generation_valid(settings->generation)) {
        return xprintf("generation=%s: want at most %d of a-z, 0-9 and -, not \"%s\"; the base "
                       "generation has no name",
                       settings->generation, GENERATION_BYTES_MAX, generation_base);
    }
    char *fault = registry_settings_fault(&settings->registry);
    if (fault) { return fault; }
    if (!input_end_valid(settings->input_end)) {
        return xprintf("input.end=%s: want PARTITION:OFFSET,...", settings->input_end);
    }
    return NULL;
}

static int check_settings(struct run *run)
{
    _cleanup_(xfreep) char *fault = run_settings_fault(&run->settings);
    if (fault) { run_break(run, EXIT_CONFIG, "%s", fault); }
    return fault ? -1 : 0;
}

/* A broker that does not answer may come back; a topic that is not there must be made. */
static int ask_or_break(struct run *run, int (*ask)(struct run *run))
{
    int result = ask_patiently(run, ask);
    if (result == WIRE_RETRY) {
        run_break(run, EXIT_BROKEN, "%s; hint: are all brokers reachable? start again",
                  wire_why(run->wire));
    } else if (result < 0) {
        run_break(run, EXIT_CONFIG, "%s", wire_why(run->wire));
    }
    return result;
}

static int set_up(struct run *run)
{
    if (check_settings(run) < 0 || run_load_schemas(run) < 0) { return -1; }
    if (run_name_sources(run) < 0) { return -1; }
    if (ask_or_break(run, run_count_partitions) < 0) { return -1; }
    if (run->worker->start) {
        int result = run->worker->start(run);
        if (result < 0) {
            if (!run->refusal[0]) { run_refuse(run, "%s", strerror(-result)); }
            run->broken = true;
            run->exit_code = EXIT_CONFIG;
            return -1;
        }
    }
    if (ask_or_break(run, broadcast_open) < 0) { return -1; }
    const struct wire_listener listener = {
        .arg = run, .assigned = on_assigned, .revoked = on_revoked, .trouble = on_trouble};
    const char *const *sources = (const char *const *)run->sources;
    if (wire_subscribe(run->wire, sources, run->sources_count, &listener) < 0) {
        run_break(run, EXIT_BROKEN, "%s", wire_why(run->wire));
        return -1;
    }
    return 0;
}

struct run *run_new(const struct run_parts *parts, int *ret_exit_code, char **ret_why)
{
    struct run *run = xcalloc(1, sizeof(*run));
    run->worker = parts->worker;
    run->settings = *parts->settings;
    run->worker_settings = parts->worker_settings;
    run->wire = parts->wire;
    run->metrics = parts->metrics;
    run->clock = parts->clock;
    run->note = parts->notes.note;
    run->note_arg = parts->notes.arg;
    run->session_ms = standstill_limit(&run->settings);
    _cleanup_(xfreep) char *name = generation_name(run->worker->name, run->settings.generation);
    run->state_path = xprintf("%s/%s", run->settings.state_dir, name);
    register_metrics(run);
    commit_init(run, parts->threaded);
    if (run_has_changelog(run)) { run->stale_state = stale_state_new(); }
    if (run_has_changelog(run) && run->settings.standby_copies) { run->standby = standby_new(run); }
    run_name_topics(run);
    if (set_up(run) == 0) { return run; }
    *ret_exit_code = run->exit_code;
    *ret_why = xstrdup(run->refusal);
    run_free(run);
    return NULL;
}

static void free_names(char **names, size_t count)
{
    for (size_t i = 0; names && i < count; i++) { free(names[i]); }
    free(names);
}

struct run *run_free(struct run *run)
{
    if (!run) { return NULL; }
    commit_release(run);
    run->commit.phase = COMMIT_IDLE;
    run->broken = true; /* nothing more is committed, whatever the wire says on its way out */
    restore_release(run);
    run->standby = standby_free(run->standby);
    run->stale_state = stale_state_free(run->stale_state);
    broadcast_release(run);
    wire_close(run->wire);
    while (run->tasks_count) { drop_task(run, run->tasks[0]->topic, run->tasks[0]->partition); }
    if (run->worker->stop) { run->worker->stop(run); }
    run_release_schemas(run);
    free_names(run->sources, run->sources_count);
    free_names(run->input_topics, run->worker->inputs_count);
    free_names(run->output_topics, run->worker->outputs_count);
    free(run->output_partitions);
    free(run->dead_letters_topic);
    free(run->state_path);
    free(run->tasks);
    free(run);
    return NULL;
}

bool run_idle(const struct run *run)
{
    if (run->commit.phase != COMMIT_IDLE || !run->broadcast.loaded) { return false; }
    for (size_t i = 0; i < run->tasks_count; i++) {
        const struct task *task = run->tasks[i];
        if (task->state != TASK_RUNNING || task->input_offset > task->committed_offset) {
            return false;
        }
    }
    return true;
}

bool run_committing(struct run *run)
{
    commit_step(run);
    return run->commit.phase == COMMIT_RUNNING;
}

bool run_healthy(const struct run *run)
{
    for (size_t i = 0; i < run->tasks_count; i++) {
        if (run->tasks[i]->state != TASK_RUNNING) { return false; }
    }
    return run->broadcast.loaded && !run->broken;
}

void run_status(struct run *run, struct buf *out)
{
    buf_printf(out,
               "{\"worker\":\"%s\",\"generation\":\"%s\",\"slot\":%" PRId64
               ",\"topic\":\"%s\",\"loaded\":%s",
               run->worker->name, run->settings.generation, run->settings.slot,
               run->sources[0], run->broadcast.loaded ? "true" : "false");
    buf_printf(out, ",\"partitions\":[");
    for (size_t i = 0; i < run->tasks_count; i++) {
        const struct task *task = run->tasks[i];
        buf_printf(out,
                   "%s{\"topic\":\"%s\",\"partition\":%d,\"state\":\"%s\""
                   ",\"offset\":%" PRId64 ",\"committed\":%" PRId64
                   ",\"lag\":%.0f,\"restore_remaining\":%.0f}",
                   i ? "," : "", task->topic, task->partition, task_state_name(task->state),
                   task->input_offset, task->committed_offset, metric_value(task->lag),
                   metric_value(task->restore_remaining));
    }
    buf_printf(out, "],\"dead_letters\":{");
    for (size_t i = 0; i < run->reasons_count; i++) {
        buf_printf(out, "%s\"%s\":%" PRId64, i ? "," : "", run->reasons[i].reason,
                   run->reasons[i].count);
    }
    buf_printf(out, "},\"standby\":");
    standby_status(run, out);
    buf_printf(out, "}");
}
