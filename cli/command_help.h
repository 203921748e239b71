/* Pages of help, printed from the table of commands. */
#ifndef FRESHET_CLI_COMMAND_HELP_H
#define FRESHET_CLI_COMMAND_HELP_H

#include "cli/command.h"

/* Prints the page of `freshet --help`: the commands by group. */
void command_help_all(FILE *out);
/* Prints the page of a command. */
void command_help(const struct command *command, FILE *out);
/* Prints a command's usage line. */
void command_help_usage(const struct command *command, FILE *out);

#endif
