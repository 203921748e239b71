/* Inbox: the newest history of each user since the last poll, so that a user is ranked once however
 * many histories came.
 *
 * Users stand in the order in which they first came. The histories' slices and columns are
 * borrowed; clear the inbox before they go. Memory is reused.
 */
#ifndef FRESHET_SCORER_INBOX_H
#define FRESHET_SCORER_INBOX_H

#include "base/hash_index.h"
#include "schemas/user_history.h"

struct inbox {
    struct letter *letters;
    size_t count;
    size_t capacity;
    struct hash_index index; /* of the letters, by user */
};

/* What came for one user. */
struct letter {
    struct slice user_id;
    uint64_t hash;
    bool gone; /* a tombstone: forget the user */
    struct user_history history;
};

/* Prepares an empty inbox. */
void inbox_init(struct inbox *inbox);
/* Frees the memory. */
void inbox_release(struct inbox *inbox);
/* Empties the inbox. */
void inbox_clear(struct inbox *inbox);
/* Says whether a history is older than another of the same user: built from the same partition of
 * `events`, up to a smaller offset. */
bool history_older(const struct user_history *history, int32_t partition, int64_t offset);
/* Takes a user's history (NULL: a tombstone) in place of an earlier one. Says whether it was taken:
 * one that is older than what is there is not. */
bool inbox_put(struct inbox *inbox, struct slice user_id, const struct user_history *history);

#endif
