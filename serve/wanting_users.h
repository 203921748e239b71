/* Wanting users: who would want an item.
 *
 * Candidates are users who acted lately (recent_users.h): on the items that are most like this one,
 * else on anything. For each the list is made as the scorer would make it now, without rules. Those
 * on whose list the item would stand come back, by its place, then by evidence, then by id. One
 * thread.
 */
#ifndef FRESHET_SERVE_WANTING_USERS_H
#define FRESHET_SERVE_WANTING_USERS_H

#include "serve/found_list.h"
#include "serve/list_query.h"
#include "serve/live_tables.h"
#include "serve/recent_users.h"
#include "serve/user_rows.h"

enum {
    WANTING_USERS_LOOKED = 300, /* whose lists are made */
    WANTING_USERS_EACH = 30,    /* of one item like it */
};

struct wanting_users;

/* Makes it; borrows all arguments for its life. Free with wanting_users_free(). */
struct wanting_users *wanting_users_new(struct user_rows *histories, struct live_tables *live,
                                        struct recent_users *recent);
/* Takes NULL; returns NULL. */
struct wanting_users *wanting_users_free(struct wanting_users *wanting);
/* Finds them and fills in the page of the query, with at most `limit` users; texts live in the
 * arena. 0, or -ENOENT: the item is not known. */
int wanting_users_find(struct wanting_users *wanting, const struct list_query *query, size_t limit,
                       struct arena *arena, struct found_list *ret_found);

#endif
