/* Keys of the configuration that no command uses itself. A worker's file may be given to a command,
 * so keys of workers are taken; misspelt ones, and values that no worker would take, are not. */
#ifndef FRESHET_CLI_CLIENT_KEYS_H
#define FRESHET_CLI_CLIENT_KEYS_H

#include "stream/config/options.h"

/* Returns what is wrong with the keys, with the nearest one that is known: a near misspelling of an
 * option of all workers, of ingest or of those that the command uses, a value that such an option
 * cannot have, and with --set any key that is none. `words` are the arguments with their flags.
 * NULL: nothing is wrong. The caller frees. */
char *client_keys_fault(const struct properties *others, const struct option *used,
                        size_t used_count, char *const *words, int words_count);

#endif
