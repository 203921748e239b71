/* User set: which users something was done for, as hashes of their ids.
 *
 * Two ids with one hash are taken for one user: with 64 bits, that is once in a set of billions.
 * Eight bytes a user and a place in the index. Open data, embedded in the owner's; zeros are an
 * empty set. One thread.
 */
#ifndef FRESHET_SCORER_USER_SET_H
#define FRESHET_SCORER_USER_SET_H

#include "base/hash_index.h"

struct user_set {
    uint64_t *hashes;
    size_t count, capacity;
    struct hash_index index;
};

/* Frees the memory. */
void user_set_release(struct user_set *set);
/* Removes all users; the memory stays. */
void user_set_clear(struct user_set *set);
bool user_set_has(const struct user_set *set, struct slice user_id);
/* Adds a user; false: it was there. */
bool user_set_add(struct user_set *set, struct slice user_id);
/* Removes a user, if it is there. */
void user_set_drop(struct user_set *set, struct slice user_id);

#endif
