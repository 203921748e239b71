/* Reads and writes the topic `generations`, for commands. */
#ifndef FRESHET_CLI_GENERATION_LOG_H
#define FRESHET_CLI_GENERATION_LOG_H

#include "cli/client.h"
#include "schemas/generations.h"

/* Reads the topic's present state; release with generations_release(). 0, or EXIT_FAILURE with the
 * fault printed. */
int generation_log_read(const struct client *client, struct wire *wire,
                        struct generations *ret_generations);
/* Writes a step and waits until it is acknowledged. */
int generation_log_write(const struct client *client, struct wire *wire,
                         const struct generation_step *step);
/* Returns the number of partitions of `recommendations`. */
int generation_log_partitions(const struct client *client, struct wire *wire, int32_t *ret_count);
/* Says whether the live generation has taken every partition, or there was never a switch. */
bool generation_log_complete(const struct generations *generations, int32_t partitions);

#endif
