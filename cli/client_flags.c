#include "base/base.h"
#include "base/xalloc.h"
#include "cli/client_flags.h"

static bool take_config(void *client, const char *text, struct buf *why _unused_)
{
    client_keep(client, "--config", xstrdup(text));
    return true;
}

static bool take_set(void *client, const char *text, struct buf *why)
{
    if (!strchr(text, '=') || text[0] == '=') {
        buf_printf(why, "\"%s\" is wrong; it takes KEY=VALUE", text);
        return false;
    }
    client_keep(client, "--set", xstrdup(text));
    return true;
}

static bool take_bootstrap(void *client, const char *text, struct buf *why _unused_)
{
    client_keep(client, "--set", xprintf("bootstrap.servers=%s", text));
    return true;
}

static bool take_generation(void *client, const char *text, struct buf *why _unused_)
{
    client_keep(client, "--set", xprintf("generation=%s", text));
    return true;
}

static bool take_prefix(void *client, const char *text, struct buf *why _unused_)
{
    client_keep(client, "--set", xprintf("topic.prefix=%s", text));
    return true;
}

static bool take_group_prefix(void *client, const char *text, struct buf *why _unused_)
{
    client_keep(client, "--set", xprintf("group.prefix=%s", text));
    return true;
}

const struct flag client_flags[CLIENT_FLAGS] = {
    FLAG_TAKEN('c', "FILE", "config", take_config,
               "Properties file, such as a worker's; may be repeated"),
    FLAG_TAKEN('s', "KEY=VALUE", "set", take_set,
               "One property, such as kafka.security.protocol=ssl; may be repeated"),
    FLAG_TAKEN('b', "HOST:PORT", "bootstrap", take_bootstrap, "Kafka brokers (bootstrap.servers)"),
    FLAG_TAKEN('g', "NAME", "generation", take_generation,
               "Generation to look at; base: the one without a name (default base)"),
    FLAG_TAKEN(0, "TEXT", "prefix", take_prefix, "Text before topic names (topic.prefix)"),
    FLAG_TAKEN(0, "TEXT", "group-prefix", take_group_prefix,
               "Text before the workers' consumer groups (group.prefix)"),
};

size_t client_flags_count(enum command_needs needs)
{
    if (needs == NEEDS_NOTHING) { return 0; }
    return needs == NEEDS_WORDS ? CLIENT_FLAGS_OF_WORDS : CLIENT_FLAGS;
}

const struct flag *command_flag(const struct command *command, size_t index)
{
    if (index < command->flags_count) { return &command->flags[index]; }
    index -= command->flags_count;
    return index < client_flags_count(command->needs) ? &client_flags[index] : NULL;
}
