/* The cache has a hash table of chains and one LRU list. The chains go through the users, which are
 * no array: base/hash_index.h would need one of pointers beside them, and with it finding one of
 * 1,000 users took 1.14 times as long.
 *
 * A changed user must not be evicted before its change is committed: the store does not have it
 * yet. So each flush has a number; a user remembers the flush that staged its last change, the task
 * the flush that was committed last. A user may go when it is neither dirty nor touched and its
 * flush is committed. Between commits the cache may therefore exceed bytes_max; the runtime's limit
 * on a batch (held_bytes) bounds by how much.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/hash_index.h"
#include "base/xalloc.h"
#include "features/users.h"

enum { USERS_BUCKETS_FIRST = 1 << 12 };

struct users {
    struct lru order;
    struct user **buckets; /* a power of two of them, at least as many as users */
    size_t buckets_count;
    size_t count;
    size_t bytes;
    size_t bytes_max;
};

struct users *users_new(size_t bytes_max)
{
    struct users *users = xcalloc(1, sizeof(*users));
    lru_init(&users->order);
    users->buckets_count = USERS_BUCKETS_FIRST;
    users->buckets = xcalloc(users->buckets_count, sizeof(*users->buckets));
    users->bytes_max = bytes_max;
    return users;
}

static struct user **chain_link_of(struct users *users, const struct user *user)
{
    struct user **at = &users->buckets[user->hash & (users->buckets_count - 1)];
    while (*at != user) { at = &(*at)->next; }
    return at;
}

void user_empty(struct user *user)
{
    user->archived = 0;
    user->first_item = ID_NONE;
    user->first_offset = -1;
    shown_release(&user->shown);
    searches_release(&user->searches);
    taken_back_release(&user->taken);
    listed_release(&user->listed);
}

void users_drop(struct users *users, struct user *user)
{
    *chain_link_of(users, user) = user->next;
    lru_remove(&user->link);
    assert(users->bytes >= user->bytes);
    users->bytes -= user->bytes;
    users->count--;
    user_empty(user);
    timeline_release(&user->timeline);
    links_release(&user->links);
    free(user);
}

static void drop_all(struct users *users)
{
    for (struct lru_link *link; (link = lru_oldest(&users->order));) {
        users_drop(users, LRU_ENTRY(link, struct user, link));
    }
}

struct users *users_free(struct users *users)
{
    if (!users) { return NULL; }
    drop_all(users);
    free(users->buckets);
    free(users);
    return NULL;
}

struct slice user_id(const struct user *user)
{
    return slice_of(user->id, user->id_size);
}

size_t users_count(const struct users *users)
{
    return users->count;
}

struct user *users_find(struct users *users, const struct changed_users *changed, struct slice id)
{
    uint64_t hash = hash_index_text(id);
    struct user *user = users->buckets[hash & (users->buckets_count - 1)];
    while (user &&
           !(user->hash == hash && user->changed == changed && slice_equal(user_id(user), id))) {
        user = user->next;
    }
    if (user) { lru_use(&users->order, &user->link); }
    return user;
}

static void grow(struct users *users)
{
    size_t old_count = users->buckets_count;
    struct user **old = users->buckets;
    users->buckets_count *= 2;
    users->buckets = xcalloc(users->buckets_count, sizeof(*users->buckets));
    for (size_t i = 0; i < old_count; i++) {
        for (struct user *user = old[i], *next; user; user = next) {
            next = user->next;
            struct user **at = &users->buckets[user->hash & (users->buckets_count - 1)];
            user->next = *at;
            *at = user;
        }
    }
    free(old);
}

struct user *users_add(struct users *users, struct changed_users *changed, struct slice id)
{
    if (users->count == users->buckets_count) { grow(users); }
    struct user *user = xcalloc(1, sizeof(*user) + id.size);
    user->changed = changed;
    user->hash = hash_index_text(id);
    user->id_size = (uint32_t)id.size;
    user->input_offset = -1;
    user->forgotten_ms = FORGOTTEN_NEVER;
    user->first_item = ID_NONE;
    user->first_offset = -1;
    if (id.size) { memcpy(user->id, id.data, id.size); }
    timeline_init(&user->timeline);
    links_init(&user->links);
    struct user **at = &users->buckets[user->hash & (users->buckets_count - 1)];
    user->next = *at;
    *at = user;
    lru_push(&users->order, &user->link);
    users->count++;
    users_measure(users, user);
    return user;
}

void users_measure(struct users *users, struct user *user)
{
    users->bytes -= user->bytes;
    user->bytes = sizeof(*user) + user->id_size + timeline_bytes(&user->timeline) +
                  (size_t)user->shown.capacity * sizeof(*user->shown.at) +
                  (size_t)user->taken.capacity * sizeof(*user->taken.at) +
                  (size_t)user->listed.capacity * sizeof(*user->listed.at) +
                  (size_t)user->searches.capacity * sizeof(*user->searches.at) +
                  links_bytes(&user->links);
    users->bytes += user->bytes;
}

static void append(struct user ***list, size_t *count, size_t *capacity, struct user *user)
{
    ARRAY_RESERVE(*list, *capacity, *count + 1, 64);
    (*list)[(*count)++] = user;
}

void users_changed(struct users *users, struct user *user, size_t grown_bytes)
{
    struct changed_users *changed = user->changed;
    users_measure(users, user);
    user->stored_bytes += grown_bytes;
    changed->dirty_bytes += user->dirty ? grown_bytes : user->stored_bytes;
    if (!user->touched) {
        user->touched = true;
        append(&changed->touched, &changed->touched_count, &changed->touched_capacity, user);
    }
    if (!user->dirty) {
        user->dirty = true;
        append(&changed->dirty, &changed->dirty_count, &changed->dirty_capacity, user);
    }
}

static bool has_changes(const struct user *user)
{
    return user->dirty || user->touched || user->flushed > user->changed->committed;
}

/* Stops at the first user that is not committed. Nearly every use changes a user, so those used
 * after it are rarely committed; the few that are can wait. */
void users_trim(struct users *users)
{
    while (users->bytes > users->bytes_max) {
        struct lru_link *link = lru_oldest(&users->order);
        if (!link) { return; }
        struct user *user = LRU_ENTRY(link, struct user, link);
        if (has_changes(user)) { return; }
        users_drop(users, user);
    }
}

void users_clear(struct users *users)
{
    for (struct lru_link *link = lru_oldest(&users->order); link;
         link = lru_newer(&users->order, link)) {
        assert(!has_changes(LRU_ENTRY(link, struct user, link)));
    }
    drop_all(users);
}

void changed_users_emitted(struct changed_users *changed)
{
    for (size_t i = 0; i < changed->touched_count; i++) { changed->touched[i]->touched = false; }
    changed->touched_count = 0;
}

void changed_users_flushed(struct changed_users *changed)
{
    changed->flushes++;
    for (size_t i = 0; i < changed->dirty_count; i++) {
        changed->dirty[i]->dirty = false;
        changed->dirty[i]->flushed = changed->flushes;
    }
    changed->dirty_count = 0;
    changed->dirty_bytes = 0;
}

void changed_users_committed(struct changed_users *changed)
{
    changed->committed = changed->flushes;
}

void users_forget(struct users *users, struct changed_users *changed)
{
    struct lru_link *link = lru_oldest(&users->order);
    while (link) {
        struct lru_link *newer = lru_newer(&users->order, link);
        struct user *user = LRU_ENTRY(link, struct user, link);
        if (user->changed == changed) { users_drop(users, user); }
        link = newer;
    }
    changed->touched_count = 0;
    changed->dirty_count = 0;
    changed->dirty_bytes = 0;
    changed->committed = changed->flushes;
}

void changed_users_release(struct changed_users *changed)
{
    free(changed->touched);
    free(changed->dirty);
    *changed = (struct changed_users){.touched_count = 0};
}
