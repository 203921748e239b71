/* What commands share: the configuration and the connection to Kafka. */
#ifndef FRESHET_CLI_CLIENT_H
#define FRESHET_CLI_CLIENT_H

#include "base/exit_code.h"
#include "stream/kafka/wire.h"

struct option;
struct options;
struct client_settings;
struct buf;
struct registry;
struct registry_settings;

struct client {
    struct client_settings *settings;
    struct options *options;
    char **words; /* --config and --set as they came, for options_load() */
    int words_count;
    const struct option *used; /* options of one worker that the command uses, too */
    size_t used_count;
};

/* Prepares a client without flags; release with client_release(). */
void client_init(struct client *client);
/* Keeps a flag and its value for client_load(); takes the value. */
void client_keep(struct client *client, const char *flag, char *value);
/* Loads the settings once the flags are parsed; 0, or -EINVAL with the fault printed. */
int client_load(struct client *client);
/* Connects; group may be NULL. 0, or a negative wire_error with the fault printed. */
int client_connect(const struct client *client, const char *group, struct wire **ret_wire);
/* Connects with this transactional id, which is also the group's name, and fences its former owner.
 * Results as of client_connect(). */
int client_connect_txn(const struct client *client, const char *transactional,
                       struct wire **ret_wire);
/* Returns a topic's full name: as configured, or below the prefix; with the suffix of --generation
 * unless all generations share the topic. The caller frees. */
char *client_topic(const struct client *client, const char *name);
/* The same for a generation. */
char *client_topic_of(const struct client *client, const char *name, const char *generation);
/* Says whether a text names a generation; false with the reason in `why`. */
bool client_generation_valid(const char *text, struct buf *why);
/* The generation of --generation; "": the base. */
const char *client_generation(const struct client *client);
/* The brokers' addresses. */
const char *client_bootstrap(const struct client *client);
/* The prefixes of topics and of consumer groups. */
const char *client_topic_prefix(const struct client *client);
const char *client_group_prefix(const struct client *client);
/* The directory of further schemas, or "". */
const char *client_schemas_path(const struct client *client);
/* The schema registry's settings, and the registry itself; NULL when none is configured. */
const struct registry_settings *client_registry_settings(const struct client *client);
struct registry *client_registry(const struct client *client);
/* Says whether messages are written with the registry's ids. */
bool client_writes_ids(const struct client *client);
/* The directory of the workers' local state. */
const char *client_state_dir(const struct client *client);
/* Returns the name of a worker's consumer group, in the generation of --generation; the caller
 * frees. */
char *client_group(const struct client *client, const char *worker);
/* The same for a generation. */
char *client_group_of(const struct client *client, const char *worker, const char *generation);
/* Says whether the client uses a key itself, and not only a worker (such as keys that begin with
 * `features.`, `trainer.`, `scorer.` or `all.`). */
bool client_knows(const char *key);
/* Returns the value of a key that only workers use, as given; NULL when it was not. */
const char *client_other(const struct client *client, const char *key);
/* Prints one line for each option that was set under its former name. */
void client_warn_former(const struct options *options);
/* Waits until all messages are acknowledged; 0, or EXIT_FAILURE with the fault printed. */
int client_flush(struct wire *wire);
/* Frees what the client holds. */
void client_release(struct client *client);
/* Appends why a topic cannot be read: the last failure of the wire, or that it does not exist, with
 * those that may be meant. `name`: without prefix and generation. */
void client_tell_topic(struct wire *wire, const char *topic, const char *name,
                       const char *generation, struct buf *out);
/* Prints why a topic cannot be read: the last failure of the wire, or that it does not exist, with
 * those that may be meant. `name`: without the prefix. Returns EXIT_FAILURE. */
int client_fail_topic(const struct client *client, struct wire *wire, const char *topic,
                      const char *name);
/* Returns the number of a topic's partitions, as wire_partitions() does; brokers that do not answer
 * (they start, pause, or elect a leader) are asked again for some time, which is told once. */
int client_partitions(struct wire *wire, const char *topic, int32_t *ret_count);
/* Says, after a failed client_partitions(), whether the brokers say that there is no such topic;
 * any other failure (no right to it, no answer) says nothing of that. wire_why() is overwritten. */
bool client_topic_missing(struct wire *wire, const char *topic);
/* Says whether --generation was given, also with `base`. */
bool client_generation_named(const struct client *client);
/* Prints `freshet: ...` to stderr and returns EXIT_FAILURE. */
int client_fail(const char *format, ...) _printf_(1, 2);

#endif
