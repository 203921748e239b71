/* Users: a cache of decoded user states over the store.
 *
 * Process memory, bounded: when it holds more than `bytes_max`, users are evicted, used longest ago
 * first, but only those whose changes are committed. Each task has a *changed*, which knows what of
 * its users is not yet told (touched) and not yet staged (dirty), and how far its commits have
 * come.
 * A user found stays where it is until users_trim(), users_forget() or users_free().
 */
#ifndef FRESHET_FEATURES_USERS_H
#define FRESHET_FEATURES_USERS_H

#include "base/lru.h"
#include "base/slice.h"
#include "model/counting/timeline.h"
#include "schemas/user_state.h"

struct user;

/* One task's users. Open data, kept by its task; init with zeros. */
struct changed_users {
    struct user **touched; /* changed since the last batch() */
    size_t touched_count;
    size_t touched_capacity;
    struct user **dirty; /* changed since the last flush() */
    size_t dirty_count;
    size_t dirty_capacity;
    size_t dirty_bytes; /* that staging the dirty will take, about */
    uint64_t flushes;   /* flushes begun */
    uint64_t committed; /* flushes committed */
};

struct user {
    struct lru_link link;
    struct user *next; /* in its bucket */
    struct changed_users *changed;
    uint64_t hash;
    struct timeline timeline;
    int64_t input_offset; /* of the newest event in it */
    int64_t received_ms;  /* of that event */
    int64_t archived;     /* actions in the archive */
    int64_t forgotten_ms; /* events of this time and before are dropped; FORGOTTEN_NEVER */
    int32_t segments;     /* of the archive */
    int32_t first_item;   /* of the event accepted first: the user is counted there */
    size_t bytes;         /* as counted for the bound */
    size_t stored_bytes;  /* of the encoded state, at most about */
    uint64_t flushed;     /* the flush that staged its last change */
    bool touched;
    bool dirty;
    bool gone_untold; /* was forgotten: a tombstone is due */
    uint32_t id_size;
    char id[];
};

struct users;

/* Makes an empty cache; free with users_free(). */
struct users *users_new(size_t bytes_max);
/* Frees the cache and all users; the changed users must not be used with it afterwards. Takes NULL.
 * */
struct users *users_free(struct users *users);

/* Finds a task's user and makes it the last used; NULL when it is not here. */
struct user *users_find(struct users *users, const struct changed_users *changed, struct slice id);
/* Adds a user that is not here, with an empty timeline. */
struct user *users_add(struct users *users, struct changed_users *changed, struct slice id);
/* Counts a user's timeline anew after it was filled or changed. */
void users_weigh(struct users *users, struct user *user);
/* Notes that a user has changed: to be told, to be staged. The encoded state grew by so much. */
void users_changed(struct users *users, struct user *user, size_t grown_bytes);
/* Takes a user out again that nothing has changed yet. */
void users_drop(struct users *users, struct user *user);
/* Evicts down to the bound what may be evicted. */
void users_trim(struct users *users);
/* Counts the users held. */
size_t users_count(const struct users *users);
/* The user's id; borrowed. */
struct slice user_id(const struct user *user);

/* Empties the list of the touched: all is told. */
void changed_users_told(struct changed_users *changed);
/* Begins a flush: the dirty are staged and may be evicted once that flush is committed. */
void changed_users_flushed(struct changed_users *changed);
/* The last flush is committed. */
void changed_users_committed(struct changed_users *changed);
/* Drops all users of a changed and empties it. */
void users_forget(struct users *users, struct changed_users *changed);
/* Frees the changed's memory, after users_forget(). */
void changed_users_release(struct changed_users *changed);

#endif
