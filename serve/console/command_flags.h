/* The flags of `freshet` in the commands that the console's pages show, so that a command that is
 * copied asks the brokers of this server. */
#ifndef FRESHET_SERVE_CONSOLE_COMMAND_FLAGS_H
#define FRESHET_SERVE_CONSOLE_COMMAND_FLAGS_H

#include "stream/worker.h"

/* Makes them, each behind a blank, as a shell takes them: --config with this file, or, where it is
 * empty, what the run says of itself. The caller frees. */
char *command_flags_make(const struct run *run, const char *config);

#endif
