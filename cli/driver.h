/* The driver of all commands: finds the command, reads its command line, loads the configuration,
 * connects, runs it and releases everything. */
#ifndef FRESHET_CLI_DRIVER_H
#define FRESHET_CLI_DRIVER_H

#include "cli/command.h"

/* Runs the command that argv[1] names, or prints a page of help. Returns the exit code:
 * EXIT_USAGE when the command line is wrong, EXIT_CONFIG when the configuration is, else the
 * command's. */
int driver_main(int argc, char **argv);

#endif
