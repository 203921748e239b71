#include "base/base.h"
#include "base/crash.h"
#include "base/xalloc.h"
#include "stream/config/input_end.h"
#include "stream/kafka/origin.h"
#include "stream/run_internal.h"

struct task *task_new(struct run *run, const char *topic, int32_t partition)
{
    struct task *task = xcalloc(1, sizeof(*task));
    task->run = run;
    task->topic = topic;
    task->partition = partition;
    task->arena = arena_new(TASK_ARENA_BLOCK);
    task->writes = store_batch_new();
    task->changelog = run->worker->changelog;
    task->path = run_store_path(run, partition, task->changelog);
    task->input_end = input_end_of(run->settings.input_end, partition);
    task->open_deadline_ms = run_now_ms(run) + run->settings.restore_timeout_ms;
    stage_init(&task->filling);
    stage_init(&task->flying);
    char labels[TOPIC_TEXT_MAX + 64];
    bool one = run->sources_count == 1;
    (void)snprintf(labels, sizeof(labels), "%s%.*s%spartition=\"%d\"", one ? "" : "topic=\"",
                   one ? 0 : TOPIC_TEXT_MAX, topic, one ? "" : "\",", partition);
    task->lag = metrics_gauge(run->metrics, "freshet_lag", labels,
                              "Records of the input not yet processed.");
    task->offset = metrics_gauge(run->metrics, "freshet_committed_offset", labels,
                                 "Next input offset that is committed.");
    task->restore_remaining = metrics_gauge(run->metrics, "freshet_restore_remaining", labels,
                                            "Changelog records still to restore.");
    return task;
}

void task_move(struct task *task, enum task_state to)
{
    task_state_move((enum task_state *)(uintptr_t)&task->state, to);
}

struct task *task_free(struct task *task)
{
    if (!task) { return NULL; }
    task_move(task, TASK_CLOSED);
    struct run *run = task->run;
    if (task->opened && run->worker->close) { run->worker->close(task); }
    metrics_drop(run->metrics, task->lag);
    metrics_drop(run->metrics, task->offset);
    metrics_drop(run->metrics, task->restore_remaining);
    restore_leave(task);
    store_close(task->store);
    if (task->damaged) { (void)store_wipe(task->path); }
    store_batch_free(task->writes);
    stage_release(&task->filling);
    stage_release(&task->flying);
    arena_free(task->arena);
    free(task->path);
    free(task);
    return NULL;
}

int task_changelog(const struct task *task)
{
    return task->changelog;
}

const char *task_changelog_topic(const struct task *task)
{
    assert(task->changelog != NO_CHANGELOG);
    return task->run->output_topics[task->changelog];
}

bool task_settle(struct task *task)
{
    return commit_settle(task->run, task->run->settings.commit_timeout_ms);
}

void task_reopen(struct task *task)
{
    assert(task->state == TASK_RUNNING && task->input_offset == task->committed_offset);
    task_move(task, TASK_OPENING);
}

struct run *task_run(const struct task *task)
{
    return task->run;
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
    return task->input_offset;
}

/* The disk does not give back what was written. The state is a cache: it is deleted when the
 * process ends, and the next start restores it. */
static void note_damage(struct task *task)
{
    task->damaged = true;
    run_break(task->run, EXIT_BROKEN,
              "cannot read the state of partition %d in %s: %s; hint: start again, it is restored "
              "from Kafka", task->partition, task->path, store_why(task->store));
}

void task_not_stored(struct task *task, int result)
{
    run_break(task->run, result == -ENOSPC ? EXIT_DISK : EXIT_BROKEN,
              "cannot write the state of partition %d in %s: %s; hint: %s and start again; nothing "
              "is lost", task->partition, task->path, store_why(task->store),
              result == -ENOSPC ? "make room on the disk" : "repair the disk, or set state.dir");
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
    int result = store_get(task->store, key, ret_value);
    if (result == -EIO) {
        note_damage(task);
        return -ENOENT;
    }
    if (result == 0 && !task_knows_schema(task, *ret_value)) { return -ENOENT; }
    return result;
}

/* A message that is not taken for the moment takes its whole batch back, with a pause. */
static void not_sent(struct run *run, const struct message *message, int result)
{
    if (result == WIRE_RETRY) {
        run->unsent = true;
        return;
    }
    run_break(run, run_exit_for(result), "cannot send to %s: %s", message->topic,
              wire_why(run->wire));
}

static void send_at_once(struct run *run, const struct message *message)
{
    CRASH_POINT("send");
    if (standstill_look(run)) { return; }
    int result = wire_produce(run->wire, message, run->commit.mark);
    CRASH_POINT("send.done");
    if (result < 0) { not_sent(run, message, result); }
}

void task_put(struct task *task, struct slice key, struct slice value)
{
    struct run *run = task->run;
    assert(run_has_changelog(run));
    stage_put(&task->filling, key, value);
    if (run->worker->outputs[task->changelog].delivery == DELIVERY_TXN) { return; }
    const struct message message = {.topic = task_changelog_topic(task),
                                    .partition = task->partition,
                                    .key = key,
                                    .value = value};
    send_at_once(run, &message);
}

void task_emit(struct task *task, int output, int32_t partition, struct slice key,
               struct slice value)
{
    struct run *run = task->run;
    assert(output >= 0 && (size_t)output < run->worker->outputs_count);
    const struct message message = {.topic = run->output_topics[output],
                                    .partition = partition,
                                    .key = key,
                                    .value = value};
    if (run->worker->outputs[output].delivery == DELIVERY_TXN) {
        stage_send(&task->filling, &message);
    } else {
        send_at_once(run, &message);
    }
}

int task_scan(struct task *task, int (*each)(void *arg, struct slice key, struct slice value),
              void *arg)
{
    int result = store_scan(task->store, each, arg);
    if (result == -EIO) { note_damage(task); }
    return result;
}

/* ---- Dead letters ---- */

enum verdict task_refuse(struct task *task, const char *reason, const char *format, ...)
{
    task->run->refusal_reason = reason;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(task->run->refusal, sizeof(task->run->refusal), format, args);
    va_end(args);
    return VERDICT_SKIP;
}

enum verdict task_refuse_undecoded(struct task *task, const struct codec_error *error)
{
    return run_refuse_undecoded(task->run, error);
}

enum { DEAD_LETTER_HEADERS = 5 }; /* three here, withheld, truncated; and the origin's */

/* A letter on its way out. */
struct dead_letter {
    struct message message;
    struct header headers[HEADERS_MAX + DEAD_LETTER_HEADERS + ORIGIN_HEADERS];
    size_t senders; /* so many of them are the sender's */
    bool truncated; /* and says so */
};

static void add_header(struct dead_letter *letter, const char *name, struct slice value)
{
    assert(letter->message.headers_count < ARRAY_COUNT(letter->headers));
    letter->headers[letter->message.headers_count++] = (struct header){name, value};
}

static void truncate_dead_letter(struct dead_letter *letter)
{
    if (!letter->truncated) { add_header(letter, HEADER_TRUNCATED, slice_str("true")); }
    letter->truncated = true;
}

/* Hands the letter over; where its bytes are too many, without them. */
static int send_dead_letter(struct run *run, struct dead_letter *letter)
{
    struct message *message = &letter->message;
    int result = wire_produce(run->wire, message, run->commit.mark);
    CRASH_POINT("dead_letter");
    if (result == WIRE_TOO_LARGE) {
        truncate_dead_letter(letter);
        message->value = slice_of(NULL, 0);
        message->headers += letter->senders;
        message->headers_count -= letter->senders;
        result = wire_produce(run->wire, message, run->commit.mark);
    }
    if (result == WIRE_TOO_LARGE) {
        message->key = slice_of(NULL, 0);
        result = wire_produce(run->wire, message, run->commit.mark);
    }
    return result;
}

static void count_reason(struct run *run, const char *reason)
{
    size_t i = 0;
    while (i < run->reasons_count && strcmp(run->reasons[i].reason, reason) != 0) { i++; }
    if (i == REASONS_MAX) { return; }
    if (i == run->reasons_count) {
        (void)snprintf(run->reasons[run->reasons_count++].reason, REASON_TEXT_MAX, "%s", reason);
    }
    run->reasons[i].count++;
}

/* Puts in what the sender wrote; false: not all of it. */
static bool enclose(struct dead_letter *letter, const struct record *rec)
{
    size_t count = origin_senders_headers(rec);
    letter->message.key = rec->key;
    letter->message.value = rec->value;
    if (record_headers_read(rec, count, letter->headers)) { return false; }
    letter->senders = letter->message.headers_count = count;
    return !rec->unreadable;
}

void task_dead_letter(struct run *run, const struct record *rec)
{
    const char *reason = run->refusal_reason ? run->refusal_reason : "refused";
    char labels[96];
    (void)snprintf(labels, sizeof(labels), "reason=\"%s\"", reason);
    struct dead_letter letter = {.message = {.topic = run->dead_letters_topic,
                                             .partition = PARTITION_BY_KEY,
                                             .time_ms = MAX_OF(rec->time_ms, (int64_t)0),
                                             .headers = letter.headers}};
    struct origin origin;
    struct origin_headers texts;
    if (standstill_look(run)) { return; }
    bool whole = run->withholds || enclose(&letter, rec);
    add_header(&letter, HEADER_REASON, slice_str(reason));
    add_header(&letter, "message", slice_str(run->refusal));
    add_header(&letter, "worker", slice_str(run->worker->name));
    origin_of(rec, &origin);
    letter.message.headers_count +=
        origin_write(&origin, &texts, letter.headers + letter.message.headers_count);
    if (run->withholds) { add_header(&letter, HEADER_WITHHELD, slice_str("true")); }
    if (!whole) { truncate_dead_letter(&letter); }
    int result = send_dead_letter(run, &letter);
    if (result < 0) { not_sent(run, &letter.message, result); }
    metric_add(metrics_counter(run->metrics, "freshet_dead_letters_total", labels,
                               "Records refused and sent to dead letters."),
               1);
    count_reason(run, reason);
    run->refusal_reason = NULL;
    if (!run->broken) { run->refusal[0] = '\0'; }
}
