/* Training set: each user's newest items and each item's attributes, in memory.
 *
 * The worker's thread writes it, the training thread reads it; each function holds the training
 * set's own lock while it copies a few numbers. Items are numbered 0, 1, 2 ... in the order of
 * training_set_add_item(); users are identified by fingerprint. No result depends on the order in
 * which users arrived: the roster (the list of users) is sorted.
 *
 * Bounded: a user's sequence has at most `length` items. When all sequences take more than
 * `bytes_max`, the users whose sequence changed longest ago are dropped until they act again.
 */
#ifndef FRESHET_TRAINER_SEQUENCE_TRAINING_SET_H
#define FRESHET_TRAINER_SEQUENCE_TRAINING_SET_H

#include "base/base.h"

struct training_set;

/* A user on the roster. */
struct roster_entry {
    uint64_t user;
    size_t at;      /* where the training set keeps the user */
    uint64_t stamp; /* of this user's newest change; stamps count the changes of all users */
};

/* The attributes of all items, by fingerprint: those of item i are at[starts[i]] up to, not
 * including, at[starts[i + 1]]. */
struct training_set_attributes {
    size_t *starts; /* items + 1 */
    uint64_t *at;
    size_t items;
};

/* Makes an empty training set; free with training_set_free(). */
struct training_set *training_set_new(size_t length, size_t bytes_max);
/* Frees the training set; takes NULL; returns NULL. */
struct training_set *training_set_free(struct training_set *training_set);

/* ---- Writing ---- */

#define TRAINING_SET_TOTAL_MAX (INT64_C(1) << 31)

/* No action drowns all others, none vanishes. */
#define TRAINING_SET_WEIGHT_MIN 0x1p-10f
#define TRAINING_SET_WEIGHT_MAX 0x1p10f

/* Adds an item with the next number, by its fingerprint. */
void training_set_add_item(struct training_set *training_set, uint64_t hash);
/* Says whether an item is in the catalogue. */
void training_set_list(struct training_set *training_set, int32_t item, bool listed);
/* Replaces an item's attributes, given as fingerprints. */
void training_set_describe(struct training_set *training_set, int32_t item,
                           const uint64_t *attributes, size_t count);
/* Says that an item is to have a number though nobody may have acted on it. */
void training_set_want(struct training_set *training_set, int32_t item);
/* Replaces a user's sequence, oldest item first; among the items searches may stand
 * (pack_of_search()). Each weight says how much the action counts as a
 * target (NULL: all 1); it is kept within TRAINING_SET_WEIGHT_MIN and _MAX, NaN as the least.
 * `total` counts all actions that the user ever had; a call with a smaller total than the last one
 * is late and ignored. It may be any number: it counts as one from 0 to TRAINING_SET_TOTAL_MAX, so
 * that no sum of users overflows. */
void training_set_put(struct training_set *training_set, uint64_t user, const int32_t *items,
                      const float *weights, size_t count, int64_t total);
/* Removes a user. */
void training_set_remove(struct training_set *training_set, uint64_t user);

/* ---- Reading ---- */

/* Copies the roster of the users with a stamp above `since`, sorted by fingerprint; the caller
 * frees it. */
struct roster_entry *training_set_roster(struct training_set *training_set, uint64_t since,
                                         size_t *ret_count);
/* Copies the last items of a user's sequence and their weights (if ret_weights is not NULL), at
 * most `most`; 0 when the user is gone. */
size_t training_set_read(struct training_set *training_set, const struct roster_entry *listed,
                         int32_t *ret_items, float *ret_weights, size_t most);
/* Counts the users. */
size_t training_set_users(struct training_set *training_set);
/* Counts the items. */
size_t training_set_items(struct training_set *training_set);
/* Counts the actions that ever arrived. */
int64_t training_set_arrived(struct training_set *training_set);
/* Returns the stamp of the newest change of any user. */
uint64_t training_set_stamp(struct training_set *training_set);
/* Counts the changes of items and attributes. */
uint64_t training_set_version(struct training_set *training_set);
/* Copies the items' fingerprints, by number; the caller frees. */
uint64_t *training_set_hashes(struct training_set *training_set, size_t *ret_count);
/* Says of each of the first `count` items whether any user's sequence ever contained it, or it was
 * wanted. */
void training_set_wanted(struct training_set *training_set, uint8_t *ret_wanted, size_t count);
/* Ranks the first `count` items: those of the catalogue first, then by the actions on them that the
 * sequences hold now. Takes time: only where there are too many items. */
enum { TRAINING_SET_LISTED = INT32_MAX };
void training_set_rank(struct training_set *training_set, uint32_t *ret_ranks, size_t count);
/* Copies all attributes; release with training_set_attributes_release(). */
void training_set_attributes(struct training_set *training_set,
                             struct training_set_attributes *ret_attributes);
void training_set_attributes_release(struct training_set_attributes *attributes);
/* Copies one item's attributes, at most `most`; returns how many. */
size_t training_set_attributes_of(struct training_set *training_set, int32_t item,
                                  uint64_t *ret_attributes, size_t most);
/* Counts the bytes of all sequences. */
size_t training_set_bytes(struct training_set *training_set);
/* Counts the users that were dropped so far to keep within bytes_max. */
int64_t training_set_dropped(struct training_set *training_set);

#endif
