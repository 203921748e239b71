/* Trial table: how the newest trial stands, for people and for machines. */
#ifndef FRESHET_CLI_GENERATIONS_TRIAL_TABLE_H
#define FRESHET_CLI_GENERATIONS_TRIAL_TABLE_H

#include "schemas/trials.h"

/* Prints it, or one JSON object. `owed`: partitions that may hold lists of a trial that is over. */
void trial_table_print(const struct trials *trials, const struct generations *generations,
                       int32_t owed, bool json, FILE *out);

#endif
