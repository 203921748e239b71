/* Candidate users: users to be looked at, each once, in the order in which they came, and their
 * histories. One thread.
 */
#ifndef FRESHET_SERVE_CANDIDATE_USERS_H
#define FRESHET_SERVE_CANDIDATE_USERS_H

#include "serve/recent_users.h"
#include "serve/user_rows.h"

struct candidate_users;

/* Makes it for at most so many users; borrows the first two arguments for its life. Free with
 * candidate_users_free(). */
struct candidate_users *candidate_users_new(struct user_rows *histories,
                                            struct recent_users *recent, size_t users_max);
/* Takes NULL; returns NULL. */
struct candidate_users *candidate_users_free(struct candidate_users *candidates);
/* Removes all. */
void candidate_users_clear(struct candidate_users *candidates);
/* Adds a user, whose text is borrowed until the next clear; one too many is left out. */
void candidate_users_add(struct candidate_users *candidates, struct slice user);
/* Adds those of recent_users_find(), at most `most` of them. */
void candidate_users_add_recent(struct candidate_users *candidates, struct slice item, size_t most,
                                struct arena *arena);
/* Returns all; borrowed until the next add or clear. */
struct slices candidate_users_all(const struct candidate_users *candidates);
/* Reads a user's history, which lives until the next call. False: the user has been forgotten, or
 * the row cannot be read, as a request for the user's own list would tell. */
bool candidate_users_read(struct candidate_users *candidates, struct slice user,
                          struct user_history *ret_history);

#endif
