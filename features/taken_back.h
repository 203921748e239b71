/* Taken back: which actions of a user no longer count, whether they have come or will come.
 *
 * An entry names an event, or all actions of one kind on one item up to a time. It is kept, so that
 * a repeat of the action, or one that comes later than what takes it back, is not counted. Bounded:
 * the entry that came first is dropped. Open data; init with zeros. One thread.
 */
#ifndef FRESHET_FEATURES_TAKEN_BACK_H
#define FRESHET_FEATURES_TAKEN_BACK_H

#include "base/base.h"

/* The time of an entry that names an event. */
#define TAKEN_BACK_EVENT INT64_MAX

struct taken_back_entry {
    uint64_t hash; /* of the event's id, or of item and kind */
    int64_t time_ms;
};

struct taken_back {
    struct taken_back_entry *at;
    int32_t count;
    int32_t capacity;
};

/* Returns the hash for a kind of action on an item, from the item's fingerprint. */
uint64_t taken_back_hash(uint64_t item_hash, int32_t kind);
/* Adds an entry; false: nothing new is taken back by it. */
bool taken_back_add(struct taken_back *taken, uint64_t hash, int64_t time_ms, int32_t most);
/* Says whether an action does not count. */
bool taken_back_has(const struct taken_back *taken, uint64_t id_hash, uint64_t item_hash,
                    int32_t kind, int64_t time_ms);
/* Frees the entries. */
void taken_back_release(struct taken_back *taken);

#endif
