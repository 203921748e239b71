/* The topic `generations` as tools read and write it. */
#ifndef FRESHET_CLI_STEPS_H
#define FRESHET_CLI_STEPS_H

#include "cli/client.h"
#include "schemas/generations.h"

/* Folds up what the topic says now; release with generations_release(). 0, or 1 with the fault
 * printed. */
int steps_read(const struct client *client, struct wire *wire, struct generations *ret_generations);
/* Writes a step and waits until it is there. */
int steps_write(const struct client *client, struct wire *wire, const struct generation_step *step);
/* Counts the partitions of `recommendations`. */
int steps_partitions(const struct client *client, struct wire *wire, int32_t *ret_count);
/* Says whether the live generation has taken every partition, or nobody ever switched. */
bool steps_complete(const struct generations *generations, int32_t partitions);

#endif
