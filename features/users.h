/* Users: a write-back cache of decoded user states over the store, for all tasks of the process.
 *
 * Bounded: above `bytes_max`, the least recently used users are evicted, but only users whose
 * changes are committed. Each task has a struct changed_users: which of its users have a history
 * that is not emitted (touched) or a state that is not staged (dirty), and which flushes are
 * committed. A pointer to a user is valid until users_trim(), users_drop(), users_forget() or
 * users_free(). One thread.
 */
#ifndef FRESHET_FEATURES_USERS_H
#define FRESHET_FEATURES_USERS_H

#include "base/lru.h"
#include "base/slice.h"
#include "features/links.h"
#include "features/listed.h"
#include "features/searches.h"
#include "features/shown.h"
#include "features/taken_back.h"
#include "model/counting/timeline.h"
#include "schemas/user_state.h"

struct user;

/* The changed users of one task. Open data, embedded in the task's state; init with zeros. */
struct changed_users {
    struct user **touched; /* changed since the last batch */
    size_t touched_count;
    size_t touched_capacity;
    struct user **dirty; /* changed since the last flush */
    size_t dirty_count;
    size_t dirty_capacity;
    size_t dirty_bytes; /* estimate of what staging them will take */
    uint64_t flushes;   /* flushes begun */
    uint64_t committed; /* flushes committed */
};

struct user {
    struct lru_link link;
    struct user *next; /* in its bucket */
    struct changed_users *changed;
    uint64_t hash;
    struct timeline timeline;
    struct shown shown;
    struct searches searches;
    struct taken_back taken;
    struct listed listed;
    struct links links;
    int64_t input_offset; /* of the event that was added last */
    int64_t received_ms;  /* of that event */
    int64_t archived;     /* actions in the archive */
    int64_t forgotten_ms; /* events of this time and before are dropped; FORGOTTEN_NEVER */
    int32_t segments;     /* of the archive */
    int32_t first_item;   /* of the first accepted event: the user is counted on it */
    int64_t first_offset; /* of that event; -1: not known, or there is none */
    size_t bytes;         /* as counted against bytes_max */
    size_t stored_bytes;  /* of the encoded state; about, at most */
    uint64_t flushed;     /* the flush that staged its last change */
    bool touched;
    bool dirty;
    bool erased; /* and has not come back: all that is kept is a marker */
    bool tombstone_due; /* has no action left, and readers have not been sent the tombstone */
    uint32_t id_size;
    char id[];
};

/* Drops what is kept of a user's events, but for the timeline and the links. */
void user_empty(struct user *user);

struct users;

/* Makes an empty cache; free with users_free(). */
struct users *users_new(size_t bytes_max);
/* Frees the cache and all users; the tasks' changed_users must not be used with it afterwards.
 * Takes NULL; returns NULL. */
struct users *users_free(struct users *users);

/* Finds a task's user and makes it the most recently used; NULL when it is not cached. */
struct user *users_find(struct users *users, const struct changed_users *changed, struct slice id);
/* Adds a user that is not cached, with an empty timeline. */
struct user *users_add(struct users *users, struct changed_users *changed, struct slice id);
/* Measures a user's memory again, after the timeline was filled or changed. */
void users_measure(struct users *users, struct user *user);
/* Marks a user as changed (touched and dirty). The encoded state grew by grown_bytes. */
void users_changed(struct users *users, struct user *user, size_t grown_bytes);
/* Removes a user that has no changes. */
void users_drop(struct users *users, struct user *user);
/* Evicts committed users down to bytes_max. */
void users_trim(struct users *users);
/* Drops all users, of all tasks; none may have changes. */
void users_clear(struct users *users);
/* Counts the cached users. */
size_t users_count(const struct users *users);
/* Returns the user's id; borrowed. */
struct slice user_id(const struct user *user);

/* Empties the list of touched users: their histories were emitted. */
void changed_users_emitted(struct changed_users *changed);
/* Ends a flush: the dirty users have been staged, and may be evicted once it is committed. */
void changed_users_flushed(struct changed_users *changed);
/* Records that the last flush is committed. */
void changed_users_committed(struct changed_users *changed);
/* Drops all users of a task, and forgets its changes: they were rolled back or the task closes. */
void users_forget(struct users *users, struct changed_users *changed);
/* Frees the memory, after users_forget(). */
void changed_users_release(struct changed_users *changed);

#endif
