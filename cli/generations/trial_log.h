/* Reads and writes the topic `trials`, for commands. */
#ifndef FRESHET_CLI_GENERATIONS_TRIAL_LOG_H
#define FRESHET_CLI_GENERATIONS_TRIAL_LOG_H

#include "cli/client.h"
#include "schemas/trials.h"

/* Reads the newest trial; release with trials_release(). 0, or EXIT_FAILURE with the fault
 * printed. */
int trial_log_read(const struct client *client, struct wire *wire, struct trials *ret_trials);
/* Writes a record and waits until it is acknowledged. */
int trial_log_write(const struct client *client, struct wire *wire,
                    const struct trial_record *rec);
/* Deletes what partitions wrote in trials before this one, which nobody reads any more: counts, and
 * that lists were returned. Begin, result and end stay. 0, or EXIT_FAILURE with the fault
 * printed. */
int trial_log_sweep(const struct client *client, struct wire *wire, const struct trials *trials);
/* Counts the partitions that may hold lists of a trial that is over. */
int32_t trial_log_owed(const struct trials *trials, const struct generations *generations,
                       int32_t partitions);
/* Checks that no trial of `generation` (NULL: of any) runs. 0, or EXIT_FAILURE with the reason
 * printed. */
int trial_log_check_over(const struct client *client, struct wire *wire,
                         const struct generations *generations, const char *generation);

#endif
