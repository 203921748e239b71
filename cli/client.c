#include "base/base.h"
#include "base/xalloc.h"
#include "cli/client.h"
#include "stream/kafka.h"
#include "stream/options.h"

enum { CONNECT_TIMEOUT_MS = 10000, FETCH_BYTES_MAX = 16 << 20 };

struct client_settings {
    const char *bootstrap_servers;
    const char *topic_prefix;
    const char *group_prefix;
    const char *state_dir;
    const char *schemas_path;
    struct properties topics; /* topic.<name> */
    struct properties kafka;  /* kafka.* */
    struct properties others; /* keys of worker configurations, which a command may be given */
};

#define CLIENT_OPTION(name, type, member, fallback, help)                                          \
    {                                                                                              \
        name, type, offsetof(struct client_settings, member), fallback, 0, 0, NULL, help           \
    }

static const struct option client_options[] = {
    CLIENT_OPTION("bootstrap.servers", OPTION_STRING, bootstrap_servers, "127.0.0.1:9092",
                  "Kafka brokers to begin with."),
    CLIENT_OPTION("topic.prefix", OPTION_STRING, topic_prefix, "",
                  "Text before every topic name of ours."),
    CLIENT_OPTION("topic.", OPTION_PREFIX, topics, NULL, "Full name of one topic."),
    CLIENT_OPTION("group.prefix", OPTION_STRING, group_prefix, "freshet-",
                  "Text before the workers' consumer groups."),
    CLIENT_OPTION("state.dir", OPTION_STRING, state_dir, "state",
                  "Where workers on this machine keep their state."),
    CLIENT_OPTION("schemas.path", OPTION_STRING, schemas_path, "", "Further *.avsc files."),
    CLIENT_OPTION("kafka.", OPTION_PREFIX, kafka, NULL, "Passed to librdkafka."),
    CLIENT_OPTION("", OPTION_PREFIX, others, NULL, "A worker's own keys; not used here."),
};

void client_keep(struct client *client, const char *flag, char *value)
{
    client->words = xreallocarray(client->words, (size_t)client->words_count + 3,
                                  sizeof(*client->words));
    client->words[client->words_count++] = xstrdup(flag);
    client->words[client->words_count++] = value;
    client->words[client->words_count] = NULL;
}

int client_load(struct client *client)
{
        char **rest = NULL;
    client->settings = xcalloc(1, sizeof(*client->settings));
    const struct option_group group = {"client", client_options, ARRAY_COUNT(client_options),
                                       client->settings};
    enum options_result result = options_load("freshet", "", &group, 1, client->words_count,
                                              client->words, stderr, &client->options, &rest);
    return result == OPTIONS_OK ? 0 : -EINVAL;
}

int client_connect(const struct client *client, const char *group, struct wire **ret_wire)
{
    const struct kafka_identity identity = {.bootstrap = client->settings->bootstrap_servers,
                                            .group = group,
                                            .properties = &client->settings->kafka,
                                            .fetch_bytes_max = FETCH_BYTES_MAX};
    char *why = NULL;
    int result = kafka_open(&identity, CONNECT_TIMEOUT_MS, ret_wire, &why);
    if (result < 0) { (void)client_fail("%s", why); }
    free(why);
    return result;
}

char *client_topic(const struct client *client, const char *name)
{
    const char *named = properties_get(&client->settings->topics, name);
    return named ? xstrdup(named) : xprintf("%s%s", client->settings->topic_prefix, name);
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
    return xprintf("%s%s", client->settings->group_prefix, worker);
}

const char *client_other(const struct client *client, const char *key)
{
    return properties_get(&client->settings->others, key);
}

void client_release(struct client *client)
{
    for (int i = 0; i < client->words_count; i++) { free(client->words[i]); }
    free(client->words);
    options_free(client->options);
    free(client->settings);
    *client = (struct client){0};
}

int client_fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "freshet: ");
    vfprintf(stderr, format, args);
    fprintf(stderr, "\n");
    va_end(args);
    return 1;
}
