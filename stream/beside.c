/* The reader is opened again when a task is not read yet (it has just begun, or was rolled back)
 * and when one that was read is gone: both are rare. Records that were fetched for such a task are
 * then read again, so a record is processed only where its task expects it.
 *
 * A record waits, and with it all others, while its schema is asked for or the worker has no room.
 */
#include "base/base.h"
#include "base/crash.h"
#include "base/exit_code.h"
#include "base/xalloc.h"
#include "stream/beside.h"
#include "stream/topics.h"

enum {
    POLL_RECORDS = 50,
    STEP_MS = 5, /* histories must not wait for long */
    PAUSE_MS = 2000, /* after a failure to open the reader */
};

struct beside {
    struct beside_parts parts;
    const char *topic;
    struct reader *reader;
    size_t read_count; /* partitions of the reader */
    const struct record *at; /* fetched, borrowed from the reader */
    size_t next, count;
    int64_t again_ms; /* the reader is not opened before then */
};

static int input_beside(const struct worker *worker)
{
    for (size_t i = 0; i < worker->inputs_count; i++) {
        if (worker->inputs[i].kind == INPUT_BESIDE) { return (int)i; }
    }
    return -1;
}

struct beside *beside_new(const struct beside_parts *parts)
{
    int input = input_beside(parts->env->worker);
    if (input < 0) { return NULL; }
    struct beside *beside = xcalloc(1, sizeof(*beside));
    beside->parts = *parts;
    beside->topic = parts->env->topics->inputs[input];
    return beside;
}

static void close_reader(struct beside *beside)
{
    beside->reader = reader_close(beside->reader);
    beside->read_count = beside->count = beside->next = 0;
}

struct beside *beside_free(struct beside *beside)
{
    if (!beside) { return NULL; }
    close_reader(beside);
    free(beside);
    return NULL;
}

/* ---- Opening ---- */

/* Where a task begins to read. What it wanted may be gone with the topic's retention, or the topic
 * was made again. */
static int begin_at(struct beside *beside, struct task *task, int64_t *ret_from)
{
    struct env *env = beside->parts.env;
    int64_t from = env->worker->beside_from(task), low, end;
    int result = wire_bounds(env->wire, beside->topic, task->partition, &low, &end);
    if (result < 0) { return result; }
    bool lost = from != OFFSET_NONE && (from < low || from > end);
    if (lost) {
        env_log(env, LOG_WARN, "records beside the input are gone",
                "topic=%s partition=%d wanted=%" PRId64 " first=%" PRId64 " end=%" PRId64
                " hint=\"raise retention.ms of the topic\"",
                beside->topic, task->partition, from, low, end);
    }
    *ret_from = from == OFFSET_NONE || lost ? low : from;
    return 0;
}

static bool is_read(const struct task *task)
{
    return task->state == TASK_RUNNING && task->beside_next != OFFSET_NONE;
}

static bool is_current(const struct beside *beside)
{
    const struct task_list *tasks = beside->parts.tasks;
    size_t read = 0;
    for (size_t i = 0; i < tasks->count; i++) {
        if (tasks->at[i]->state != TASK_RUNNING) { continue; }
        if (!is_read(tasks->at[i])) { return false; }
        read++;
    }
    return read == beside->read_count;
}

static int open_reader(struct beside *beside)
{
    const struct task_list *tasks = beside->parts.tasks;
    struct topic_partition *at = xcalloc(tasks->count + 1, sizeof(*at));
    size_t count = 0;
    int result = 0;
    close_reader(beside);
    for (size_t i = 0; i < tasks->count && result == 0; i++) {
        struct task *task = tasks->at[i];
        if (task->state != TASK_RUNNING) { continue; }
        if (task->beside_next == OFFSET_NONE) {
            result = begin_at(beside, task, &task->beside_next);
        }
        at[count++] = (struct topic_partition){beside->topic, task->partition, task->beside_next};
    }
    if (result == 0 && count) {
        result = wire_reader(beside->parts.env->wire, at, count, &beside->reader);
    }
    if (result == 0) { beside->read_count = count; }
    free(at);
    return result;
}

/* ---- Processing ---- */

/* record.bytes.max is for what others write: these records are the worker's own. */
static enum verdict take_one(struct beside *beside, struct task *task, const struct record *rec)
{
    const struct env *env = beside->parts.env;
    if (rec->unreadable) {
        return task_refuse(task, "unreadable",
                           "%s; it stands for the offsets %" PRId64 " to %" PRId64,
                           wire_why(env->wire), rec->unreadable_from, rec->offset);
    }
    return env->worker->beside(task, rec);
}

/* False: the record must wait. */
static bool take(struct beside *beside, struct task *task, const struct record *rec)
{
    const struct beside_parts *parts = &beside->parts;
    enum verdict verdict = take_one(beside, task, rec);
    assert(verdict != VERDICT_RETRY);
    if (verdict == VERDICT_WAIT) { return false; }
    if (verdict == VERDICT_NO_SCHEMA && schema_hold_broadcast(parts->hold, rec)) { return false; }
    schema_hold_broadcast_over(parts->hold);
    if (verdict == VERDICT_FATAL) {
        env_break(parts->env, EXIT_BROKEN, "%s, at %s partition %d offset %" PRId64,
                  parts->env->refusal.text, rec->topic, rec->partition, rec->offset);
        return false;
    }
    if (verdict != VERDICT_DONE) { dead_letters_send(parts->letters, rec); }
    CRASH_POINT("beside");
    task->beside_next = rec->offset + 1;
    task->worked = task->touched = true;
    pace_count(parts->pace, rec->value.size);
    return true;
}

/* Fetches the next records unless some are left; false: there are none. */
static bool fetch(struct beside *beside)
{
    struct env *env = beside->parts.env;
    if (beside->next < beside->count) { return true; }
    reader_release(beside->reader);
    beside->next = beside->count = 0;
    int result = reader_poll(beside->reader, 0, POLL_RECORDS, &beside->at, &beside->count);
    if (result < 0) { beside->count = 0; }
    if (wire_is_final(result)) {
        env_break(env, env_exit_code(result), "%s: %s", beside->topic, wire_why(env->wire));
    }
    return beside->count > 0;
}

/* Processes what was fetched; false: a record waits, or the batch is full. */
static bool take_fetched(struct beside *beside)
{
    const struct beside_parts *parts = &beside->parts;
    bool goes_on = true;
    while (beside->next < beside->count && goes_on) {
        const struct record *rec = &beside->at[beside->next];
        struct task *task = task_list_find(parts->tasks, NULL, rec->partition);
        bool wanted = task && is_read(task) && rec->offset >= task->beside_next;
        if (wanted && !take(beside, task, rec)) { return false; }
        beside->next++;
        goes_on = !parts->env->ending.broken && !parts->at_once->unsent &&
                  !pace_presses(parts->pace);
    }
    return goes_on;
}

/* Control records follow the last record. A task that did not pass them would want offsets that are
 * gone with retention, and seem to have lost records. */
static void pass_control_records(const struct beside *beside)
{
    const struct task_list *tasks = beside->parts.tasks;
    if (beside->next < beside->count) { return; }
    for (size_t i = 0; i < tasks->count; i++) {
        struct task *task = tasks->at[i];
        if (!is_read(task)) { continue; }
        int64_t position = reader_position(beside->reader, beside->topic, task->partition);
        task->beside_next = MAX_OF(task->beside_next, position);
    }
}

void beside_step(struct beside *beside)
{
    if (!beside) { return; }
    struct env *env = beside->parts.env;
    const struct task_list *tasks = beside->parts.tasks;
    int64_t until_ms = env_now_ms(env) + STEP_MS;
    if (!is_current(beside)) {
        if (env_now_ms(env) < beside->again_ms) { return; }
        int result = open_reader(beside);
        env_break_if_final(env, result);
        if (result < 0) {
            beside->again_ms = env_now_ms(env) + PAUSE_MS;
            return;
        }
    }
    if (!beside->reader) { return; }
    while (!env->ending.broken && fetch(beside) && take_fetched(beside) &&
           env_now_ms(env) < until_ms) { }
    pass_control_records(beside);
    for (size_t i = 0; i < tasks->count && !env->ending.broken; i++) {
        if (tasks->at[i]->state == TASK_RUNNING) { task_close_poll(tasks->at[i]); }
    }
}

int64_t beside_lag(const struct beside *beside, const struct task *task)
{
    if (!beside) { return 0; }
    if (!is_read(task) || !beside->reader) { return 1; }
    int64_t end = reader_end(beside->reader, beside->topic, task->partition);
    int64_t position = reader_position(beside->reader, beside->topic, task->partition);
    bool held = beside->next < beside->count;
    if (end == OFFSET_NONE) { return held; }
    return MAX_OF(end - MAX_OF(position, task->beside_next), (int64_t)held);
}

bool beside_reads(const struct beside *beside)
{
    return beside && beside->reader;
}
