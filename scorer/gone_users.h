/* Gone users: those whose lists were deleted lately, as they were forgotten or joined with others.
 *
 * A former owner's list of such a user may arrive behind the tombstone; the owner then sends the
 * tombstone again. What is older than ten minutes is dropped, and the oldest when there are many: a
 * message is on its way for seconds. One thread.
 */
#ifndef FRESHET_SCORER_GONE_USERS_H
#define FRESHET_SCORER_GONE_USERS_H

#include "base/base.h"
#include "base/slice.h"

enum { GONE_USERS_MAX = 1 << 16, GONE_USERS_MS = 600000 };

struct gone_user {
    char *id;
    size_t size;
    int64_t at_ms;
};

struct gone_users {
    struct gone_user *at; /* a ring: the oldest is at `first` */
    size_t first, count, capacity;
};

/* Frees the memory; init with zeros. */
void gone_users_release(struct gone_users *gone);
/* Adds a user whose list was deleted now, by the time for pacing. */
void gone_users_put(struct gone_users *gone, struct slice user_id, int64_t now_ms);
/* Returns the index-th user, the oldest first; the id is borrowed until the next put. */
struct slice gone_users_id(const struct gone_users *gone, size_t index);

#endif
