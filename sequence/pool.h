/* Pool: what training knows of users and items: each user's newest items, each item's attributes.
 *
 * Written by the worker's thread, read by the one that trains; every function takes the pool's own
 * lock for as long as it copies a few numbers. Items are the caller's numbers, 0, 1, 2 ... in the
 * order of pool_add_item(); users are known by fingerprint. Nothing that is read depends on the
 * order in which users came: the roster is sorted.
 *
 * Bounded: a user's sequence has at most `length` items; when all take more than `bytes_max`,
 * users whose sequence changed longest ago are dropped until they act again.
 */
#ifndef FRESHET_SEQUENCE_POOL_H
#define FRESHET_SEQUENCE_POOL_H

#include "base/base.h"

struct pool;

/* A user on the roster. */
struct pool_place {
    uint64_t user;
    size_t slot;
    uint64_t stamp; /* counts changes of the pool: of this user's newest one */
};

/* Which attributes the items have, by fingerprint; item i's stand from starts[i] to
 * starts[i + 1]. */
struct pool_traits {
    size_t *starts; /* items + 1 */
    uint64_t *at;
    size_t items;
};

/* Makes an empty pool; free with pool_free(). */
struct pool *pool_new(size_t length, size_t bytes_max);
/* Frees the pool; takes NULL; returns NULL. */
struct pool *pool_free(struct pool *pool);

/* ---- Writing ---- */

/* Adds the next item, by its fingerprint. */
void pool_add_item(struct pool *pool, uint64_t hash);
/* Replaces an item's attributes, told by fingerprint. */
void pool_describe(struct pool *pool, int32_t item, const uint64_t *traits, size_t count);
/* Replaces a user's sequence, oldest first; `total` counts all actions that the user ever had: one
 * of fewer than are known is late and ignored. */
void pool_put(struct pool *pool, uint64_t user, const int32_t *items, size_t count, int64_t total);
/* Forgets a user. */
void pool_remove(struct pool *pool, uint64_t user);

/* ---- Reading ---- */

/* Copies the roster of the users with a stamp above `since`, sorted by fingerprint; the caller
 * frees it. */
struct pool_place *pool_roster(struct pool *pool, uint64_t since, size_t *ret_count);
/* Copies the last items of a user's sequence, at most `most`; 0 when the user is gone. */
size_t pool_read(struct pool *pool, const struct pool_place *place, int32_t *ret_items,
                 size_t most);
/* Counts the users. */
size_t pool_users(struct pool *pool);
/* Counts the items. */
size_t pool_items(struct pool *pool);
/* Counts the actions that ever arrived. */
int64_t pool_arrived(struct pool *pool);
/* Tells the stamp of the newest change of a user. */
uint64_t pool_stamp(struct pool *pool);
/* Counts the changes of items and attributes. */
uint64_t pool_version(struct pool *pool);
/* Copies the items' fingerprints, by number; the caller frees. */
uint64_t *pool_hashes(struct pool *pool, size_t *ret_count);
/* Says of each of the first `count` items whether somebody's sequence had it. */
void pool_acted(struct pool *pool, uint8_t *ret_acted, size_t count);
/* Copies all attributes; release with pool_traits_release(). */
void pool_traits(struct pool *pool, struct pool_traits *ret_traits);
void pool_traits_release(struct pool_traits *traits);
/* Copies one item's attributes, at most `most`; returns how many. */
size_t pool_traits_of(struct pool *pool, int32_t item, uint64_t *ret_traits, size_t most);
/* Counts the bytes that sequences take, and the users that were dropped for them so far. */
size_t pool_bytes(struct pool *pool);
int64_t pool_dropped(struct pool *pool);

#endif
