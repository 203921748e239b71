/* Forgotten candidates: what a platform has brought for a user (topic `candidates`), found and
 * deleted. Keys name the source as well, so the topic is read. */
#ifndef FRESHET_CLI_FORGOTTEN_CANDIDATES_H
#define FRESHET_CLI_FORGOTTEN_CANDIDATES_H

#include "cli/client.h"

struct forgotten_candidates;

/* Finds the records of a user: those of a topic that does not exist are none. NULL: it is not known
 * which there are, and that is said. Free with forgotten_candidates_free(). */
struct forgotten_candidates *forgotten_candidates_find(const struct client *client,
                                                       struct wire *wire, const char *user);
/* Takes NULL; returns NULL. */
struct forgotten_candidates *forgotten_candidates_free(struct forgotten_candidates *found);
/* Counts them. */
size_t forgotten_candidates_count(const struct forgotten_candidates *found);
/* Sends their tombstones; 0 or a negative wire_error. */
int forgotten_candidates_drop(const struct forgotten_candidates *found, struct wire *wire);

#endif
