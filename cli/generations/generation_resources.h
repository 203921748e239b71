/* A generation's resources: the workers, groups, topics and directories that are its own. */
#ifndef FRESHET_CLI_GENERATIONS_GENERATION_RESOURCES_H
#define FRESHET_CLI_GENERATIONS_GENERATION_RESOURCES_H

#include "cli/client.h"

enum { GENERATION_WORKERS = 3, GENERATION_OWNERS = 4 };

/* The workers that a generation has of its own, in the order of the work. */
extern const char *const generation_workers[GENERATION_WORKERS];

/* The workers that may have members, offsets and state: those above, and the sequence trainer where
 * it runs. */
extern const char *const generation_owners[GENERATION_OWNERS];

/* Counts the members of a worker's group. 0, or EXIT_FAILURE with the fault printed. */
int generation_resources_running(const struct client *client, struct wire *wire,
                                 const char *generation, const char *worker, int *ret_count);
/* Counts the members of all its groups. 0, or EXIT_FAILURE with the fault printed. */
int generation_resources_members(const struct client *client, struct wire *wire,
                                 const char *generation, int *ret_count);
/* Creates its missing topics, each like the base's. */
int generation_resources_make_topics(const struct client *client, struct wire *wire,
                                     const char *generation);
/* Deletes its topics. The base's topics are created again, empty; `recommendations` is one of them
 * if with_recommendations. */
int generation_resources_delete_topics(const struct client *client, struct wire *wire,
                                       const char *generation, bool with_recommendations);
/* Deletes its groups and with them the input offsets. */
int generation_resources_delete_groups(const struct client *client, struct wire *wire,
                                       const char *generation);
/* Deletes its local state below state.dir. */
int generation_resources_delete_state(const struct client *client, const char *generation);

#endif
