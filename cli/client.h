/* What every command shares: the flags that say which Kafka, and the connection. */
#ifndef FRESHET_CLI_CLIENT_H
#define FRESHET_CLI_CLIENT_H

#include "stream/wire.h"

/* glibc's argp.h and stream/options.h both have a struct option: a file includes one of them. */
struct argp;
struct options;
struct client_settings;

struct client {
    struct client_settings *settings;
    struct options *options;
    char **words; /* --config and --set as they came, for options_load() */
    int words_count;
};

/* The flags --bootstrap, --config, --set and --prefix, as a child parser whose input is a struct
 * client. (client_flags.c) */
extern const struct argp client_argp;

/* Notes a flag and its value; takes the value. */
void client_keep(struct client *client, const char *flag, char *value);
/* Loads the settings once the flags are parsed; 0, or -EINVAL with the fault printed. */
int client_load(struct client *client);
/* Connects; group may be NULL. 0, or a negative wire_error with the fault printed. */
int client_connect(const struct client *client, const char *group, struct wire **ret_wire);
/* Names a topic below the prefix, or as configured; the caller frees. */
char *client_topic(const struct client *client, const char *name);
/* The directory of further schemas, or "". */
const char *client_schemas_path(const struct client *client);
/* Where workers on this machine keep their state. */
const char *client_state_dir(const struct client *client);
/* Names a worker's consumer group; the caller frees. */
char *client_group(const struct client *client, const char *worker);
/* Looks up a key of a worker's configuration that was given; NULL when absent. */
const char *client_other(const struct client *client, const char *key);
/* Frees what the client holds. */
void client_release(struct client *client);

/* Prints `freshet: ...` to stderr and returns 1, the exit code of a command that failed. */
int client_fail(const char *format, ...) _printf_(1, 2);

#endif
