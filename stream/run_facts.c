/* What workers ask of the run and set in it: settings, topics, clocks, records that are refused,
 * and facts about topics. All on the worker's thread, but for run_now_ms(). Questions to the broker
 * may wait for its answer.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "base/exit_code.h"
#include "base/quote.h"
#include "stream/generation.h"
#include "stream/kafka/kafka.h"
#include "stream/log_probe.h"
#include "stream/reload.h"
#include "stream/run_internal.h"

enum { SETTINGS_NAMES_MAX = 64 << 10 };
enum { LOOK_FETCH_BYTES = 1 << 20, LOOK_CONNECT_MS = 5000, LOOK_REQUEST_MS = 2000 };

bool run_needs_transactions(const struct worker *worker, const struct run_settings *settings)
{
    const struct env env = {.worker = worker, .settings = settings};
    return env_transactional(&env);
}

int64_t run_now_ms(struct run *run)
{
    return env_now_ms(&run->env);
}

int64_t run_work_us(struct run *run)
{
    return env_work_us(&run->env);
}

bool run_quiet(struct run *run)
{
    return wire_quiet(run->env.wire);
}

size_t run_deliverable_bytes(struct run *run)
{
    const struct batch_limit *limit = &run->pace.limit;
    bool all = limit->share >= 1.0;
    return all ? SIZE_MAX : batch_limit_of(limit, run->settings.batch_bytes_max);
}

int64_t run_wall_ms(struct run *run)
{
    return run->env.clock.wall_ms(run->env.clock.arg);
}

void run_log(struct run *run, enum log_level level, const char *msg, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    env_log_args(&run->env, level, msg, format, args);
    va_end(args);
}

void run_refuse(struct run *run, const char *format, ...)
{
    struct run_refusal *refusal = &run->env.refusal;
    va_list args;
    va_start(args, format);
    run_refusal_set(refusal, refusal->reason, format, args);
    va_end(args);
}

enum verdict run_refuse_record(struct run *run, const char *reason, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    run_refusal_clear(&run->env.refusal);
    run_refusal_set(&run->env.refusal, reason, format, args);
    va_end(args);
    return VERDICT_SKIP;
}

enum verdict run_refuse_undecoded(struct run *run, const struct codec_error *error)
{
    (void)run_refuse_record(run, error->reason, "%s", error->detail);
    run->env.refusal.schema_id = error->schema_id;
    return error->unknown_id ? VERDICT_NO_SCHEMA : VERDICT_SKIP;
}

/* Says whether a program with another schema may have written the message. */
static bool of_unknown_schema(const struct codec_error *error)
{
    static const char *const reasons[] = {"unknown_fingerprint", "ambiguous_fingerprint",
                                          "unknown_schema_id", "schema_mismatch"};
    for (size_t i = 0; i < ARRAY_COUNT(reasons); i++) {
        if (strcmp(error->reason, reasons[i]) == 0) { return true; }
    }
    return false;
}

enum verdict task_discard_state(struct task *task, struct slice key, struct slice value,
                                const char *what, const struct codec_error *error)
{
    struct run *run = task_run(task);
    const char *topic = task_changelog_topic(task);
    if (of_unknown_schema(error) && run->settings.state_unknown_schema == UNKNOWN_SCHEMA_END) {
        env_break(&run->env, EXIT_CONFIG,
                  "the state of %s in %s partition %d has a schema that is not known: %s: %s; "
                  "hint: did a newer version write it? start that one again, or put its .avsc "
                  "into schemas.path, or drop such states with state.unknown.schema=skip",
                  what, topic, task->partition, error->reason, error->detail);
        return VERDICT_FATAL;
    }
    (void)run_refuse_record(run, "state_damaged", "state of %s: %s: %s", what, error->reason,
                            error->detail);
    env_log(&run->env, LOG_WARN, "a state is damaged and was dropped",
            "topic=%s partition=%d why=%s", topic, task->partition,
            quote_text(run->env.refusal.text).text);
    const struct record rec = {.topic = topic,
                               .partition = task->partition,
                               .offset = MAX_OF(task->local.changelog_offset - 1, (int64_t)0),
                               .key = key,
                               .value = value};
    dead_letters_send(run->letters, &rec);
    task_put(task, key, slice_of(NULL, 0));
    return VERDICT_DONE;
}

char *run_reload(struct run *run)
{
    const struct worker *worker = run->env.worker;
    run_refusal_clear(&run->env.refusal);
    if (!worker->reload || worker->reload(run) == 0) { return NULL; }
    return xstrdup(run->env.refusal.text);
}

void run_take_settings(struct run *run, const struct run_settings *settings)
{
    struct buf names;
    buf_init(&names, SETTINGS_NAMES_MAX);
    reload_options(run_options, run_options_count, &run->settings, settings, NULL, &names, &names);
    buf_release(&names);
}

const void *run_settings(const struct run *run)
{
    return run->worker_settings;
}

void run_set_state(struct run *run, void *state)
{
    run->worker_state = state;
}

void *run_state(const struct run *run)
{
    return run->worker_state;
}

struct metrics *run_metrics(struct run *run)
{
    return run->env.metrics;
}

struct schema_cache *run_schemas(struct run *run)
{
    return schema_source_cache(run->schemas);
}

void run_withhold_bytes(struct run *run)
{
    dead_letters_withhold_bytes(run->letters);
}

const char *run_read_from(struct run *run, const char *name)
{
    return topics_read_from(&run->topics, name);
}

const char *run_input_topic(const struct run *run, int input)
{
    return run->topics.inputs[input];
}

const char *run_output_topic(const struct run *run, int output)
{
    return run->topics.outputs[output];
}

char *run_topic_of(const struct run *run, const char *name, const char *generation)
{
    _cleanup_(xfreep) char *plain = topic_name(&run->settings, name, /* shared= */ true);
    return generation_name(plain, generation);
}

char *run_group_of(const struct run *run, const char *worker, bool of_all)
{
    const char *generation = of_all ? "" : run->settings.generation;
    _cleanup_(xfreep) char *name = generation_name(worker, generation);
    return xprintf("%s%s", run->settings.group_prefix, name);
}

static void put_flag(struct buf *out, const char *flag, const char *value)
{
    buf_printf(out, " %s ", flag);
    quote_shell(out, slice_str(value));
}

bool run_command_flags(const struct run *run, struct buf *out)
{
    const struct run_settings *settings = &run->settings;
    put_flag(out, "--bootstrap", settings->bootstrap_servers);
    if (settings->topic_prefix[0]) { put_flag(out, "--prefix", settings->topic_prefix); }
    if (strcmp(settings->group_prefix, "freshet-") != 0) {
        put_flag(out, "--group-prefix", settings->group_prefix);
    }
    for (size_t i = 0; i < settings->topics.count; i++) {
        const struct property *topic = &settings->topics.at[i];
        _cleanup_(xfreep) char *pair = xprintf("topic.%s=%s", topic->key, topic->value);
        put_flag(out, "--set", pair);
    }
    return settings->kafka.count == 0;
}

bool run_connects(const struct run *run)
{
    return run->threaded;
}

int run_connect(const struct run *run, struct wire **ret_wire, char **ret_why)
{
    const struct run_settings *settings = &run->settings;
    /* The own group's name gives rights; without a subscription there is no member. */
    _cleanup_(xfreep) char *group = run_group_of(run, run->env.worker->name, false);
    const struct kafka_identity identity = {.bootstrap = settings->bootstrap_servers,
                                            .group = group,
                                            .properties = &settings->kafka,
                                            .request_ms = LOOK_REQUEST_MS,
                                            .fetch_bytes_max = LOOK_FETCH_BYTES};
    if (!run->threaded) {
        *ret_why = xstrdup("it runs on an in-process log");
        return WIRE_REFUSED;
    }
    return kafka_open(&identity, LOOK_CONNECT_MS, ret_wire, ret_why);
}

int32_t run_topic_partitions(struct run *run, const char *name, bool shared)
{
    _cleanup_(xfreep) char *topic = topic_name(&run->settings, name, shared);
    int32_t partitions;
    return wire_partitions(run->env.wire, topic, &partitions) == 0 ? partitions : 0;
}

/* Of partitions without a word of their owners: is there anything to read? */
static void tell_ends(struct run *run, const char *topic, int32_t partitions,
                      struct told_offset *at)
{
    int32_t first = 0, last = partitions;
    while (first < last && at[first].told) { first++; }
    while (last > first && at[last - 1].told) { last--; }
    if (first == last) { return; }
    _cleanup_(xfreep) struct log_bounds *bounds = xcalloc((size_t)(last - first), sizeof(*bounds));
    if (wire_bounds_of(run->env.wire, topic, first, last - first, bounds) < 0) { return; }
    for (int32_t i = first; i < last; i++) {
        const struct log_bounds *of = &bounds[i - first];
        if (!at[i].told && MAX_OF(at[i].offset, of->low) >= of->end) { at[i].told = TOLD_END; }
    }
}

int run_told(struct run *run, const char *topic, struct told_offset **ret_at)
{
    int32_t partitions;
    int result = wire_partitions(run->env.wire, topic, &partitions);
    if (result < 0) { return result; }
    struct told_offset *at = xcalloc((size_t)partitions + 1, sizeof(*at));
    result = wire_told(run->env.wire, topic, partitions, at);
    if (result < 0) {
        free(at);
        return result;
    }
    tell_ends(run, topic, partitions, at);
    *ret_at = at;
    return partitions;
}

int run_topic_holds(struct run *run, const char *name, bool shared, int32_t partition)
{
    _cleanup_(xfreep) char *topic = topic_name(&run->settings, name, shared);
    struct env *env = &run->env;
    int64_t low, end;
    int32_t partitions;
    int result = wire_bounds(env->wire, topic, partition, &low, &end);
    if (result == 0) { return end > low; }
    /* The broker tells why only when it is asked for the topic. */
    result = wire_partitions(env->wire, topic, &partitions);
    if (result == WIRE_REFUSED && topics_missing(env)) { return 0; }
    if (result == WIRE_REFUSED) { env_break(env, EXIT_CONFIG, "%s", wire_why(env->wire)); }
    return result < 0 ? result : WIRE_RETRY;
}

int32_t run_output_partitions(const struct run *run, int output)
{
    return run->topics.output_partitions[output];
}

struct log_facts run_input_facts(const struct run *run, int input, int64_t low, int64_t end)
{
    return (struct log_facts){.low = low,
                              .end = end,
                              .settings = &run->topics.input_settings[input],
                              .wall_ms = env_wall_ms(&run->env)};
}

bool run_input_differs(struct run *run, int input, int32_t partition, int64_t offset,
                       int64_t time_ms)
{
    const struct topic_partition at = {
        .topic = run->topics.inputs[input], .partition = partition, .offset = offset};
    return log_probe_record(&run->env, &at, time_ms) == PROBE_OTHER;
}

const char *run_generation(const struct run *run)
{
    return run->settings.generation;
}

const char *run_state_path(const struct run *run)
{
    return run->state_path;
}

int64_t run_slot(const struct run *run)
{
    return run->settings.slot;
}

bool run_loaded(const struct run *run)
{
    return broadcast_loaded(run->broadcast);
}

bool run_input_current(struct run *run, int input)
{
    return broadcast_current(run->broadcast, input);
}

const char *run_why(const struct run *run)
{
    return run->env.ending.why;
}

int run_exit_code(const struct run *run)
{
    return run->env.ending.exit_code;
}

bool run_all_committed(const struct run *run)
{
    if (!commit_idle(run->commit)) { return false; }
    for (size_t i = 0; i < run->tasks.count; i++) {
        const struct task *task = run->tasks.at[i];
        bool open = task->input.offset > task->input.committed || task->worked;
        if (task->state == TASK_RUNNING && open) { return false; }
    }
    return true;
}

bool run_idle(const struct run *run)
{
    if (!commit_idle(run->commit) || !broadcast_loaded(run->broadcast)) { return false; }
    for (size_t i = 0; i < run->tasks.count; i++) {
        struct task *task = run->tasks.at[i];
        const struct worker *worker = run->env.worker;
        bool pending = task->state == TASK_RUNNING && worker->pending && worker->pending(task);
        if (task->state != TASK_RUNNING || task->input.offset > task->input.committed ||
            task->worked || pending || beside_lag(run->beside, task) > 0) {
            return false;
        }
    }
    return true;
}

bool run_healthy(const struct run *run)
{
    return run->joined && task_list_all(&run->tasks, TASK_RUNNING) &&
           broadcast_loaded(run->broadcast) && !run->env.ending.broken;
}

static bool task_at_rest(const struct run *run, struct task *task)
{
    const struct worker *worker = run->env.worker;
    return task_caught_up(task) && (!worker->at_rest || worker->at_rest(task));
}

bool run_at_rest(const struct run *run)
{
    if (!run_healthy(run) || !run_idle(run) || run->rolled_back || run->unacked) { return false; }
    for (size_t i = 0; i < run->tasks.count; i++) {
        if (!task_at_rest(run, run->tasks.at[i])) { return false; }
    }
    return broadcast_at_rest(run->broadcast);
}

static void task_status(const struct task *task, struct buf *out)
{
    buf_printf(out,
               "{\"topic\":\"%s\",\"partition\":%d,\"state\":\"%s\",\"offset\":%" PRId64
               ",\"committed\":%" PRId64 ",\"lag\":%.0f,\"restore_remaining\":%.0f}",
               task->topic, task->partition, task_state_name(task->state), task->input.offset,
               task->input.committed, metric_value(task->lag),
               metric_value(task->restore_remaining));
}

void run_status(struct run *run, struct buf *out)
{
    buf_printf(out,
               "{\"worker\":\"%s\",\"generation\":\"%s\",\"slot\":%" PRId64
               ",\"topic\":\"%s\",\"loaded\":%s,\"at_rest\":%s,\"partitions\":[",
               run->env.worker->name, run->settings.generation, run->settings.slot,
               run->topics.sources[0], run_loaded(run) ? "true" : "false",
               metric_value(run->m.at_rest) > 0 ? "true" : "false");
    for (size_t i = 0; i < run->tasks.count; i++) {
        buf_printf(out, "%s", i ? "," : "");
        task_status(run->tasks.at[i], out);
    }
    buf_printf(out, "],\"dead_letters\":");
    dead_letters_status(run->letters, out);
    buf_printf(out, ",\"standby\":");
    standby_status(run->standby, out);
    buf_printf(out, "}");
}
