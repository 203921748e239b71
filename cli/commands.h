/* The commands of `freshet`: each parses its own flags (argv[0] is the command's name) and returns
 * an exit code. */
#ifndef FRESHET_CLI_COMMANDS_H
#define FRESHET_CLI_COMMANDS_H

/* Writes a file's lines to a topic. */
int replay_command(int argc, char **argv);
/* Prints a topic's messages as JSON lines. */
int peek_command(int argc, char **argv);
/* Prints a user's newest list. */
int list_command(int argc, char **argv);
/* Prints an item's nearest neighbours. */
int similar_command(int argc, char **argv);
/* Prints a stopped worker's local state. */
int dump_command(int argc, char **argv);
/* Prints where each worker stands. */
int status_command(int argc, char **argv);

#endif
