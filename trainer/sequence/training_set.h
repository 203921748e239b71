/* Pool: what training knows of users and items: each user's newest items, each item's attributes.
 *
 * Written by the worker's thread, read by the one that trains; every function takes the
 * training_set's own lock for as long as it copies a few numbers. Items are the caller's numbers,
 * 0, 1, 2 ... in the order of training_set_add_item(); users are known by fingerprint. Nothing that
 * is read depends on the order in which users came: the roster is sorted.
 *
 * Bounded: a user's sequence has at most `length` items; when all take more than `bytes_max`,
 * users whose sequence changed longest ago are dropped until they act again.
 */
#ifndef FRESHET_TRAINER_SEQUENCE_TRAINING_SET_H
#define FRESHET_TRAINER_SEQUENCE_TRAINING_SET_H

#include "base/base.h"

struct training_set;

/* A user on the roster. */
struct roster_entry {
    uint64_t user;
    size_t slot;
    uint64_t stamp; /* counts changes of the training_set: of this user's newest one */
};

/* Which attributes the items have, by fingerprint; item i's stand from starts[i] to
 * starts[i + 1]. */
struct training_set_attributes {
    size_t *starts; /* items + 1 */
    uint64_t *at;
    size_t items;
};

/* Makes an empty training_set; free with training_set_free(). */
struct training_set *training_set_new(size_t length, size_t bytes_max);
/* Frees the training_set; takes NULL; returns NULL. */
struct training_set *training_set_free(struct training_set *training_set);

/* ---- Writing ---- */

/* Adds the next item, by its fingerprint. */
void training_set_add_item(struct training_set *training_set, uint64_t hash);
/* Replaces an item's attributes, told by fingerprint. */
void training_set_describe(struct training_set *training_set, int32_t item,
                           const uint64_t *attributes, size_t count);
/* Replaces a user's sequence, oldest first; `total` counts all actions that the user ever had: one
 * of fewer than are known is late and ignored. */
void training_set_put(struct training_set *training_set, uint64_t user, const int32_t *items,
                      size_t count, int64_t total);
/* Forgets a user. */
void training_set_remove(struct training_set *training_set, uint64_t user);

/* ---- Reading ---- */

/* Copies the roster of the users with a stamp above `since`, sorted by fingerprint; the caller
 * frees it. */
struct roster_entry *training_set_roster(struct training_set *training_set, uint64_t since,
                                         size_t *ret_count);
/* Copies the last items of a user's sequence, at most `most`; 0 when the user is gone. */
size_t training_set_read(struct training_set *training_set, const struct roster_entry *place,
                         int32_t *ret_items, size_t most);
/* Counts the users. */
size_t training_set_users(struct training_set *training_set);
/* Counts the items. */
size_t training_set_items(struct training_set *training_set);
/* Counts the actions that ever arrived. */
int64_t training_set_arrived(struct training_set *training_set);
/* Tells the stamp of the newest change of a user. */
uint64_t training_set_stamp(struct training_set *training_set);
/* Counts the changes of items and attributes. */
uint64_t training_set_version(struct training_set *training_set);
/* Copies the items' fingerprints, by number; the caller frees. */
uint64_t *training_set_hashes(struct training_set *training_set, size_t *ret_count);
/* Says of each of the first `count` items whether somebody's sequence had it. */
void training_set_acted(struct training_set *training_set, uint8_t *ret_acted, size_t count);
/* Copies all attributes; release with training_set_attributes_release(). */
void training_set_attributes(struct training_set *training_set,
                             struct training_set_attributes *ret_attributes);
void training_set_attributes_release(struct training_set_attributes *attributes);
/* Copies one item's attributes, at most `most`; returns how many. */
size_t training_set_attributes_of(struct training_set *training_set, int32_t item,
                                  uint64_t *ret_attributes, size_t most);
/* Counts the bytes that sequences take, and the users that were dropped for them so far. */
size_t training_set_bytes(struct training_set *training_set);
int64_t training_set_dropped(struct training_set *training_set);

#endif
