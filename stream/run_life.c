/* How a run begins and ends.
 *
 * Settings, schemas, topics, their partitions and the worker's own conditions are checked before
 * the group is joined and before anything is written. Each part is made after the parts it uses.
 */
#include "base/base.h"
#include "base/exit_code.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "stream/generation.h"
#include "stream/run_internal.h"
#include "stream/state_directory.h"

enum {
    ASK_AGAIN_MS = 50,
    MISSING_CONFIRM_MS = 5000, /* a topic may be made in this moment, or not be known to a broker */
    MISSING_ASK_MS = 250,
};

static void register_metrics(struct run *run)
{
    struct metrics *metrics = run->env.metrics;
    (void)state_directory_wipes(&run->env);
    run->m = (struct run_metrics){
        .records = metrics_counter(metrics, "freshet_records_total", "", "Input records read."),
        .process_seconds = metrics_histogram(metrics, "freshet_process_seconds", "",
                                             "Time to process the records of one poll.", 1e-5, 6),
        .aborts = metrics_counter(metrics, "freshet_aborts_total", "",
                                  "Commits that were rolled back."),
        .rebalances = metrics_counter(metrics, "freshet_rebalances_total", "",
                                      "Assignments received from the group."),
        .broker_errors = metrics_counter(metrics, "freshet_broker_errors_total", "",
                                         "Connections to brokers lost or refused."),
        .tasks = metrics_gauge(metrics, "freshet_tasks", "", "Partitions assigned to this copy."),
        .at_rest = metrics_gauge(metrics, "freshet_at_rest", "",
                                 "1: all inputs are read and all that follows is written."),
    };
}

static int count_partitions(struct run *run)
{
    return topics_count_partitions(&run->topics, &run->env);
}

static int check_topics(struct run *run)
{
    return topics_check_settings(&run->topics, &run->env);
}

static int open_broadcast(struct run *run)
{
    return broadcast_open(run->broadcast);
}

static void wait_ms(const struct run *run, int64_t ms)
{
    const struct timespec pause = {.tv_nsec = ms * 1000000L};
    if (run->threaded) { nanosleep(&pause, NULL); } /* else the clock is a test's */
}

/* Asks again for a while: the leaders of new topics are not known at once. */
static int ask_answered(struct run *run, int (*ask)(struct run *run))
{
    int64_t until_ms = run_now_ms(run) + run->settings.connect_timeout_ms;
    int result = ask(run);
    while (result == WIRE_RETRY && run_now_ms(run) < until_ms) {
        wait_ms(run, ASK_AGAIN_MS);
        result = ask(run);
    }
    return result;
}

/* Asks again for a shorter while when a topic is missing. */
static int ask_patiently(struct run *run, int (*ask)(struct run *run))
{
    struct env *env = &run->env;
    int64_t until_ms = run_now_ms(run) + MISSING_CONFIRM_MS;
    int result = ask_answered(run, ask);
    if (result == WIRE_REFUSED && topics_missing(env)) {
        env_log(env, LOG_WARN, "a topic is missing, asking again", "why=%s",
                quote_text(wire_why(env->wire)).text);
    }
    while (result == WIRE_REFUSED && topics_missing(env) && run_now_ms(run) < until_ms) {
        wait_ms(run, MISSING_ASK_MS);
        result = ask_answered(run, ask);
    }
    return result;
}

/* A broker that does not answer may come back; a missing topic must be created. */
static int ask_or_break(struct run *run, int (*ask)(struct run *run))
{
    struct env *env = &run->env;
    int result = ask_patiently(run, ask);
    if (result == WIRE_RETRY) {
        env_break(env, EXIT_BROKEN, "%s; hint: are all brokers reachable? start again",
                  wire_why(env->wire));
    } else if (result < 0) {
        _cleanup_(xfreep) char *why = xstrdup(wire_why(env->wire));
        if (result == WIRE_REFUSED) { topics_explain_missing(&run->topics, env); }
        env_break(env, env_exit_code(result), "%s", why);
    }
    return result;
}

/* The reason is the worker's own, or the text of its errno. */
static int refused_by_worker(struct run *run, int result)
{
    struct env *env = &run->env;
    if (result == 0) { return 0; }
    env_break(env, EXIT_CONFIG, "%s",
              env->refusal.text[0] ? env->refusal.text : strerror(-result));
    return -1;
}

static int name_sources(struct run *run)
{
    const struct worker *worker = run->env.worker;
    struct topics *topics = &run->topics;
    int result = 0;
    if (worker->name_inputs) {
        result = worker->name_inputs(run);
    } else {
        (void)topics_read_from(topics, worker->inputs[topics->input].name);
    }
    if (result) { return refused_by_worker(run, result); }
    _cleanup_(xfreep) char *fault = topics_sources_fault(topics);
    if (fault) { env_break(&run->env, EXIT_CONFIG, "%s", fault); }
    bool one = topics->sources_count == 1;
    assert(one || fault || (topics->sources_count && !env_has_changelog(&run->env)));
    return fault ? -1 : 0;
}

static int check_settings(struct run *run)
{
    _cleanup_(xfreep) char *fault = run_settings_fault(&run->settings);
    if (fault) { env_break(&run->env, EXIT_CONFIG, "%s", fault); }
    return fault ? -1 : 0;
}

int run_check_partitions(struct run *run, int output, int other)
{
    const struct topics *topics = &run->topics;
    const char *topic = topics->outputs[output];
    int32_t is = topics->output_partitions[output], want = topics->output_partitions[other];
    if (is == want) { return 0; }
    run_refuse(run,
               "topic %s has %d partitions, but %s has %d; hint: they must be equal, as keys must "
               "stay in their partitions: stop this generation's workers and run: kafka-topics.sh "
               "--bootstrap-server %s --delete --topic %s, then deploy/topics apply, which makes "
               "it with %d; what it held is written again",
               topic, is, topics->outputs[other], want, run->settings.bootstrap_servers, topic,
               want);
    return -EINVAL;
}

static int subscribe(struct run *run)
{
    const struct wire_listener listener = run_listener(run);
    const char *const *sources = (const char *const *)run->topics.sources;
    return wire_subscribe(run->env.wire, sources, run->topics.sources_count, &listener);
}

static int subscribe_or_break(struct run *run)
{
    int result = ask_patiently(run, subscribe);
    if (result < 0) { env_break(&run->env, EXIT_BROKEN, "%s", wire_why(run->env.wire)); }
    return result;
}

static void make_parts(struct run *run, bool threaded)
{
    struct env *env = &run->env;
    at_once_init(&run->at_once, env);
    run->commit = commit_new(env, &run->tasks, &run->at_once, threaded);
    pace_init(&run->pace, env, run->commit, &run->tasks,
              env->worker->checkpoints ? env->worker->checkpoints(run) : NULL);
    if (env_has_changelog(env)) {
        if (run->settings.standby_copies) { run->standby = standby_new(env, &run->tasks); }
        run->stale_state = stale_state_new(env, &run->tasks, run->standby);
    }
    run->restore = restore_new(env, &run->tasks, run->standby);
    run->letters = dead_letters_new(env, &run->at_once);
    run->schemas = schema_source_new(env, threaded);
    run->hold = schema_hold_new(env, &run->tasks, run->schemas);
    const struct broadcast_parts parts = {
        env, &run->at_once, run->commit, run->letters, run->hold};
    run->broadcast = broadcast_new(&parts);
    const struct beside_parts beside = {env,          &run->tasks, &run->at_once,
                                        run->letters, run->hold,   &run->pace};
    run->beside = beside_new(&beside);
}

static int set_up(struct run *run)
{
    if (check_settings(run) < 0) { return -1; }
    make_parts(run, run->threaded);
    if (run->env.ending.broken || name_sources(run) < 0) { return -1; }
    if (ask_or_break(run, count_partitions) < 0) { return -1; }
    if (ask_or_break(run, check_topics) < 0) { return -1; }
    if (run->env.worker->start && refused_by_worker(run, run->env.worker->start(run)) < 0) {
        return -1;
    }
    if (ask_or_break(run, open_broadcast) < 0) { return -1; }
    return subscribe_or_break(run);
}

struct run *run_new(const struct run_parts *parts, int *ret_exit_code, char **ret_why)
{
    struct run *run = xcalloc(1, sizeof(*run));
    run->settings = *parts->settings;
    run->threaded = parts->threaded;
    run->worker_settings = parts->worker_settings;
    _cleanup_(xfreep) char *name = generation_name(parts->worker->name, run->settings.generation);
    run->state_path = xprintf("%s/%s", run->settings.state_dir, name);
    topics_init(&run->topics, parts->worker, &run->settings);
    run->env = (struct env){
        .worker = parts->worker,
        .run = run,
        .settings = &run->settings,
        .wire = parts->wire,
        .metrics = parts->metrics,
        .topics = &run->topics,
        .state_path = run->state_path,
        .clock = parts->clock,
        .log = parts->log,
    };
    register_metrics(run);
    if (set_up(run) == 0) { return run; }
    *ret_exit_code = run->env.ending.exit_code;
    *ret_why = xstrdup(run->env.ending.why);
    run_free(run);
    return NULL;
}

/* Readers are closed before the wire, which may still report revoked partitions while it closes. */
struct run *run_free(struct run *run)
{
    if (!run) { return NULL; }
    run->env.ending.broken = true; /* no more commits, whatever callbacks the wire calls */
    if (run->commit) { commit_stop(run->commit); }
    if (run->restore) { restore_pause(run->restore); }
    run->standby = standby_free(run->standby);
    run->stale_state = stale_state_free(run->stale_state);
    run->broadcast = broadcast_free(run->broadcast);
    run->beside = beside_free(run->beside);
    for (size_t i = 0; i < run->tasks.count; i++) { asides_stop(run->tasks.at[i]); }
    wire_close(run->env.wire);
    while (run->tasks.count) { run_drop_task(run, run->tasks.at[0]); }
    if (run->env.worker->stop) { run->env.worker->stop(run); }
    restore_free(run->restore);
    dead_letters_free(run->letters);
    schema_hold_free(run->hold);
    schema_source_free(run->schemas);
    commit_free(run->commit);
    topics_release(&run->topics);
    free(run->tasks.at);
    free(run->state_path);
    free(run);
    return NULL;
}
