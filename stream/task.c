/* A task belongs to the worker's thread, but for the stage in flight, which the committer's thread
 * reads (commit.c). Writes go to the stage `filling`; reads look there first, then at the stage in
 * flight, then in the store, so a worker sees its own writes before they are committed.
 *
 * Hazard: the disk. A store that cannot be read or written ends the run. When it is damaged, it is
 * deleted when the task is freed, or at the next start, which restores it.
 */
#include "base/base.h"
#include "base/crash.h"
#include "base/exit_code.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "stream/config/input_end.h"
#include "stream/state/store_directory.h"
#include "stream/state_directory.h"
#include "stream/task.h"
#include "stream/topics.h"

enum {
    TASK_ARENA_BLOCK = 1 << 16,
    TOPIC_TEXT_MAX = 249, /* as Kafka has it */
    KEPT_KEY_MAX = 1 << 12,
    ASIDE_RECORDS = 200,
};

/* A topic that is read beside the input: the input again, or another one. */
struct aside {
    struct reader *reader;
    char *topic;
    int64_t end;  /* once records before this offset are read, all are */
    bool follows; /* and later ones are read, too */
};

static void register_metrics(struct task *task)
{
    struct metrics *metrics = task->parts.env->metrics;
    char labels[TOPIC_TEXT_MAX + 64];
    bool one = task->parts.env->topics->sources_count == 1;
    (void)snprintf(labels, sizeof(labels), "%s%.*s%spartition=\"%d\"", one ? "" : "topic=\"",
                   one ? 0 : TOPIC_TEXT_MAX, task->topic, one ? "" : "\",", task->partition);
    task->lag =
        metrics_gauge(metrics, "freshet_lag", labels, "Records of the input not yet processed.");
    task->offset = metrics_gauge(metrics, "freshet_committed_offset", labels,
                                 "Next input offset that is committed.");
    task->restore_remaining = metrics_gauge(metrics, "freshet_restore_remaining", labels,
                                            "Changelog records still to restore.");
}

struct task *task_new(const struct task_parts *parts, const char *topic, int32_t partition)
{
    struct task *task = xcalloc(1, sizeof(*task));
    const struct env *env = parts->env;
    task->parts = *parts;
    task->topic = topic;
    task->partition = partition;
    task->arena = arena_new(TASK_ARENA_BLOCK);
    task->local = (struct task_local){
        .changelog = env->worker->changelog,
        .path = state_directory_path(env, partition, env->worker->changelog),
        .writes = store_batch_new(),
    };
    task->input.newest = OFFSET_NONE;
    task->beside_next = OFFSET_NONE;
    task->input.end = input_end_of(env->settings->input_end, partition);
    stage_init(&task->filling);
    stage_init(&task->flying);
    register_metrics(task);
    return task;
}

static void drop_metrics(struct task *task)
{
    struct metrics *metrics = task->parts.env->metrics;
    metrics_drop(metrics, task->lag);
    metrics_drop(metrics, task->offset);
    metrics_drop(metrics, task->restore_remaining);
}

struct task *task_free(struct task *task)
{
    if (!task) { return NULL; }
    const struct worker *worker = task->parts.env->worker;
    task_move(task, TASK_CLOSED);
    asides_stop(task);
    if (task->opened && worker->close) { worker->close(task); }
    drop_metrics(task);
    store_close(task->local.store);
    if (task->local.damaged) { (void)store_wipe(task->local.path); }
    store_batch_free(task->local.writes);
    free(task->local.path);
    stage_release(&task->filling);
    stage_release(&task->flying);
    arena_free(task->arena);
    free(task->restoring);
    free(task->held);
    free(task);
    return NULL;
}

void task_move(struct task *task, enum task_state to)
{
    task_state_move((enum task_state *)(uintptr_t)&task->state, to);
}

void task_forget(struct task *task)
{
    const struct worker *worker = task->parts.env->worker;
    stage_clear(&task->filling);
    stage_clear(&task->flying);
    task->touched = false;
    task->worked = false;
    task->beside_next = OFFSET_NONE;
    arena_reset(task->arena);
    if (task->opened && worker->roll_back) { worker->roll_back(task); }
}

void task_close_poll(struct task *task)
{
    const struct worker *worker = task->parts.env->worker;
    if (!task->touched) { return; }
    task->touched = false;
    if (worker->end_poll) { worker->end_poll(task); }
    CRASH_POINT("batch");
    arena_reset(task->arena);
}

const char *task_changelog_topic(const struct task *task)
{
    assert(task->local.changelog != NO_CHANGELOG);
    return task->parts.env->topics->outputs[task->local.changelog];
}

void task_set_position(struct task *task)
{
    struct task_local *local = &task->local;
    struct position *position = &local->position;
    if (!local->log_id[0]) { position_make_id(local->log_id); }
    *position = (struct position){.next = task->flying.next_offset,
                                  .newest = task->input.newest,
                                  .newest_ms = task->input.newest_ms,
                                  .from = local->changelog_offset};
    memcpy(position->log_id, local->log_id, sizeof(position->log_id));
    (void)snprintf(position->topic, sizeof(position->topic), "%s", task->topic);
}

struct message task_position(struct task *task)
{
    struct task_local *local = &task->local;
    return position_message(&local->position, task_changelog_topic(task), task->partition,
                            &local->position_text);
}

struct bookmark task_bookmark(const struct task *task)
{
    const struct task_local *local = &task->local;
    struct bookmark bookmark = {.changelog_offset = local->changelog_offset,
                                .position_offset = local->position_offset};
    memcpy(bookmark.log_id, local->log_id, sizeof(local->log_id));
    return bookmark;
}

/* ---- Queries of workers ---- */

int task_changelog(const struct task *task)
{
    return task->local.changelog;
}

void task_reopen(struct task *task)
{
    assert(task->input.offset == task->input.committed);
    task_move(task, TASK_OPENING);
}

struct run *task_run(const struct task *task)
{
    return task->parts.env->run;
}

const char *task_topic(const struct task *task)
{
    return task->topic;
}

int32_t task_partition(const struct task *task)
{
    return task->partition;
}

void task_set_state(struct task *task, void *state)
{
    task->worker_state = state;
}

void *task_state(const struct task *task)
{
    return task->worker_state;
}

struct arena *task_arena(struct task *task)
{
    return task->arena;
}

int64_t task_input_offset(const struct task *task)
{
    return task->input.offset;
}

int64_t task_beside_offset(const struct task *task)
{
    return task->beside_next;
}

int64_t task_input_end(const struct task *task)
{
    int64_t end = wire_lag_end(task->parts.env->wire, task->topic, task->partition);
    return end == OFFSET_NONE ? end : MIN_OF(end, task->input.end);
}

enum verdict task_refuse(struct task *task, const char *reason, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    run_refusal_clear(&task->parts.env->refusal);
    run_refusal_set(&task->parts.env->refusal, reason, format, args);
    va_end(args);
    return VERDICT_SKIP;
}

enum verdict task_await_schema(struct task *task, uint32_t schema_id)
{
    task->parts.env->refusal.schema_id = schema_id;
    return VERDICT_NO_SCHEMA;
}

void task_refuse_origin(struct task *task, const struct origin *origin, size_t senders_headers)
{
    struct run_refusal *refusal = &task->parts.env->refusal;
    refusal->redriven = true;
    refusal->origin = *origin;
    refusal->senders_headers = senders_headers;
}

enum verdict task_refuse_undecoded(struct task *task, const struct codec_error *error)
{
    return run_refuse_undecoded(task_run(task), error);
}

/* ---- State ---- */

/* A store that is damaged is deleted when the process ends, and the next start restores it. */
static void store_failed(struct task *task, const char *what, int result)
{
    struct task_local *local = &task->local;
    local->damaged |= result == -EIO;
    state_directory_break(task->parts.env, what, task->partition, local->path, result,
                          store_why(local->store));
}

void task_not_stored(struct task *task, int result)
{
    store_failed(task, "write", result);
}

int task_get(struct task *task, struct slice key, struct slice *ret_value)
{
    const struct put *put = stage_find(&task->filling, key);
    if (!put) { put = stage_find(&task->flying, key); }
    if (put) {
        if (!put->value.data) { return -ENOENT; }
        *ret_value = put->value;
        return 0;
    }
    int result = store_get(task->local.store, key, ret_value);
    if (result == -ENOENT) { return result; }
    if (result < 0) {
        store_failed(task, "read", result);
        return -EIO;
    }
    bool known = schema_source_knows_state(task->parts.schemas, task->partition, *ret_value);
    return known ? 0 : -EIO;
}

struct scan {
    int (*each)(void *arg, struct slice key, struct slice value);
    void *arg;
};

static int scan_one(void *arg, struct slice key, struct slice value)
{
    const struct scan *scan = arg;
    return store_is_kept(key) ? 0 : scan->each(scan->arg, key, value);
}

int task_scan_from(struct task *task, struct slice from,
                   int (*each)(void *arg, struct slice key, struct slice value), void *arg)
{
    struct scan scan = {each, arg};
    int result = store_scan_from(task->local.store, from, scan_one, &scan);
    if (result < 0) { store_failed(task, "read", result); }
    return result;
}

int task_scan(struct task *task, int (*each)(void *arg, struct slice key, struct slice value),
              void *arg)
{
    return task_scan_from(task, slice_str(""), each, arg);
}

/* ---- Beside the state ---- */

/* Writes the key under which the store has it. */
static struct slice kept_key(struct slice key, char ret_bytes[KEPT_KEY_MAX])
{
    assert(key.size < KEPT_KEY_MAX);
    ret_bytes[0] = (char)STORE_KEPT_BYTE;
    memcpy(ret_bytes + 1, key.data, key.size);
    return slice_of(ret_bytes, key.size + 1);
}

int task_get_kept(struct task *task, struct slice key, struct slice *ret_value)
{
    char bytes[KEPT_KEY_MAX];
    return task_get(task, kept_key(key, bytes), ret_value);
}

void task_keep(struct task *task, struct slice key, struct slice value)
{
    char bytes[KEPT_KEY_MAX];
    assert(!env_has_positions(task->parts.env));
    stage_put(&task->filling, kept_key(key, bytes), value);
}

bool task_caught_up(const struct task *task)
{
    int64_t end = wire_lag_end(task->parts.env->wire, task->topic, task->partition);
    return task->input.ended || (end != OFFSET_NONE && task->input.offset >= end);
}

bool task_has_note(struct task *task, const char *name)
{
    return store_has_note(task->local.store, name);
}

void task_put_note(struct task *task, const char *name)
{
    int result = store_put_note(task->local.store, name);
    if (result < 0) { task_not_stored(task, result); }
}

void task_drop_note(struct task *task, const char *name)
{
    int result = store_drop_note(task->local.store, name);
    if (result < 0) { task_not_stored(task, result); }
}

int task_scan_prefix(struct task *task, struct slice prefix,
                     int (*each)(void *arg, struct slice key, struct slice value), void *arg)
{
    int result = store_scan_prefix(task->local.store, prefix, each, arg);
    if (result < 0) { store_failed(task, "read", result); }
    return result;
}

/* ---- Reading beside the input ---- */

static struct aside *aside_free(struct aside *aside)
{
    if (!aside) { return NULL; }
    reader_close(aside->reader);
    free(aside->topic);
    free(aside);
    return NULL;
}

void asides_stop(struct task *task)
{
    task->reread = aside_free(task->reread);
    task->followed = aside_free(task->followed);
}

/* NULL when the broker does not answer. */
static struct aside *aside_new(const struct task *task, const char *topic)
{
    struct topic_partition from = {
        .topic = topic, .partition = task->partition, .offset = OFFSET_NONE};
    struct reader *reader = NULL;
    if (wire_reader(task->parts.env->wire, &from, 1, &reader) < 0) { return NULL; }
    struct aside *aside = xcalloc(1, sizeof(*aside));
    aside->reader = reader;
    aside->topic = xstrdup(topic);
    return aside;
}

static void not_read(const struct task *task, const char *topic)
{
    const struct env *env = task->parts.env;
    env_log(env, LOG_WARN, "a topic cannot be read, it is begun again later",
            "topic=%s partition=%d why=%s", topic, task->partition,
            quote_text(wire_why(env->wire)).text);
}

/* Returns 1 when more is to be read, 0 when all has been, or negative when it failed: then it is
 * freed. A record that cannot be read is passed over: its owner refuses it. */
static int aside_step(struct task *task, struct aside **aside,
                      void (*each)(struct task *task, const struct record *rec))
{
    struct aside *of = *aside;
    const struct record *at = NULL;
    size_t count = 0;
    if (!of) { return -EINVAL; }
    if (reader_poll(of->reader, 0, ASIDE_RECORDS, &at, &count) < 0) {
        not_read(task, of->topic);
        *aside = aside_free(of);
        return -EIO;
    }
    for (size_t i = 0; i < count; i++) {
        bool wanted = of->follows || at[i].offset < of->end;
        if (wanted && !at[i].unreadable) { each(task, &at[i]); }
    }
    int64_t position = reader_position(of->reader, of->topic, task->partition);
    reader_release(of->reader);
    if (of->follows && count == ASIDE_RECORDS) { return 1; }
    return position < of->end;
}

bool task_rereads(const struct task *task)
{
    return task->reread;
}

bool task_reread(struct task *task)
{
    aside_free(task->reread);
    task->reread = aside_new(task, task->topic);
    if (task->reread) { task->reread->end = task->input.offset; }
    return task->reread;
}

int task_reread_step(struct task *task,
                     void (*each)(struct task *task, const struct record *rec))
{
    int result = aside_step(task, &task->reread, each);
    if (result == 0) { task->reread = aside_free(task->reread); }
    return result;
}

bool task_follows(const struct task *task)
{
    return task->followed;
}

bool task_follow(struct task *task, const char *topic)
{
    int64_t low, end;
    task_unfollow(task);
    if (wire_bounds(task->parts.env->wire, topic, task->partition, &low, &end) == 0) {
        task->followed = aside_new(task, topic);
    }
    if (!task->followed) {
        not_read(task, topic);
        return false;
    }
    task->followed->follows = true;
    task->followed->end = low < end ? end : OFFSET_NONE; /* of an empty log no position is known */
    return true;
}

int task_follow_step(struct task *task,
                     void (*each)(struct task *task, const struct record *rec))
{
    return aside_step(task, &task->followed, each);
}

void task_unfollow(struct task *task)
{
    task->followed = aside_free(task->followed);
}

/* ---- Outputs ---- */

void task_put(struct task *task, struct slice key, struct slice value)
{
    const struct env *env = task->parts.env;
    assert(env_has_changelog(env));
    stage_put(&task->filling, key, value);
    if (env->worker->outputs[task->local.changelog].delivery == DELIVERY_TXN) { return; }
    const struct message message = {.topic = task_changelog_topic(task),
                                    .partition = task->partition,
                                    .key = key,
                                    .value = value};
    at_once_send(task->parts.at_once, &message);
}

void task_emit(struct task *task, int output, int32_t partition, struct slice key,
               struct slice value)
{
    const struct env *env = task->parts.env;
    assert(output >= 0 && (size_t)output < env->worker->outputs_count);
    const struct message message = {.topic = env->topics->outputs[output],
                                    .partition = partition,
                                    .key = key,
                                    .value = value};
    if (env->worker->outputs[output].delivery == DELIVERY_TXN) {
        stage_send(&task->filling, &message);
    } else {
        at_once_send(task->parts.at_once, &message);
    }
}
