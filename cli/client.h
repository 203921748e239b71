/* What commands share: the configuration of Freshet's side and the connection to Kafka. */
#ifndef FRESHET_CLI_CLIENT_H
#define FRESHET_CLI_CLIENT_H

#include "base/exit_code.h"
#include "stream/kafka/wire.h"

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
};

/* Begins with no words; release with client_release(). */
void client_init(struct client *client);
/* Keeps a flag and its value for client_load(); takes the value. */
void client_keep(struct client *client, const char *flag, char *value);
/* Loads the settings once the flags are parsed; 0, or -EINVAL with the fault printed. */
int client_load(struct client *client);
/* Connects; group may be NULL. 0, or a negative wire_error with the fault printed. */
int client_connect(const struct client *client, const char *group, struct wire **ret_wire);
/* Connects with transactions under that id, which names the group too, and fences whoever had it;
 * the same results. */
int client_connect_txn(const struct client *client, const char *transactional,
                       struct wire **ret_wire);
/* Names a topic below the prefix, or as configured, of the generation asked for unless all share
 * it; the caller frees. */
char *client_topic(const struct client *client, const char *name);
/* The same for a generation. */
char *client_topic_of(const struct client *client, const char *name, const char *generation);
/* Says whether a text names a generation; false with the reason in `why`. */
bool client_generation_valid(const char *text, struct buf *why);
/* The generation asked for; "": the base. */
const char *client_generation(const struct client *client);
/* The directory of further schemas, or "". */
const char *client_schemas_path(const struct client *client);
/* The schema registry's settings, and the registry itself; NULL when none is configured. */
const struct registry_settings *client_registry_settings(const struct client *client);
struct registry *client_registry(const struct client *client);
/* Says whether messages are written with the registry's ids. */
bool client_writes_ids(const struct client *client);
/* Where workers on this machine keep their state. */
const char *client_state_dir(const struct client *client);
/* Names a worker's consumer group, of the generation asked for; the caller frees. */
char *client_group(const struct client *client, const char *worker);
/* The same for a generation. */
char *client_group_of(const struct client *client, const char *worker, const char *generation);
/* Says whether a key is one of the client's own, not only a worker's (as those that begin with
 * `features.`, `trainer.`, `scorer.` or `all.`). */
bool client_knows(const char *key);
/* Looks up a key of a worker's configuration that was given; NULL when absent. */
const char *client_other(const struct client *client, const char *key);
/* Prints one line for each option that was set under its former name. */
void client_warn_former(const struct options *options);
/* Waits until all that was sent is acknowledged; 0, or EXIT_FAILURE with the fault printed. */
int client_flush(struct wire *wire);
/* Frees what the client holds. */
void client_release(struct client *client);
/* Prints `freshet: ...` to stderr and returns EXIT_FAILURE. */
int client_fail(const char *format, ...) _printf_(1, 2);

#endif
