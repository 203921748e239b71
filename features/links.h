/* Links: with which users a user was joined (IDENTIFY). Most users have none.
 *
 * `into` are the users to whom this user's actions went, the newest last; while `merged_ms` is not
 * MERGED_NEVER, what comes now follows to the last of them. `from` are those whose actions came
 * here. Both are kept so that forgetting one user reaches the others, and bounded: the oldest is
 * dropped. Open data; init with links_init(). One thread.
 */
#ifndef FRESHET_FEATURES_LINKS_H
#define FRESHET_FEATURES_LINKS_H

#include "base/base.h"
#include "base/slice.h"
#include "schemas/user_state.h"

struct link_list {
    struct slice *at; /* own their bytes */
    int32_t count;
};

struct links {
    struct link_list into;
    struct link_list from;
    int64_t merged_ms;
};

/* Prepares empty links. */
void links_init(struct links *links);
/* Frees the lists. */
void links_release(struct links *links);
/* Puts an id at the end of a list, once; drops the first beyond `most`. */
void link_list_put(struct link_list *list, struct slice id, int32_t most);
/* Removes an id; false: it is not there. */
bool link_list_remove(struct link_list *list, struct slice id);
/* Returns to whom the user's events go; an empty slice: they stay. Borrowed. */
struct slice links_target(const struct links *links);
/* Returns how many bytes the lists take. */
size_t links_bytes(const struct links *links);

#endif
