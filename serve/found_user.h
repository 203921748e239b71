/* What was found of a user: the cluster and the segments that the user is in, and similar users. */
#ifndef FRESHET_SERVE_FOUND_USER_H
#define FRESHET_SERVE_FOUND_USER_H

#include "serve/live_tables.h"
#include "serve/similar_users.h"

struct found_user {
    int64_t actions;
    bool clustered; /* there is a cluster */
    struct live_cluster cluster;
    struct slices segments; /* that are published, by name */
    const struct similar_user *similar; /* of the page */
    size_t similar_count;
};

#endif
