/* Inbox: the newest history of each user since the last poll, so that a user is ranked once however
 * many histories came.
 *
 * Users stand in the order in which they first came. The histories' slices and columns are
 * borrowed; clear the pending before they go. Memory is reused.
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

/* What came for one user. */
struct pending_history {
    struct slice user_id;
    uint64_t hash;
    bool gone; /* a tombstone: forget the user */
    struct user_history history;
};

/* Prepares an empty pending. */
void pending_histories_init(struct pending_histories *pending);
/* Frees the memory. */
void pending_histories_release(struct pending_histories *pending);
/* Empties the pending. */
void pending_histories_clear(struct pending_histories *pending);
/* Says whether a history is older than another of the same user: built from the same partition of
 * `events`, up to a smaller offset. */
bool history_older(const struct user_history *history, int32_t partition, int64_t offset);
/* Takes a user's history (NULL: a tombstone) in place of an earlier one. Says whether it was taken:
 * one that is older than what is there is not. */
bool pending_histories_put(struct pending_histories *pending, struct slice user_id,
                           const struct user_history *history);

#endif
