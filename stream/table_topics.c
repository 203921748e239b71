/* What becomes of a table's topic while it is read. A reader is not in a group, so nobody tells it:
 *
 *   - Partitions are added: they are found within CHECK_MS and read from their start.
 *   - The topic is recreated. The rows of the former one are in memory and in local state, so the
 *     run ends with EXIT_BROKEN; the next process reads the topic from its start, and keeps nothing
 *     of the former one.
 *   - The topic is deleted. Brokers also say so for a moment after a restart, and an operator may
 *     be about to create it again: the run goes on with what it has, and ends after MISSING_MS.
 *
 * That a topic was recreated is seen when a position is beyond the log's end, or when another
 * record stands where the newest one was read. The latter is looked at when a broker did not know
 * the topic for a moment, and, as that moment may fall between two fetches, when a later record
 * stands before the newest one of the last check: a new topic's first record is later than all that
 * was read. Only a topic that was filled with records of old timestamps between two fetches is not
 * noticed.
 */
#include "base/base.h"
#include "base/exit_code.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "stream/broadcast_internal.h"
#include "stream/log_probe.h"
#include "stream/topics.h"

enum {
    CHECK_MS = 10000, /* as often as the client looks for new partitions of the sources */
    DOUBT_MS = 1000,    /* while a topic is missing, or may be another one */
    MISSING_MS = 60000,
};

static int32_t partitions_of(const struct broadcast *broadcast, int input)
{
    int32_t count = 0;
    for (size_t i = 0; i < broadcast->partitions_count; i++) {
        count += broadcast->partitions[i].input == input;
    }
    return count;
}

static int end_recreated(const struct broadcast *broadcast, int input, const char *why)
{
    env_break(broadcast->env, EXIT_BROKEN,
              "table topic %s was recreated, or cut, while it was read: %s; hint: start again: the "
              "table is then read from its start",
              broadcast->env->topics->inputs[input], why);
    return WIRE_FATAL;
}

/* ---- Is it the same topic? ---- */

/* Does the newest record of what was read still stand where it was? */
static int check_record(const struct broadcast *broadcast, const struct table_partition *table,
                        const struct table_progress *read)
{
    const struct topic_partition at = {table->topic, table->partition, read->newest};
    enum probe probe = log_probe_record(broadcast->env, &at, read->newest_ms);
    if (probe == PROBE_LATER) { return WIRE_RETRY; }
    if (probe != PROBE_OTHER) { return 0; }
    char why[128];
    (void)snprintf(why, sizeof(why),
                   "partition %" PRId32 " has another record at offset %" PRId64, table->partition,
                   read->newest);
    return end_recreated(broadcast, table->input, why);
}

static int check_partition(const struct broadcast *broadcast, const struct table_partition *table,
                           const struct log_bounds *bounds)
{
    int64_t position = reader_position(broadcast->reader, table->topic, table->partition);
    int64_t low = bounds->low, end = bounds->end;
    char why[128];
    (void)snprintf(why, sizeof(why),
                   "partition %" PRId32 " has offsets %" PRId64 " to %" PRId64
                   ", %" PRId64 " is the next to read",
                   table->partition, low, end, position);
    bool inside = position == OFFSET_NONE || (position >= low && position <= end);
    if (!inside) { return end_recreated(broadcast, table->input, why); }
    if (table->read.newest == OFFSET_NONE || table->read.newest_ms < 0) { return 0; }
    if (table->read.newest >= end) { return end_recreated(broadcast, table->input, why); }
    return check_record(broadcast, table, &table->read);
}

static int check_same(const struct broadcast *broadcast, int input)
{
    const struct env *env = broadcast->env;
    int32_t known = partitions_of(broadcast, input);
    _cleanup_(xfreep) struct log_bounds *bounds = xcalloc((size_t)known, sizeof(*bounds));
    int result = wire_bounds_of(env->wire, env->topics->inputs[input], 0, known, bounds);
    if (result < 0) { return WIRE_RETRY; }
    for (size_t i = 0; i < broadcast->partitions_count && result == 0; i++) {
        const struct table_partition *table = &broadcast->partitions[i];
        if (table->input != input) { continue; }
        assert(table->partition < known);
        result = check_partition(broadcast, table, &bounds[table->partition]);
    }
    return result;
}

/* The partition with the latest record at the last check; NULL: there was none. */
static const struct table_partition *find_checked(const struct broadcast *broadcast, int input)
{
    const struct table_partition *found = NULL;
    for (size_t i = 0; i < broadcast->partitions_count; i++) {
        const struct table_partition *table = &broadcast->partitions[i];
        if (table->input != input || table->checked.newest == OFFSET_NONE) { continue; }
        if (!found || table->checked.latest_ms > found->checked.latest_ms) { found = table; }
    }
    return found;
}

/* One question for each table; a second one where timestamps go back. */
static int check_earlier(const struct broadcast *broadcast, int input)
{
    const struct env *env = broadcast->env;
    const struct table_partition *table = find_checked(broadcast, input);
    int64_t offset;
    if (!table || table->checked.latest_ms <= 0 || table->checked.latest_ms == INT64_MAX) {
        return 0;
    }
    int result = wire_offset_at(env->wire, table->topic, table->partition,
                                table->checked.latest_ms + 1, &offset);
    if (result < 0) { return WIRE_RETRY; }
    if (offset > table->checked.newest) { return 0; }
    return check_record(broadcast, table, &table->checked);
}

static void set_checked(struct broadcast *broadcast, int input)
{
    for (size_t i = 0; i < broadcast->partitions_count; i++) {
        struct table_partition *table = &broadcast->partitions[i];
        if (table->input == input) { table->checked = table->read; }
    }
}

/* ---- Asking ---- */

static int take_missing(struct broadcast *broadcast, int input, int64_t now_ms)
{
    const struct env *env = broadcast->env;
    const char *topic = env->topics->inputs[input];
    bool optional = env->worker->inputs[input].optional;
    int64_t *since_ms = &broadcast->missing_ms[input];
    if (!partitions_of(broadcast, input)) { return 0; } /* it was missing at the start, too */
    if (!*since_ms) {
        *since_ms = now_ms;
        env_log(env, LOG_WARN, "the topic of a table is missing",
                "topic=%s hint=\"was it deleted? deploy/topics apply makes topics\"", topic);
    }
    if (now_ms - *since_ms < MISSING_MS) { return WIRE_RETRY; }
    env_break(broadcast->env, optional ? EXIT_BROKEN : EXIT_CONFIG,
              "table topic %s does not exist any more; hint: was it deleted? deploy/topics apply "
              "makes topics",
              topic);
    return WIRE_FATAL;
}

static int take_added(struct broadcast *broadcast, int input, int32_t known, int32_t count)
{
    const struct env *env = broadcast->env;
    size_t before = broadcast->partitions_count;
    int result = broadcast_add_partitions(broadcast, input, known, count);
    if (result == 0) { result = broadcast_open_reader(broadcast); }
    if (result < 0) { /* all of them again, later */
        broadcast->partitions_count = before;
        return WIRE_RETRY;
    }
    env_log(env, LOG_INFO, "a table has more partitions, reading them from their start",
            "topic=%s partitions=%" PRId32 " before=%" PRId32, env->topics->inputs[input], count,
            known);
    return 0;
}

static int check_input(struct broadcast *broadcast, int input, int64_t now_ms)
{
    struct env *env = broadcast->env;
    int32_t count = 0, known = partitions_of(broadcast, input);
    int result = wire_partitions(env->wire, env->topics->inputs[input], &count);
    if (result == WIRE_REFUSED && topics_missing(env)) {
        return take_missing(broadcast, input, now_ms);
    }
    if (result < 0) { return WIRE_RETRY; }
    if (count < known) { return end_recreated(broadcast, input, "it has fewer partitions"); }
    if (known && (broadcast->doubted || broadcast->missing_ms[input])) {
        result = check_same(broadcast, input);
    }
    if (result == 0) { result = check_earlier(broadcast, input); }
    if (result < 0) { return result; }
    set_checked(broadcast, input);
    broadcast->missing_ms[input] = 0;
    return count > known ? take_added(broadcast, input, known, count) : 0;
}

/* All topics are as they were. What the reader met may have stopped it. */
static int end_doubt(struct broadcast *broadcast)
{
    int result = broadcast->doubted ? broadcast_open_reader(broadcast) : 0;
    if (result == 0) { broadcast->doubted = false; }
    return result;
}

void broadcast_check_topics(struct broadcast *broadcast, int64_t now_ms)
{
    const struct worker *worker = broadcast->env->worker;
    struct reader *reader = broadcast->reader;
    if (reader && reader->doubt != READER_SURE) {
        if (!broadcast->doubted) { broadcast->check_ms = now_ms; }
        broadcast->doubted = true;
        reader->doubt = READER_SURE;
    }
    if (!broadcast->check_ms) { broadcast->check_ms = now_ms + CHECK_MS; }
    if (now_ms < broadcast->check_ms || broadcast->count) { return; }
    int result = 0;
    for (size_t i = 0; i < worker->inputs_count && result == 0; i++) {
        if (worker->inputs[i].kind != INPUT_BROADCAST) { continue; }
        result = check_input(broadcast, (int)i, now_ms);
    }
    if (result == 0) { result = end_doubt(broadcast); }
    if (result == 0) { broadcast->answered_ms = now_ms; }
    bool missing = false;
    for (size_t i = 0; i < worker->inputs_count; i++) { missing |= broadcast->missing_ms[i] > 0; }
    broadcast->check_ms = now_ms + (missing || broadcast->doubted ? DOUBT_MS : CHECK_MS);
}
