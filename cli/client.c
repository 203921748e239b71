/* The settings of a command come from its flags, --config and --set, by the table client_options.
 * Further keys are kept as they are (`others`), because a worker's file may be given; misspelt ones
 * are faults (client_keys.h). Then the addresses and the properties of the Kafka client are checked
 * as workers check them, before anything is connected.
 */
#include "base/base.h"
#include "base/clock.h"
#include "base/message.h"
#include "base/xalloc.h"
#include "cli/client.h"
#include "cli/client_keys.h"
#include "cli/screen.h"
#include "schemas/shared_topics.h"
#include "stream/config/bootstrap.h"
#include "stream/config/option_names.h"
#include "stream/config/option_table.h"
#include "stream/generation.h"
#include "stream/kafka/kafka.h"
#include "stream/kafka/kafka_properties.h"
#include "stream/kafka/topic_hint.h"
#include "stream/registry/registry.h"
#include "stream/run.h"

#include <sys/stat.h>
#include <unistd.h>

enum {
    CONNECT_TIMEOUT_MS = 10000,
    FETCH_BYTES_MAX = 16 << 20,
    FLUSH_TIMEOUT_MS = 60000,
    ANSWER_WAIT_MS = 30000,
    NAP_MS = 2,
    NOTES_BYTES_MAX = 16 << 10,
    NAMES_BYTES_MAX = 64 << 20,
};

struct client_settings {
    const char *bootstrap_servers;
    const char *topic_prefix;
    const char *group_prefix;
    const char *generation;
    bool generation_named;
    const char *state_dir;
    const char *schemas_path;
    int32_t schema_framing; /* enum schema_framing */
    struct properties topics; /* topic.<name> */
    struct properties kafka;  /* kafka.* */
    struct properties to_all, to_features, to_trainer, to_scorer; /* passed on by backfill */
    struct properties others; /* keys of worker configurations, which a command may be given */
    struct registry_settings registry;
    struct registry *asked; /* once it was needed */
};

#define OPTION_SETTINGS struct client_settings

static const struct option client_options[] = {
    OPTION("bootstrap.servers", STRING, bootstrap_servers, "127.0.0.1:9092", OPTION_FREE,
           "Kafka brokers to begin with."),
    OPTION("topic.prefix", STRING, topic_prefix, "", OPTION_FREE,
           "Text before every topic name of ours."),
    OPTION("topic.", PREFIX, topics, NULL, OPTION_FREE, "Full name of one topic."),
    OPTION("group.prefix", STRING, group_prefix, "freshet-", OPTION_FREE,
           "Text before the workers' consumer groups."),
    OPTION("generation", STRING, generation, "", OPTION_FREE,
           "Generation that is looked at; empty or base: the one without a name."),
    OPTION("state.dir", STRING, state_dir, "state", OPTION_FREE,
           "Where workers on this machine keep their state."),
    OPTION("schemas.path", STRING, schemas_path, "", OPTION_FREE, "Further *.avsc files."),
    OPTION("schema.framing", CHOICE, schema_framing, "auto", OPTION_ONE_OF("auto|single|confluent"),
           "Frame of the messages written."),
    OPTION("kafka.", PREFIX, kafka, NULL, OPTION_FREE, "Passed to librdkafka."),
    OPTION("all.", PREFIX, to_all, NULL, OPTION_FREE, "A key of every worker (backfill)."),
    OPTION("features.", PREFIX, to_features, NULL, OPTION_FREE, "A key of features (backfill)."),
    OPTION("trainer.", PREFIX, to_trainer, NULL, OPTION_FREE, "A key of trainer (backfill)."),
    OPTION("scorer.", PREFIX, to_scorer, NULL, OPTION_FREE, "A key of scorer (backfill)."),
    OPTION("", PREFIX, others, NULL, OPTION_FREE, "A worker's own keys; not used here."),
};

static const char registry_prefix[] = "schema.registry.";

void client_init(struct client *client)
{
    *client = (struct client){.words = xcalloc(2, sizeof(*client->words))};
    client->words[client->words_count++] = xstrdup("freshet");
}

void client_keep(struct client *client, const char *flag, char *value)
{
    client->words = xreallocarray(client->words, (size_t)client->words_count + 3,
                                  sizeof(*client->words));
    client->words[client->words_count++] = xstrdup(flag);
    client->words[client->words_count++] = value;
    client->words[client->words_count] = NULL;
}

void client_warn_former(const struct options *options)
{
    const struct option *option;
    for (size_t i = 0; (option = options_former(options, i)) != NULL; i++) {
        struct buf hint;
        buf_init(&hint, 1024);
        option_former_hint(option, &hint);
        screen_line(stderr, "freshet: %.*s", SLICE_ARGS(buf_slice(&hint)));
        buf_release(&hint);
    }
}

/* Returns what is wrong with the addresses and the properties of the Kafka client. */
static char *kafka_fault(const struct client_settings *settings)
{
    struct buf notes;
    char *fault = bootstrap_fault(settings->bootstrap_servers,
                                  properties_get(&settings->kafka, "security.protocol"));
    if (!fault) { fault = kafka_properties_fault(&settings->kafka); }
    if (fault) { return fault; }
    buf_init(&notes, NOTES_BYTES_MAX);
    bootstrap_notes(settings->bootstrap_servers, &notes);
    fprintf(stderr, "%.*s", SLICE_ARGS(buf_slice(&notes)));
    buf_release(&notes);
    return NULL;
}

/* Returns why schemas cannot be read from schemas.path; the caller frees. */
static char *schemas_fault(const char *path)
{
    struct stat about;
    if (!path[0]) { return NULL; }
    int error = stat(path, &about) < 0 ? errno : 0;
    if (!error && !S_ISDIR(about.st_mode)) { error = ENOTDIR; }
    return error ? xprintf("schemas.path=%s: %s", path, strerror(error)) : NULL;
}

int client_load(struct client *client)
{
    char **rest = NULL;
    client->settings = xcalloc(1, sizeof(*client->settings));
    const struct option_group groups[] = {
        {"client", client_options, ARRAY_COUNT(client_options), client->settings},
        {"schema registry", registry_options, registry_options_count, &client->settings->registry},
    };
    enum options_result result =
        options_load("freshet", "", groups, ARRAY_COUNT(groups), client->words_count,
                     client->words, stderr, &client->options, &rest);
    if (result != OPTIONS_OK) { return -EINVAL; }
    client_warn_former(client->options);
    _cleanup_(xfreep) char *fault = registry_settings_fault(&client->settings->registry);
    if (fault) {
        (void)client_fail("%s", fault);
        return -EINVAL;
    }
    fault = client_keys_fault(&client->settings->others, client->used, client->used_count,
                              client->words, client->words_count);
    if (!fault) { fault = kafka_fault(client->settings); }
    if (!fault) { fault = schemas_fault(client->settings->schemas_path); }
    if (!fault && !run_topic_text_valid(client->settings->topic_prefix)) {
        fault = xprintf("topic.prefix=%s: " RUN_TOPIC_TEXT_RULE, client->settings->topic_prefix);
    }
    if (fault) {
        (void)client_fail("%s", fault);
        return -EINVAL;
    }
    client->settings->generation_named = client->settings->generation[0] != '\0';
    const char *generation = generation_parse(client->settings->generation);
    if (!generation) {
        (void)client_fail("generation=%s: want at most %d of a-z, 0-9 and -",
                          client->settings->generation, GENERATION_BYTES_MAX);
        return -EINVAL;
    }
    client->settings->generation = generation;
    return 0;
}

/* Said once; the last line says how it ended. */
static void say_waiting(void *arg, const char *why)
{
    bool *said = arg;
    if (!*said) { fprintf(stderr, "freshet: waiting for a broker: %s\n", why); }
    *said = true;
}

static int connect_as(const struct client *client, const char *group, const char *transactional,
                      struct wire **ret_wire)
{
    struct kafka_identity identity = {.bootstrap = client->settings->bootstrap_servers,
                                            .group = group,
                                            .transactional = transactional,
                                            .properties = &client->settings->kafka,
                                            .fetch_bytes_max = FETCH_BYTES_MAX};
    char *why = NULL;
    bool said = false;
    identity.waiting = say_waiting;
    identity.waiting_arg = &said;
    int result = kafka_open(&identity, CONNECT_TIMEOUT_MS, ret_wire, &why);
    if (result < 0) { (void)client_fail("%s", why); }
    free(why);
    return result;
}

int client_connect(const struct client *client, const char *group, struct wire **ret_wire)
{
    return connect_as(client, group, NULL, ret_wire);
}

int client_connect_txn(const struct client *client, const char *transactional,
                       struct wire **ret_wire)
{
    return connect_as(client, transactional, transactional, ret_wire);
}

char *client_topic(const struct client *client, const char *name)
{
    return client_topic_of(client, name, client->settings->generation);
}

char *client_topic_of(const struct client *client, const char *name, const char *generation)
{
    const char *named = properties_get(&client->settings->topics, name);
    _cleanup_(xfreep) char *plain =
        named ? xstrdup(named) : xprintf("%s%s", client->settings->topic_prefix, name);
    return generation_name(plain, shared_topic(name) ? "" : generation);
}

const char *client_generation(const struct client *client)
{
    return client->settings->generation;
}

const char *client_bootstrap(const struct client *client)
{
    return client->settings->bootstrap_servers;
}

const char *client_topic_prefix(const struct client *client)
{
    return client->settings->topic_prefix;
}

const char *client_group_prefix(const struct client *client)
{
    return client->settings->group_prefix;
}

bool client_generation_named(const struct client *client)
{
    return client->settings->generation_named;
}

bool client_generation_valid(const char *text, struct buf *why)
{
    if (generation_parse(text)) { return true; }
    buf_printf(why, "\"%s\" is not a valid name of a generation: at most %d of a-z, 0-9 and -",
               text, GENERATION_BYTES_MAX);
    return false;
}

bool client_knows(const char *key)
{
    for (size_t i = 0; i < ARRAY_COUNT(client_options); i++) {
        const char *name = client_options[i].name;
        bool prefix = client_options[i].type == OPTION_PREFIX;
        if (client_options[i].offset >= offsetof(struct client_settings, to_all)) { continue; }
        if (prefix ? strncmp(key, name, strlen(name)) == 0 : strcmp(key, name) == 0) {
            return true;
        }
    }
    return strncmp(key, registry_prefix, strlen(registry_prefix)) == 0;
}

const struct registry_settings *client_registry_settings(const struct client *client)
{
    return &client->settings->registry;
}

struct registry *client_registry(const struct client *client)
{
    struct client_settings *settings = client->settings;
    if (!settings->registry.url[0]) { return NULL; }
    if (!settings->asked) { settings->asked = registry_new(&settings->registry); }
    return settings->asked;
}

bool client_writes_ids(const struct client *client)
{
    const struct client_settings *settings = client->settings;
    return settings->schema_framing == SCHEMA_FRAMING_CONFLUENT ||
           (settings->schema_framing == SCHEMA_FRAMING_AUTO && settings->registry.url[0]);
}

const char *client_schemas_path(const struct client *client)
{
    return client->settings->schemas_path;
}

const char *client_state_dir(const struct client *client)
{
    return client->settings->state_dir;
}

char *client_group(const struct client *client, const char *worker)
{
    return client_group_of(client, worker, client->settings->generation);
}

char *client_group_of(const struct client *client, const char *worker, const char *generation)
{
    _cleanup_(xfreep) char *name = generation_name(worker, generation);
    return xprintf("%s%s", client->settings->group_prefix, name);
}

const char *client_other(const struct client *client, const char *key)
{
    return properties_get(&client->settings->others, key);
}

void client_release(struct client *client)
{
    for (int i = 0; i < client->words_count; i++) { free(client->words[i]); }
    free(client->words);
    if (client->settings) { registry_free(client->settings->asked); }
    options_free(client->options);
    free(client->settings);
    *client = (struct client){0};
}

int client_flush(struct wire *wire)
{
    size_t outstanding = 1;
    for (int waited_ms = 0; waited_ms < FLUSH_TIMEOUT_MS; waited_ms += NAP_MS) {
        if (wire_unacked(wire, UINT64_MAX, &outstanding) < 0) {
            return client_fail("%s", wire_why(wire));
        }
        if (!outstanding) { return 0; }
        usleep(NAP_MS * 1000);
    }
    return client_fail("%zu records were not acknowledged in time", outstanding);
}

int client_partitions(struct wire *wire, const char *topic, int32_t *ret_count)
{
    int64_t until_ms = clock_monotonic_ms() + ANSWER_WAIT_MS;
    int result = wire_partitions(wire, topic, ret_count);
    if (result == WIRE_RETRY) { (void)client_fail("%s; asking again", wire_why(wire)); }
    while (result == WIRE_RETRY && clock_monotonic_ms() < until_ms) {
        usleep(NAP_MS * 1000);
        result = wire_partitions(wire, topic, ret_count);
    }
    return result;
}

bool client_topic_missing(struct wire *wire, const char *topic)
{
    struct buf names;
    const char *missing = NULL;
    buf_init(&names, NAMES_BYTES_MAX);
    bool found = wire_topics(wire, &missing, &names) == 0 && missing && strcmp(missing, topic) == 0;
    buf_release(&names);
    return found;
}

void client_tell_topic(struct wire *wire, const char *topic, const char *name,
                       const char *generation, struct buf *out)
{
    struct buf names, hint;
    _cleanup_(xfreep) char *why = xstrdup(wire_why(wire));
    generation = shared_topic(name) ? "" : generation;
    _cleanup_(xfreep) char *whole = generation_name(name, generation);
    const char *missing;
    buf_init(&names, NAMES_BYTES_MAX);
    buf_init(&hint, NOTES_BYTES_MAX);
    if (wire_topics(wire, &missing, &names) < 0 || strcmp(missing, topic) != 0) {
        buf_printf(out, "%s", why);
    } else {
        topic_hint(buf_slice(&names), topic, whole, generation, &hint);
        buf_printf(out, "topic %s does not exist; hint: %.*s", topic,
                   SLICE_ARGS(buf_slice(&hint)));
    }
    buf_release(&names);
    buf_release(&hint);
}

int client_fail_topic(const struct client *client, struct wire *wire, const char *topic,
                      const char *name)
{
    struct buf why;
    buf_init(&why, NOTES_BYTES_MAX);
    client_tell_topic(wire, topic, name, client->settings->generation, &why);
    (void)client_fail("%.*s", SLICE_ARGS(buf_slice(&why)));
    buf_release(&why);
    return EXIT_FAILURE;
}

int client_fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char why[MESSAGE_BYTES_MOST];
    message_write(why, sizeof(why), format, args);
    screen_line(stderr, "freshet: %s", why);
    va_end(args);
    return EXIT_FAILURE;
}
