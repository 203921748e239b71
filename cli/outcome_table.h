/* Outcome table: the newest records of `outcomes`, added up over partitions, and by what the reader
 * wants to compare.
 *
 *     placement      generation            shown   clicks     CTR  bought      revenue
 *     home           g2                     4200      231   5.50%      17       412.50
 */
#ifndef FRESHET_CLI_OUTCOME_TABLE_H
#define FRESHET_CLI_OUTCOME_TABLE_H

#include "schemas/placement_outcomes.h"

/* In the order of the flag --by. */
enum outcome_by {
    OUTCOME_BY_PLACEMENT,
    OUTCOME_BY_GENERATION, /* and placement, as the next two */
    OUTCOME_BY_RULE,
    OUTCOME_BY_HOUR,
};

struct outcome_table;

/* Makes an empty table. since_ms: hours that begin then or later are added up; INT64_MIN: all time,
 * which records of their own have (unless by hour). Free with outcome_table_free(). */
struct outcome_table *outcome_table_new(enum outcome_by by, int64_t since_ms);
/* Frees it; takes NULL; returns NULL. */
struct outcome_table *outcome_table_free(struct outcome_table *table);
/* Takes a record, which replaces the one with its key; outcomes NULL: it is deleted. False: there
 * are too many. */
bool outcome_table_take(struct outcome_table *table, struct slice key,
                        const struct placement_outcomes *outcomes);
/* Prints the table, or a JSON object each line; says whether there is any. */
bool outcome_table_print(struct outcome_table *table, bool json, FILE *out);

#endif
