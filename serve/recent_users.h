/* Recent users: who acted last, and on what: for each item the users who acted on it lately.
 *
 * Of each user the newest RECENT_ITEMS different items are known. When the table is full, the user
 * who has not acted for longest is forgotten. Memory: about 300 bytes a user. Any thread; each call
 * takes the lock.
 */
#ifndef FRESHET_SERVE_RECENT_USERS_H
#define FRESHET_SERVE_RECENT_USERS_H

#include "base/arena.h"
#include "schemas/user_history.h"

enum { RECENT_ITEMS = 8 };

struct recent_users;

/* Makes an empty table of at most so many users; 0: none is ever known. Free with
 * recent_users_free(). */
struct recent_users *recent_users_new(size_t most);
/* Takes NULL; returns NULL. */
struct recent_users *recent_users_free(struct recent_users *users);
/* Takes what a user did last; dislikes are left out. The history has been checked
 * (history_fault()). */
void recent_users_put(struct recent_users *users, struct slice user,
                      const struct user_history *history);
/* Forgets a user. */
void recent_users_remove(struct recent_users *users, struct slice user);
/* Calls `each` with every user and the fingerprints of the items, under the lock. */
void recent_users_each(struct recent_users *users,
                       void (*each)(void *arg, struct slice user, const uint64_t *items,
                                    size_t count),
                       void *arg);
/* Finds at most `most` users who acted on an item lately, the last one first, copied into the
 * arena. An item without data: users who acted on anything. Returns their number. */
size_t recent_users_find(struct recent_users *users, struct slice item, struct arena *arena,
                         struct slice *ret_users, size_t most);

#endif
