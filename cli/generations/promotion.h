/* Promotion: the switch to another generation, for the commands that make one. */
#ifndef FRESHET_CLI_GENERATIONS_PROMOTION_H
#define FRESHET_CLI_GENERATIONS_PROMOTION_H

#include "cli/client.h"

/* Makes a generation (by its label) the live one, as `freshet promote` does, though a trial of it
 * runs; with `incomplete` also one that lacks what the live one has. Waits until every partition is
 * taken. 0, or EXIT_FAILURE with the fault printed. */
int promotion_make(const struct client *client, struct wire *wire, const char *label,
                   int64_t timeout_s, bool incomplete);

#endif
