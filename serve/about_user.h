/* About a user: the cluster by the history, published segments by the profile, similar users. */
#ifndef FRESHET_SERVE_ABOUT_USER_H
#define FRESHET_SERVE_ABOUT_USER_H

#include "serve/found_list.h"
#include "serve/list_query.h"

struct about_user_parts {
    struct live_tables *live;
    struct similar_users *similar;
    const struct list_query *query; /* of which a page of similar users is wanted */
    size_t limit;                   /* of the page */
    struct arena *arena;            /* texts live here */
};

/* Finds what is known of a user, under whose id the pipeline knows the user, with this history: it
 * is empty where there is none. Sets `about`, and `total`, the number of similar users. False:
 * nothing is known. */
bool about_user_find(const struct about_user_parts *parts, struct slice user,
                     const struct user_history *history, struct found_list *found);

#endif
