/* The flags of every command, for the configuration and the connection to Kafka. */
#ifndef FRESHET_CLI_CLIENT_FLAGS_H
#define FRESHET_CLI_CLIENT_FLAGS_H

#include "cli/command.h"

enum { CLIENT_FLAGS = 6, CLIENT_FLAGS_OF_WORDS = 2 };

/* Flags whose settings are a struct client. NEEDS_WORDS takes the first two: --config and --set. */
extern const struct flag client_flags[CLIENT_FLAGS];

/* Returns the number of flags of client_flags that a command takes. */
size_t client_flags_count(enum command_needs needs);
/* Returns one of all flags that a command takes, its own first; NULL beyond the last. */
const struct flag *command_flag(const struct command *command, size_t index);

#endif
