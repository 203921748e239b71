/* A generation's lineup: the workers, groups, topics and directories that are its own. */
#ifndef FRESHET_CLI_LINEUP_H
#define FRESHET_CLI_LINEUP_H

#include "cli/client.h"

enum { LINEUP_WORKERS = 3 };

/* The workers that a generation has of its own, in the order of the work. */
extern const char *const lineup_workers[LINEUP_WORKERS];

/* Counts the members of all its groups. 0, or 1 with the fault printed. */
int lineup_members(const struct client *client, struct wire *wire, const char *generation,
                   int *ret_count);
/* Makes those of its topics that are not there, each like the base's. */
int lineup_make_topics(const struct client *client, struct wire *wire, const char *generation);
/* Deletes its topics. The base's are made anew, empty; `recommendations` among them if asked. */
int lineup_delete_topics(const struct client *client, struct wire *wire, const char *generation,
                         bool with_recommendations);
/* Deletes its groups and with them the input offsets. */
int lineup_delete_groups(const struct client *client, struct wire *wire, const char *generation);
/* Deletes its local state below state.dir. */
int lineup_delete_state(const struct client *client, const char *generation);

#endif
