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
/* Forgets a user and prints a receipt. */
int forget_command(int argc, char **argv);
/* Judges models on a file of actions. */
int evaluate_command(int argc, char **argv);
/* Prints a stopped worker's local state. */
int dump_command(int argc, char **argv);
/* Prints where each worker stands. */
int status_command(int argc, char **argv);
/* Builds a generation from the log of events. */
int backfill_command(int argc, char **argv);
/* Prints how two generations differ and how they do. */
int compare_command(int argc, char **argv);
/* Makes a generation the live one. (promote.c) */
int promote_command(int argc, char **argv);
/* Makes the one before it the live one again. (promote.c) */
int rollback_command(int argc, char **argv);
/* Throws away what a generation made. */
int reset_command(int argc, char **argv);

/* Sends dead letters round again. */
int redrive_command(int argc, char **argv);
/* Shows what sample records become. */
int map_command(int argc, char **argv);
/* Prints a user's pseudonyms. */
int pseudonym_command(int argc, char **argv);

#endif
