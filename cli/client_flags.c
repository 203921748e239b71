#include "base/base.h"
#include "base/xalloc.h"
#include "cli/client.h"

#include <argp.h>

enum { KEY_BOOTSTRAP = 'b', KEY_CONFIG = 'c', KEY_SET = 's', KEY_GENERATION = 'g',
       KEY_PREFIX = 0x1000 };

static const struct argp_option flags[] = {
    {"bootstrap", KEY_BOOTSTRAP, "HOST:PORT", 0, "Kafka brokers (bootstrap.servers)", 90},
    {"config", KEY_CONFIG, "FILE", 0, "Properties file; a worker's serves", 90},
    {"set", KEY_SET, "KEY=VALUE", 0, "One property, e.g. kafka.security.protocol=ssl", 90},
    {"generation", KEY_GENERATION, "NAME", 0, "Generation to look at; base, the default: the "
     "one without a name", 90},
    {"prefix", KEY_PREFIX, "TEXT", 0, "Text before topic names (topic.prefix)", 90},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct client *client = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        client->words = xcalloc(2, sizeof(*client->words));
        client->words[client->words_count++] = xstrdup("freshet");
        return 0;
    case KEY_BOOTSTRAP:
        client_keep(client, "--set", xprintf("bootstrap.servers=%s", arg));
        return 0;
    case KEY_PREFIX:
        client_keep(client, "--set", xprintf("topic.prefix=%s", arg));
        return 0;
    case KEY_GENERATION:
        client_keep(client, "--set", xprintf("generation=%s", arg));
        return 0;
    case KEY_CONFIG:
        client_keep(client, "--config", xstrdup(arg));
        return 0;
    case KEY_SET:
        client_keep(client, "--set", xstrdup(arg));
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp client_argp = {.options = flags, .parser = parse};
