/* Names first, then questions to the broker, in this order: do the topics exist (a missing one is
 * explained by those that are there), have they the right numbers of partitions, and do their
 * settings keep what they must keep. Each fault ends the run before anything is read or written;
 * only settings that we have no right to see are passed over.
 */
#include "base/base.h"
#include "base/edit_distance.h"
#include "base/exit_code.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "stream/generation.h"
#include "stream/kafka/topic_hint.h"
#include "stream/remedy.h"
#include "stream/topics.h"

enum {
    HINT_BYTES_MAX = 2048,
    NAMES_BYTES_MAX = 64 << 20, /* of all topics of a cluster */
    NEAR_NAME_EDITS = 2,        /* of a topic's name, for topic.NAME */
};

char *topic_name(const struct run_settings *settings, const char *name, bool shared)
{
    const char *named = properties_get(&settings->topics, name);
    _cleanup_(xfreep) char *plain =
        named ? xstrdup(named) : xprintf("%s%s", settings->topic_prefix, name);
    return generation_name(plain, shared ? "" : settings->generation);
}

static void name_inputs(struct topics *topics)
{
    const struct worker *worker = topics->worker;
    topics->input = -1;
    topics->inputs = xcalloc(worker->inputs_count, sizeof(char *));
    for (size_t i = 0; i < worker->inputs_count; i++) {
        const struct input *input = &worker->inputs[i];
        topics->inputs[i] = topic_name(topics->settings, input->name, input->shared);
        if (input->kind != INPUT_PARTITIONED) { continue; }
        assert(topics->input == -1 && "a worker has exactly one partitioned input");
        topics->input = (int)i;
    }
    assert(topics->input >= 0);
}

void topics_init(struct topics *topics, const struct worker *worker,
                 const struct run_settings *settings)
{
    *topics = (struct topics){.worker = worker, .settings = settings};
    name_inputs(topics);
    topics->outputs = xcalloc(worker->outputs_count, sizeof(char *));
    for (size_t i = 0; i < worker->outputs_count; i++) {
        const struct output *output = &worker->outputs[i];
        topics->outputs[i] = topic_name(settings, output->name, output->shared);
    }
    topics->output_partitions = xcalloc(worker->outputs_count, sizeof(int32_t));
    topics->input_settings = xcalloc(worker->inputs_count, sizeof(struct topic_settings));
    topics->output_settings = xcalloc(worker->outputs_count, sizeof(struct topic_settings));
    topics->dead_letters = topic_name(settings, "dead-letters", false);
}

static void free_names(char **names, size_t count)
{
    for (size_t i = 0; names && i < count; i++) { free(names[i]); }
    free(names);
}

void topics_release(struct topics *topics)
{
    free_names(topics->sources, topics->sources_count);
    free(topics->source_names);
    free_names(topics->inputs, topics->worker->inputs_count);
    free_names(topics->outputs, topics->worker->outputs_count);
    free(topics->output_partitions);
    free(topics->output_settings);
    free(topics->input_settings);
    free(topics->dead_letters);
    *topics = (struct topics){0};
}

const char *topics_read_from(struct topics *topics, const char *name)
{
    size_t at = topics->sources_count++;
    topics->sources =
        xreallocarray(topics->sources, topics->sources_count, sizeof(*topics->sources));
    topics->source_names =
        xreallocarray(topics->source_names, topics->sources_count, sizeof(*topics->source_names));
    topics->source_names[at] = name;
    topics->sources[at] =
        topic_name(topics->settings, name, topics->worker->inputs[topics->input].shared);
    return topics->sources[at];
}

const char *topics_find_source(const struct topics *topics, const char *topic)
{
    for (size_t i = 0; i < topics->sources_count; i++) {
        if (strcmp(topics->sources[i], topic) == 0) { return topics->sources[i]; }
    }
    return NULL;
}

/* What tasks send each other by a topic beside the input finds the task by its partition. */
static int compare_beside(const struct topics *topics, struct env *env, int32_t inputs)
{
    const struct worker *worker = topics->worker;
    for (size_t i = 0; i < worker->inputs_count; i++) {
        int32_t is = 0;
        if (worker->inputs[i].kind != INPUT_BESIDE) { continue; }
        int result = wire_partitions(env->wire, topics->inputs[i], &is);
        if (result < 0) { return result; }
        if (is == inputs) { continue; }
        env_break(env, EXIT_CONFIG,
                  "topic %s has %d partitions but %s, which is read beside it, has %d; hint: they "
                  "must be equal, as keys must be in the same partitions: when freshet status "
                  "shows no lag, stop this worker, delete %s and make it again (deploy/topics "
                  "apply)",
                  topics->sources[0], inputs, topics->inputs[i], is, topics->inputs[i]);
        return WIRE_FATAL;
    }
    return 0;
}

/* Calls check() for each topic of the run until it returns false; sources take the place of the
 * input that they are read for. */
static bool each_topic(const struct topics *topics,
                       bool (*check)(void *arg, const char *name, const char *topic), void *arg)
{
    const struct worker *worker = topics->worker;
    bool good = check(arg, "dead-letters", topics->dead_letters);
    for (size_t i = 0; i < topics->sources_count && good; i++) {
        good = check(arg, topics->source_names[i], topics->sources[i]);
    }
    for (size_t i = 0; i < worker->inputs_count && good; i++) {
        good = (int)i == topics->input || check(arg, worker->inputs[i].name, topics->inputs[i]);
    }
    for (size_t i = 0; i < worker->outputs_count && good; i++) {
        good = check(arg, worker->outputs[i].name, topics->outputs[i]);
    }
    return good;
}

struct named_twice {
    const struct topics *topics;
    const char *name, *topic, *other;
};

static bool is_other(void *arg, const char *name, const char *topic)
{
    struct named_twice *twice = arg;
    if (strcmp(twice->topic, topic) != 0 || strcmp(twice->name, name) == 0) { return true; }
    twice->other = name;
    return false;
}

static bool is_alone(void *arg, const char *name, const char *topic)
{
    struct named_twice *twice = arg;
    twice->name = name;
    twice->topic = topic;
    return each_topic(twice->topics, is_other, twice);
}

/* A worker that writes to its own source, letters about records, too, would read its output again,
 * in an endless loop; two tables in one topic would be neither. */
static char *twice_fault(const struct topics *topics)
{
    struct named_twice twice = {.topics = topics};
    if (each_topic(topics, is_alone, &twice)) { return NULL; }
    return xprintf("topic %s is named twice, as %s and as %s; hint: each needs a topic of its own "
                   "(topic.NAME)",
                   twice.topic, twice.name, twice.other);
}

static const char *nearer(const char *name, const char *given, const char *nearest)
{
    size_t distance = edit_distance(name, given);
    bool near = distance <= NEAR_NAME_EDITS && edit_is_near(distance, strlen(name));
    bool better = !nearest || distance < edit_distance(nearest, given);
    return near && better ? name : nearest;
}

/* A misspelt topic.NAME names a topic that nobody uses. One that is of another worker may stand in
 * a file for all of them. */
static char *misspelt_fault(const struct topics *topics)
{
    const struct worker *worker = topics->worker;
    for (size_t i = 0; i < topics->settings->topics.count; i++) {
        const char *given = topics->settings->topics.at[i].key;
        const char *nearest = nearer("dead-letters", given, NULL);
        for (size_t k = 0; k < worker->inputs_count; k++) {
            nearest = nearer(worker->inputs[k].name, given, nearest);
        }
        for (size_t k = 0; k < worker->outputs_count; k++) {
            nearest = nearer(worker->outputs[k].name, given, nearest);
        }
        for (size_t k = 0; k < topics->sources_count; k++) {
            nearest = nearer(topics->source_names[k], given, nearest);
        }
        if (!nearest || strcmp(nearest, given) == 0) { continue; }
        return xprintf("topic.%s: no topic has this name here; hint: did you mean topic.%s?",
                       given, nearest);
    }
    return NULL;
}

char *topics_sources_fault(const struct topics *topics)
{
    char *fault = misspelt_fault(topics);
    if (!fault) { fault = twice_fault(topics); }
    if (fault) { return fault; }
    if (topics->sources_count == 1 || !topics->settings->input_end[0]) { return NULL; }
    return xstrdup("input.end: only with one source topic");
}

static int compare_partitions(const struct topics *topics, struct env *env, int32_t inputs)
{
    int changelog = topics->worker->changelog;
    if (changelog == NO_CHANGELOG || topics->output_partitions[changelog] == inputs) { return 0; }
    _cleanup_(xfreep) char *again = remedy_begin_again(env, topics->sources[0], 0);
    env_break(env, EXIT_CONFIG,
              "topic %s has %d partitions but %s, its state's changelog, has %d; hint: they must "
              "be equal, as keys must stay in their partitions: delete the one that has the wrong "
              "number and make it again (deploy/topics apply); unless both were empty, %s",
              topics->sources[0], inputs, topics->outputs[changelog],
              topics->output_partitions[changelog], again);
    return WIRE_FATAL;
}

bool topics_missing(const struct env *env)
{
    const char *missing = NULL;
    struct buf names;
    buf_init(&names, NAMES_BYTES_MAX);
    (void)wire_topics(env->wire, &missing, &names);
    buf_release(&names);
    return missing != NULL;
}

static int count_output(struct topics *topics, struct env *env, size_t output)
{
    const char *topic = topics->outputs[output];
    int result = wire_partitions(env->wire, topic, &topics->output_partitions[output]);
    if (result != WIRE_REFUSED || !topics->worker->outputs[output].optional ||
        !topics_missing(env)) {
        return result;
    }
    topics->output_partitions[output] = 0;
    env_log(env, LOG_WARN, "nothing is written to a topic",
            "topic=%s why=%s hint=\"deploy/topics apply makes topics; then start again\"", topic,
            quote_text(wire_why(env->wire)).text);
    return 0;
}

int topics_count_partitions(struct topics *topics, struct env *env)
{
    const struct worker *worker = topics->worker;
    int result = 0;
    for (size_t i = 0; i < worker->outputs_count && result == 0; i++) {
        if (worker->uses_output && !worker->uses_output(env->run, (int)i)) { continue; }
        result = count_output(topics, env, i);
    }
    int32_t inputs = 0, dead;
    for (size_t i = 0; i < topics->sources_count && result == 0; i++) {
        result = wire_partitions(env->wire, topics->sources[i], &inputs);
    }
    if (result == 0) { result = wire_partitions(env->wire, topics->dead_letters, &dead); }
    if (result == 0) { result = compare_partitions(topics, env, inputs); }
    return result < 0 ? result : compare_beside(topics, env, inputs);
}

struct missing {
    const char *topic;
    struct buf names; /* of all topics */
};

/* Says whether this is not the missing topic; if it is, the run ends. */
static bool check_exists(const struct topics *topics, struct env *env,
                         const struct missing *missing, const char *topic, const char *name,
                         bool shared)
{
    if (strcmp(missing->topic, topic) != 0) { return true; }
    bool named = properties_get(&topics->settings->topics, name) != NULL;
    const char *generation = shared ? "" : topics->settings->generation;
    _cleanup_(xfreep) char *whole = generation_name(name, generation);
    struct buf hint;
    buf_init(&hint, HINT_BYTES_MAX);
    topic_hint(buf_slice(&missing->names), topic, whole, generation, &hint);
    _cleanup_(xfreep) char *option = named ? xprintf("topic.%s", name) : xstrdup("topic.prefix");
    env_break(env, EXIT_CONFIG, "topic %s (of %s) does not exist; hint: %.*s", topic, option,
              SLICE_ARGS(buf_slice(&hint)));
    buf_release(&hint);
    return false;
}

static void check_all(const struct topics *topics, struct env *env, const struct missing *missing)
{
    const struct worker *worker = topics->worker;
    bool shared = worker->inputs[topics->input].shared, good = true;
    for (size_t i = 0; i < topics->sources_count && good; i++) {
        good = check_exists(topics, env, missing, topics->sources[i], topics->source_names[i],
                            shared);
    }
    for (size_t i = 0; i < worker->inputs_count && good; i++) {
        if ((int)i == topics->input) { continue; }
        good = check_exists(topics, env, missing, topics->inputs[i], worker->inputs[i].name,
                            worker->inputs[i].shared);
    }
    for (size_t i = 0; i < worker->outputs_count && good; i++) {
        if (worker->uses_output && !worker->uses_output(env->run, (int)i)) { continue; }
        good = check_exists(topics, env, missing, topics->outputs[i], worker->outputs[i].name,
                            worker->outputs[i].shared);
    }
    if (good) { check_exists(topics, env, missing, topics->dead_letters, "dead-letters", false); }
}

void topics_explain_missing(const struct topics *topics, struct env *env)
{
    struct missing missing = {0};
    buf_init(&missing.names, NAMES_BYTES_MAX);
    if (wire_topics(env->wire, &missing.topic, &missing.names) == 0 &&
        !buf_failed(&missing.names)) {
        check_all(topics, env, &missing);
    }
    buf_release(&missing.names);
}

/* ---- Settings ---- */

/* The run's topics with what each must be: outputs first, then inputs, then dead letters;
 * sources of a worker that names them itself are foreign, and their settings are their owner's. */
struct wanted {
    const char **topics;
    enum topic_cleanup *cleanups;
    size_t count;
};

static void want(struct wanted *wanted, const char *topic, enum topic_cleanup cleanup)
{
    wanted->topics[wanted->count] = topic;
    wanted->cleanups[wanted->count++] = cleanup;
}

static void want_all(const struct topics *topics, const struct env *env, struct wanted *ret)
{
    const struct worker *worker = topics->worker;
    for (size_t i = 0; i < worker->outputs_count; i++) {
        bool used = !worker->uses_output || worker->uses_output(env->run, (int)i);
        want(ret, topics->outputs[i], used ? worker->outputs[i].cleanup : CLEANUP_ANY);
    }
    for (size_t i = 0; i < worker->inputs_count; i++) {
        want(ret, topics->inputs[i], worker->inputs[i].cleanup);
    }
    want(ret, topics->dead_letters, CLEANUP_LOG);
}

static int check_settings(const struct wanted *wanted, const struct topic_settings *settings,
                          struct env *env)
{
    size_t unknown = 0;
    for (size_t i = 0; i < wanted->count; i++) {
        _cleanup_(xfreep) char *fault =
            topic_settings_fault(&settings[i], wanted->cleanups[i], wanted->topics[i],
                                 env->settings->bootstrap_servers);
        if (fault) {
            env_break(env, EXIT_CONFIG, "%s", fault);
            return WIRE_FATAL;
        }
        _cleanup_(xfreep) char *advice = topic_settings_advice(&settings[i], wanted->cleanups[i]);
        if (advice) {
            env_log(env, LOG_WARN, "a topic's settings should be others",
                    "topic=%s why=%s hint=\"deploy/topics apply\"", wanted->topics[i],
                    quote_text(advice).text);
        }
        unknown += wanted->cleanups[i] != CLEANUP_ANY && !settings[i].known;
    }
    if (unknown) {
        env_log(env, LOG_WARN, "settings of topics are not known and not checked",
                "topics=%zu hint=\"grant DescribeConfigs: deploy/acls apply --settings\"", unknown);
    }
    return 0;
}

int topics_check_settings(struct topics *topics, struct env *env)
{
    size_t most = topics->worker->outputs_count + topics->worker->inputs_count + 1;
    struct wanted wanted = {.topics = xcalloc(most, sizeof(char *)),
                            .cleanups = xcalloc(most, sizeof(enum topic_cleanup))};
    struct topic_settings *settings = xcalloc(most, sizeof(*settings));
    want_all(topics, env, &wanted);
    int result = wire_describe(env->wire, wanted.topics, wanted.count, settings);
    if (result == 0) {
        memcpy(topics->output_settings, settings,
               topics->worker->outputs_count * sizeof(*settings));
        memcpy(topics->input_settings, settings + topics->worker->outputs_count,
               topics->worker->inputs_count * sizeof(*settings));
    }
    if (result == WIRE_REFUSED) { result = 0; } /* a right is missing: the settings are unknown */
    if (result == 0) { result = check_settings(&wanted, settings, env); }
    free(wanted.topics);
    free(wanted.cleanups);
    free(settings);
    return result;
}
