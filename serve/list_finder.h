/* List finder: the list that a query asks for: as it stands in the topic, or made from the live
 * tables. HTTP and the topic of requests both answer with what it finds.
 *
 * A finder belongs to one thread: codecs, arena and keys are its own.
 */
#ifndef FRESHET_SERVE_LIST_FINDER_H
#define FRESHET_SERVE_LIST_FINDER_H

#include "pseudonyms/pseudonyms.h"
#include "serve/found_list.h"
#include "serve/list_query.h"
#include "serve/live_tables.h"
#include "embed/text/query_vectors.h"
#include "serve/recent_users.h"
#include "serve/user_rows.h"

struct list_finder;

struct list_finder_parts {
    struct user_rows *lists, *histories; /* borrowed */
    struct live_tables *live;            /* borrowed */
    struct recent_users *recent;         /* borrowed */
    struct query_vectors *queries;       /* borrowed; NULL: queries have no vectors */
    struct served_log *served;           /* borrowed; NULL: drawn places are not logged */
    struct pseudonyms *pseudonyms;       /* owned; NULL: ids stay as they are */
    size_t length;                       /* of a list that is made, unless the query says */
    int64_t (*wall_ms)(void *arg);       /* the clock of lists that are made; any thread */
    void *wall_arg;
};

/* Makes it; free with list_finder_free(). */
struct list_finder *list_finder_new(const struct list_finder_parts *parts);
/* Takes NULL; returns NULL. */
struct list_finder *list_finder_free(struct list_finder *finder);
/* Returns the arena of the query that is asked next, emptied. */
struct arena *list_finder_begin(struct list_finder *finder);
/* Finds the list of a query; borrowed until list_finder_begin(). */
void list_finder_find(struct list_finder *finder, const struct list_query *query,
                      struct found_list *ret_found);

/* Returns the live tables it was made with. */
struct live_tables *list_finder_live(const struct list_finder *finder);
/* Reads a user's history, copied into the arena: 0, -ENOENT, or -EIO when it cannot be read. */
int list_finder_history(struct list_finder *finder, struct slice user,
                        struct user_history *ret_history);

#endif
