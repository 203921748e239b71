/* Pending histories: the newest history of each user in a batch, so that each user gets one list,
 * however many histories arrived.
 *
 * Users are in the order of their first history. Slices and columns of the histories are borrowed;
 * clear the entries before they end. Memory is reused. One thread.
 */
#ifndef FRESHET_SCORER_PENDING_HISTORIES_H
#define FRESHET_SCORER_PENDING_HISTORIES_H

#include "base/hash_index.h"
#include "schemas/user_history.h"

struct pending_histories {
    struct pending_history *entries;
    size_t count;
    size_t capacity;
    struct hash_index index; /* of the entries, by user */
};

/* The newest record of one user. */
struct pending_history {
    struct slice user_id;
    uint64_t hash;
    bool tombstone; /* delete the list of the user */
    struct slice value; /* the record's */
    struct user_history history;
};

/* Prepares an empty set. */
void pending_histories_init(struct pending_histories *pending);
/* Frees the memory. */
void pending_histories_release(struct pending_histories *pending);
/* Removes all entries. */
void pending_histories_clear(struct pending_histories *pending);
/* Says whether a history is older than another one of the same user: built from the same partition
 * of `events`, up to a smaller offset (schemas/offset_order.h). */
bool history_older(const struct user_history *history, int32_t partition, int64_t offset);
/* Adds a user's history (NULL: a tombstone) and the bytes that it was read from, or replaces the
 * user's earlier one. False when it is older than that and was not taken. */
bool pending_histories_put(struct pending_histories *pending, struct slice user_id,
                           const struct user_history *history, struct slice value);

#endif
