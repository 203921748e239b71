/* List query: what a request for a user's list asks, from its path and arguments. */
#ifndef FRESHET_SERVE_LIST_QUERY_H
#define FRESHET_SERVE_LIST_QUERY_H

#include "base/arena.h"
#include "stream/http/http_server.h"

enum { QUERY_EXCLUDED_MAX = 1000, QUERY_WHY_BYTES = 256 };

struct list_query {
    struct slice user;
    size_t offset, limit;
    struct slice excluded[QUERY_EXCLUDED_MAX];
    size_t excluded_count;
};

/* Says whether a path is /v1/users/{id}/recommendations; the id as it was sent. */
bool list_query_path(const char *path, struct slice *ret_id);
/* Reads limit=, offset= and exclude= (ids with commas between them, also several times); other
 * arguments are refused. Decoded texts live in the arena. False with the reason in why, which has
 * QUERY_WHY_BYTES bytes. */
bool list_query_read(const struct http_request *request, struct slice id, struct arena *arena,
                     struct list_query *ret_query, char *why);

#endif
