/* Tried rules: the lists that a user would have if a file of rules were in force.
 *
 * They are made by the scorer's own functions from the newest history of the user and the newest
 * rows, items, vectors, model versions and groups of users, as the scorer would make them now;
 * nothing is written.
 * List settings are those of the configuration, as the scorer's.
 */
#ifndef FRESHET_CLI_PLACEMENTS_TRIED_RULES_H
#define FRESHET_CLI_PLACEMENTS_TRIED_RULES_H

#include "cli/client.h"
#include "schemas/recommendation_list.h"
#include "scorer/lists/list_settings.h"

/* The options of lists. */
extern const struct option tried_rules_options[LIST_OPTIONS_COUNT];

/* Makes the lists of a user, named as on our topics, by rules that are right, and hands them over,
 * borrowed for the call. 0, or EXIT_FAILURE with the fault printed. */
int tried_rules_make(const struct client *client, struct wire *wire, struct slice user_id,
                     struct slice rules,
                     int (*take)(const struct recommendation_list *list));

#endif
