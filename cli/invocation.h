/* Reads a command line into an invocation: stores flags in the settings and checks every value
 * against the table. */
#ifndef FRESHET_CLI_INVOCATION_H
#define FRESHET_CLI_INVOCATION_H

#include "cli/command.h"

enum invocation_result {
    INVOCATION_READY,
    INVOCATION_HELP,  /* --help was given; the rest was not checked */
    INVOCATION_WRONG, /* the reason is in `why` */
};

/* Reads argv, whose first word is the command's name. Texts are borrowed from argv, and its words
 * may be reordered. Release with invocation_release(), whatever the result is. */
enum invocation_result invocation_read(struct invocation *invocation, const struct command *command,
                                       int argc, char **argv, struct buf *why);
/* Frees the settings and the client, and closes the wire. */
void invocation_release(struct invocation *invocation);

#endif
