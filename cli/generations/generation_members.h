/* Generation members: what a generation has that makes its lists and keeps them fresh: the workers
 * that run, and a model version of the Transformer. */
#ifndef FRESHET_CLI_GENERATIONS_GENERATION_MEMBERS_H
#define FRESHET_CLI_GENERATIONS_GENERATION_MEMBERS_H

#include "cli/client.h"

/* Checks that a scorer of a generation runs, which makes its lists. 0, or EXIT_FAILURE with a hint,
 * or with the fault, printed. */
int generation_members_list(const struct client *client, struct wire *wire,
                            const char *generation);
/* Checks that a generation has all that the live one has. 0, or EXIT_FAILURE with what is missing,
 * or with the fault, printed. */
int generation_members_compare(const struct client *client, struct wire *wire,
                               const char *generation, const char *live);

#endif
