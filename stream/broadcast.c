/* Broadcast inputs: every partition of a table's topic, from the start, in every copy.
 *
 * A table is read once and its offsets are not committed, so a lost dead letter would never be sent
 * again. Therefore the fetched records are kept until the dead letters about them are acknowledged.
 * When one is lost, the records are processed again; processing a row twice changes nothing. And as
 * each start reads the table again, what was refused before is not refused again: refused_rows.h.
 *
 * A topic may get partitions, or be deleted and recreated, while it is read: table_topics.c.
 *
 * A table may stand still although it has records to read: while its brokers are away, or behind a
 * transaction that nobody ends. broadcast_watch() shows and logs it.
 */
#include "base/base.h"
#include "base/crash.h"
#include "base/exit_code.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "stream/broadcast_internal.h"
#include "stream/kafka/ack_tracker.h"
#include "stream/topics.h"

enum {
    POLL_RECORDS = 200,
    STEP_MS = 3, /* while serving: lists must not wait for tables */
    LOADING_STEP_MS = 100,
    LOADING_POLL_MS = 10,
    STILL_MS = 10000,      /* a table with records to read has stood still for so long: log it */
    STILL_TOLD_MS = 60000, /* and again */
};

struct broadcast *broadcast_new(const struct broadcast_parts *parts)
{
    struct broadcast *broadcast = xcalloc(1, sizeof(*broadcast));
    struct metrics *metrics = parts->env->metrics;
    broadcast->parts = *parts;
    broadcast->env = parts->env;
    broadcast->records = metrics_counter(metrics, "freshet_broadcast_records_total", "",
                                         "Records read from broadcast inputs.");
    broadcast->remaining =
        metrics_gauge(metrics, "freshet_broadcast_remaining", "",
                      "Records of the broadcast inputs still to load before this copy serves.");
    broadcast->lag = metrics_gauge(metrics, "freshet_table_lag", "",
                                   "Records of the broadcast inputs that are not read yet.");
    broadcast->still = metrics_gauge(metrics, "freshet_table_still_seconds", "",
                                     "For how long some partition of a broadcast input with "
                                     "records to read has stood still.");
    broadcast->missing_ms =
        xcalloc(parts->env->worker->inputs_count, sizeof(*broadcast->missing_ms));
    broadcast->refused = refused_rows_new(parts->env);
    return broadcast;
}

struct broadcast *broadcast_free(struct broadcast *broadcast)
{
    if (!broadcast) { return NULL; }
    reader_close(broadcast->reader);
    free(broadcast->partitions);
    free(broadcast->missing_ms);
    refused_rows_free(broadcast->refused);
    free(broadcast);
    return NULL;
}

/* ---- Opening ---- */

static void add_partition(struct broadcast *broadcast, int input, int32_t partition,
                          const struct log_bounds *bounds)
{
    const struct env *env = broadcast->env;
    int64_t from = OFFSET_NONE;
    if (env->worker->resume) {
        from = env->worker->resume(env->run, input, partition, bounds->low, bounds->end);
    }
    broadcast->partitions = xreallocarray(broadcast->partitions, broadcast->partitions_count + 1,
                                          sizeof(*broadcast->partitions));
    broadcast->partitions[broadcast->partitions_count++] =
        (struct table_partition){.input = input,
                                 .topic = env->topics->inputs[input],
                                 .partition = partition,
                                 .from = from,
                                 .end = bounds->end,
                                 .read = {.newest = OFFSET_NONE},
                                 .checked = {.newest = OFFSET_NONE}};
}

int broadcast_add_partitions(struct broadcast *broadcast, int input, int32_t first, int32_t count)
{
    const struct env *env = broadcast->env;
    if (first >= count) { return 0; }
    size_t added = (size_t)(count - first);
    struct log_bounds *bounds = xcalloc(added, sizeof(*bounds));
    int result =
        wire_bounds_of(env->wire, env->topics->inputs[input], first, count - first, bounds);
    for (size_t i = 0; i < added && result == 0; i++) {
        add_partition(broadcast, input, first + (int32_t)i, &bounds[i]);
    }
    free(bounds);
    return result;
}

static int add_topic(struct broadcast *broadcast, int input)
{
    const struct env *env = broadcast->env;
    const char *topic = env->topics->inputs[input];
    int32_t partitions;
    int result = wire_partitions(env->wire, topic, &partitions);
    if (result == WIRE_REFUSED && env->worker->inputs[input].optional && topics_missing(env)) {
        env_log(env, LOG_WARN, "a table is taken as empty", "topic=%s why=%s", topic,
                quote_text(wire_why(env->wire)).text);
        return 0;
    }
    return result < 0 ? result : broadcast_add_partitions(broadcast, input, 0, partitions);
}

/* Returns the next offset to read of a partition, from which a reader may begin. */
static int64_t next_offset(const struct broadcast *broadcast, const struct table_partition *table)
{
    int64_t position =
        broadcast->reader ? reader_position(broadcast->reader, table->topic, table->partition)
                          : OFFSET_NONE;
    return position == OFFSET_NONE ? table->from : position;
}

int broadcast_open_reader(struct broadcast *broadcast)
{
    size_t count = broadcast->partitions_count;
    struct reader *reader = NULL;
    struct topic_partition *at = xcalloc(count, sizeof(*at));
    for (size_t i = 0; i < count; i++) {
        struct table_partition *table = &broadcast->partitions[i];
        table->from = next_offset(broadcast, table);
        at[i] = (struct topic_partition){table->topic, table->partition, table->from};
    }
    int result = wire_reader(broadcast->env->wire, at, count, &reader);
    free(at);
    if (result < 0) { return result; }
    reader->patient = true;
    reader_close(broadcast->reader);
    broadcast->reader = reader;
    return 0;
}

int broadcast_open(struct broadcast *broadcast)
{
    const struct worker *worker = broadcast->env->worker;
    broadcast->partitions_count = 0; /* it may be called again */
    for (size_t i = 0; i < worker->inputs_count; i++) {
        if (worker->inputs[i].kind != INPUT_BROADCAST) { continue; }
        int result = add_topic(broadcast, (int)i);
        if (result < 0) { return result; }
    }
    broadcast->loaded = broadcast->partitions_count == 0;
    return broadcast->loaded ? 0 : broadcast_open_reader(broadcast);
}

/* ---- Queries ---- */

bool broadcast_loaded(const struct broadcast *broadcast)
{
    return broadcast->loaded;
}

bool broadcast_reads(const struct broadcast *broadcast)
{
    return broadcast->reader;
}

bool broadcast_current(const struct broadcast *broadcast, int input)
{
    if (broadcast->next < broadcast->count) { return false; } /* fetched, but not processed */
    for (size_t i = 0; i < broadcast->partitions_count; i++) {
        const struct table_partition *table = &broadcast->partitions[i];
        int64_t low, end;
        if (table->input != input) { continue; }
        if (wire_bounds(broadcast->env->wire, table->topic, table->partition, &low, &end) < 0) {
            return false;
        }
        if (!end) { continue; }
        if (reader_position(broadcast->reader, table->topic, table->partition) < end) {
            return false;
        }
    }
    return true;
}

static void check_loaded(struct broadcast *broadcast)
{
    int64_t remaining = 0;
    for (size_t i = 0; i < broadcast->partitions_count; i++) {
        struct table_partition *table = &broadcast->partitions[i];
        int64_t position = reader_position(broadcast->reader, table->topic, table->partition);
        table->loaded = table->loaded || table->end == 0 || table->from == table->end ||
                        position >= table->end;
        if (!table->loaded) { remaining += table->end - MAX_OF(position, (int64_t)0); }
    }
    metric_set(broadcast->remaining, (double)remaining);
    if (remaining == 0) {
        broadcast->loaded = true;
        CRASH_POINT("broadcast.loaded");
        env_log(broadcast->env, LOG_INFO, "broadcast inputs loaded",
                "partitions=%zu refused_before=%" PRId64, broadcast->partitions_count,
                refused_rows_known(broadcast->refused));
    }
}

/* ---- Watching ---- */

static int64_t table_lag(const struct broadcast *broadcast, const struct table_partition *table)
{
    int64_t end = reader_end(broadcast->reader, table->topic, table->partition);
    int64_t position = reader_position(broadcast->reader, table->topic, table->partition);
    return MAX_OF(MAX_OF(end, table->end) - MAX_OF(position, MAX_OF(table->from, (int64_t)0)),
                  (int64_t)0);
}

static void tell_still(struct broadcast *broadcast, const struct table_partition *table,
                       int64_t lag, int64_t now_ms)
{
    int64_t end = OFFSET_NONE;
    const char *why = "no answer from its broker";
    int result = wire_stable_end(broadcast->env->wire, table->topic, table->partition, &end);
    int64_t position = reader_position(broadcast->reader, table->topic, table->partition);
    if (result == 0) {
        why = position >= end ? "a transaction on it is open, until its producer starts again or "
                                "its time is over"
                              : "its records come slowly";
    }
    broadcast->told_ms = now_ms;
    env_log(broadcast->env, LOG_WARN, "waiting for a table",
            "topic=%s partition=%d records=%" PRId64 " seconds=%" PRId64 " why=%s", table->topic,
            table->partition, lag, (now_ms - table->moved_ms) / 1000,
            quote_text(why).text);
}

/* Returns the lag of a partition, and notes whether it moves. */
static int64_t look_at(const struct broadcast *broadcast, struct table_partition *table,
                       int64_t now_ms)
{
    int64_t lag = table_lag(broadcast, table);
    int64_t position = reader_position(broadcast->reader, table->topic, table->partition);
    if (!table->moved_ms || lag <= 0 || position != table->position || broadcast->count) {
        table->moved_ms = now_ms;
    }
    table->position = position;
    return lag;
}

void broadcast_watch(struct broadcast *broadcast)
{
    const struct table_partition *still = NULL;
    int64_t total = 0, still_lag = 0, now_ms = env_now_ms(broadcast->env);
    broadcast_check_topics(broadcast, now_ms); /* first: it may move the partitions */
    for (size_t i = 0; broadcast->reader && i < broadcast->partitions_count; i++) {
        struct table_partition *table = &broadcast->partitions[i];
        int64_t lag = look_at(broadcast, table, now_ms);
        total += lag;
        if (lag <= 0 || (still && still->moved_ms <= table->moved_ms)) { continue; }
        still = table;
        still_lag = lag;
    }
    int64_t still_ms = still ? now_ms - still->moved_ms : 0;
    metric_set(broadcast->lag, (double)total);
    metric_set(broadcast->still, (double)still_ms / 1000.0);
    const struct env *env = broadcast->env;
    if (env->worker->watch) { env->worker->watch(env->run, total, broadcast->answered_ms); }
    bool told = broadcast->told_ms && now_ms - broadcast->told_ms < STILL_TOLD_MS;
    if (still_ms >= STILL_MS && !told) { tell_still(broadcast, still, still_lag, now_ms); }
}

bool broadcast_at_rest(const struct broadcast *broadcast)
{
    return broadcast->loaded && !broadcast->count && metric_value(broadcast->lag) <= 0;
}

/* ---- Processing ---- */

static struct table_partition *find_table(struct broadcast *broadcast, const char *topic,
                                          int32_t partition)
{
    size_t i = 0;
    while (broadcast->partitions[i].partition != partition ||
           strcmp(broadcast->partitions[i].topic, topic) != 0) {
        assert(++i < broadcast->partitions_count);
    }
    return &broadcast->partitions[i];
}

static int input_of(const struct env *env, const char *topic)
{
    for (size_t i = 0; i < env->worker->inputs_count; i++) {
        if (strcmp(env->topics->inputs[i], topic) == 0) { return (int)i; }
    }
    return -1;
}

static enum verdict take_one(const struct env *env, const struct record *rec)
{
    if (rec->unreadable) {
        return run_refuse_record(env->run, "unreadable",
                                 "%s; it stands for the offsets %" PRId64 " to %" PRId64,
                                 wire_why(env->wire), rec->unreadable_from, rec->offset);
    }
    if (rec->value.size > (size_t)env->settings->record_bytes_max) {
        return run_refuse_record(env->run, "too_large",
                                 "value of %zu bytes, record.bytes.max is %" PRId64,
                                 rec->value.size, env->settings->record_bytes_max);
    }
    return env->worker->broadcast(env->run, input_of(env, rec->topic), rec);
}

/* Sends a dead letter, unless an earlier run did, or the record is one: a letter about a letter
 * would be read again, and refused again, without an end. False: it was not sent. */
static bool refuse(struct broadcast *broadcast, const struct record *rec)
{
    const struct broadcast_parts *parts = &broadcast->parts;
    const char *reason = parts->env->refusal.reason;
    bool letter = strcmp(rec->topic, parts->env->topics->dead_letters) == 0;
    if (letter || refused_rows_know(broadcast->refused, rec, reason)) {
        run_refusal_clear(&parts->env->refusal);
        return true;
    }
    broadcast->ack_group = parts->at_once->ack_group;
    refused_rows_sent(broadcast->refused, rec, reason);
    dead_letters_send(parts->letters, rec);
    return !parts->at_once->unsent;
}

/* False: the record must wait. */
static bool take(struct broadcast *broadcast, const struct record *rec)
{
    const struct broadcast_parts *parts = &broadcast->parts;
    enum verdict verdict = take_one(parts->env, rec);
    if (verdict == VERDICT_NO_SCHEMA && schema_hold_broadcast(parts->hold, rec)) { return false; }
    if (verdict == VERDICT_SKIP || verdict == VERDICT_NO_SCHEMA) {
        if (!refuse(broadcast, rec)) { return false; }
    } else if (verdict == VERDICT_FATAL) {
        env_break(parts->env, EXIT_BROKEN, "%s", parts->env->refusal.text);
    }
    schema_hold_broadcast_over(parts->hold);
    return true;
}

/* Fetches the next records unless some are left; returns their number or a negative wire_error. */
static int fetch(struct broadcast *broadcast)
{
    bool loading = !broadcast->loaded;
    if (broadcast->count) { return (int)broadcast->count; }
    int result = reader_poll(broadcast->reader, loading ? LOADING_POLL_MS : 0,
                             loading ? POLL_RECORDS : POLL_RECORDS / 10, &broadcast->at,
                             &broadcast->count);
    broadcast->next = 0;
    if (result < 0) { broadcast->count = 0; }
    return result < 0 ? result : (int)broadcast->count;
}

/* Checks whether the dead letters about the fetched records are acknowledged. Later messages are in
 * a later ack group, so the wait ends. The commit in flight waits for its own ack groups. */
static bool acknowledged(struct broadcast *broadcast, enum broadcast_verdict *ret_verdict)
{
    const struct broadcast_parts *parts = &broadcast->parts;
    struct env *env = parts->env;
    size_t outstanding = 0;
    if (broadcast->ack_group == ACK_GROUP_NONE) { return true; }
    if (parts->at_once->ack_group == broadcast->ack_group) {
        (void)at_once_close_group(parts->at_once);
    }
    if (commit_awaits_acks(parts->commit)) { return false; }
    int result = wire_unacked(env->wire, broadcast->ack_group, &outstanding);
    if (wire_is_final(result)) {
        env_break(env, env_exit_code(result), "cannot send to %s: %s", env->topics->dead_letters,
                  wire_why(env->wire));
    } else if (result < 0) {
        *ret_verdict = BROADCAST_UNSENT;
    }
    if (result < 0 || outstanding) { return false; }
    broadcast->ack_group = ACK_GROUP_NONE;
    refused_rows_arrived(broadcast->refused);
    return true;
}

void broadcast_forget(struct broadcast *broadcast)
{
    if (!broadcast || broadcast->ack_group == ACK_GROUP_NONE) { return; }
    broadcast->ack_group = ACK_GROUP_NONE;
    refused_rows_lost(broadcast->refused);
    broadcast->next = 0;
}

/* Remembers the newest record of each partition, by which the topic is known again. */
static void remember(struct broadcast *broadcast, const struct record *at, size_t count)
{
    struct table_partition *table = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct record *rec = &at[i];
        if (!table || table->partition != rec->partition || strcmp(table->topic, rec->topic) != 0) {
            table = find_table(broadcast, rec->topic, rec->partition);
        }
        table->read.newest = rec->offset;
        table->read.newest_ms = rec->time_ms;
        table->read.latest_ms = MAX_OF(table->read.latest_ms, rec->time_ms);
        if (table->checked.newest == OFFSET_NONE) { table->checked = table->read; }
    }
}

static void tell_passed(const struct broadcast *broadcast)
{
    const struct env *env = broadcast->env;
    if (!env->worker->passed) { return; }
    for (size_t i = 0; i < broadcast->count; i++) {
        const struct record *rec = &broadcast->at[i], *next = rec + 1;
        bool last = i + 1 == broadcast->count || next->partition != rec->partition ||
                    strcmp(next->topic, rec->topic) != 0;
        if (last) { env->worker->passed(env->run, input_of(env, rec->topic), rec); }
    }
}

/* Processes the fetched records; false: one must wait for its schema, or all for dead letters. */
static bool take_all(struct broadcast *broadcast, enum broadcast_verdict *ret_verdict)
{
    size_t from = broadcast->next;
    while (broadcast->next < broadcast->count &&
           take(broadcast, &broadcast->at[broadcast->next])) {
        broadcast->next++;
    }
    metric_add(broadcast->records, (double)(broadcast->next - from));
    if (broadcast->next > from) {
        remember(broadcast, broadcast->at + from, broadcast->next - from);
        broadcast->answered_ms = env_now_ms(broadcast->env);
    }
    if (broadcast->parts.at_once->unsent) {
        *ret_verdict = BROADCAST_UNSENT;
        return false;
    }
    if (broadcast->next < broadcast->count || !acknowledged(broadcast, ret_verdict)) {
        return false;
    }
    if (broadcast->count) { CRASH_POINT("broadcast.read"); }
    tell_passed(broadcast);
    broadcast->count = broadcast->next = 0;
    reader_release(broadcast->reader);
    return true;
}

enum broadcast_verdict broadcast_step(struct broadcast *broadcast)
{
    struct env *env = broadcast->env;
    enum broadcast_verdict verdict = BROADCAST_GOES_ON;
    if (!broadcast->reader) { return verdict; }
    bool loading = !broadcast->loaded;
    int64_t until_ms = env_now_ms(env) + (loading ? LOADING_STEP_MS : STEP_MS);
    int count = 1;
    while (count && !env->ending.broken) {
        count = fetch(broadcast);
        if (count == WIRE_RETRY) { return verdict; }
        if (count < 0) {
            env_break(env, env_exit_code(count), "broadcast inputs: %s", wire_why(env->wire));
            return verdict;
        }
        if (!take_all(broadcast, &verdict)) { return verdict; }
        if (env_now_ms(env) >= until_ms) { break; }
    }
    if (loading) { check_loaded(broadcast); }
    return verdict;
}
