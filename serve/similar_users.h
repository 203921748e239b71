/* Similar users: who acts like a user.
 *
 * Candidates are users who acted lately (recent_users.h): those whose vectors are nearest to the
 * user's one, where users are grouped (docs/profiles.md), and those who acted lately on the user's
 * newest items. Each is compared exactly, by both histories (model/likeness.h). They come back by
 * the cosine, then by the number of common items, then by id; whoever has no item in common does
 * not. One thread.
 */
#ifndef FRESHET_SERVE_SIMILAR_USERS_H
#define FRESHET_SERVE_SIMILAR_USERS_H

#include "model/likeness.h"
#include "serve/live_tables.h"
#include "serve/recent_users.h"
#include "serve/user_rows.h"

enum {
    SIMILAR_USERS_NEAREST = 200, /* candidates by their vectors, */
    SIMILAR_USERS_ITEMS = 8,     /* and of so many newest items */
    SIMILAR_USERS_EACH = 25,     /* so many each */
    SIMILAR_USERS_LOOKED = 400,
};
_Static_assert(SIMILAR_USERS_NEAREST + SIMILAR_USERS_ITEMS * SIMILAR_USERS_EACH <=
                   SIMILAR_USERS_LOOKED,
               "all candidates have room");

struct similar_users;

/* Makes it; borrows all arguments for its life. Free with similar_users_free(). */
struct similar_users *similar_users_new(struct user_rows *histories, struct live_tables *live,
                                        struct recent_users *recent);
/* Takes NULL; returns NULL. */
struct similar_users *similar_users_free(struct similar_users *similar);
/* Finds those of a user with this history; `cluster` is the user's, NULL: there is none. Texts live
 * in the arena, the users until the next call. Returns how many there are. */
size_t similar_users_find(struct similar_users *similar, const struct user_history *history,
                          const struct live_cluster *cluster, struct arena *arena,
                          const struct similar_user **ret_users);

#endif
