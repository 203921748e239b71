/* Changed users: whose lists are to be made again, because broadcast tables say something else of
 * them: `candidates`, `users`.
 *
 * Broadcast records are read by no partition, so users wait in a ring until each partition has
 * looked for them. A partition that is slower than CHANGED_USERS_MAX changes makes all lists again.
 * One thread.
 */
#ifndef FRESHET_SCORER_CHANGED_USERS_H
#define FRESHET_SCORER_CHANGED_USERS_H

#include "scorer/lists/tables.h"
#include "scorer/standing_lists.h"

enum { CHANGED_USERS_MAX = 4096 };

struct changed_users;

/* Free with changed_users_free(). */
struct changed_users *changed_users_new(void);
/* Takes NULL; returns NULL. */
struct changed_users *changed_users_free(struct changed_users *changed);
/* Notes a user of at most ID_BYTES_MAX bytes. */
void changed_users_note(struct changed_users *changed, struct slice user);
/* Marks the lists of users who were noted since *seen, which it moves on; a partition that is
 * opened begins with changed_users_now(). */
void changed_users_mark(const struct changed_users *changed, uint64_t *seen,
                        struct standing_lists *standing, struct tables *tables);
uint64_t changed_users_now(const struct changed_users *changed);

#endif
