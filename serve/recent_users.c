/* A user has a slot with RECENT_ITEMS entries, each in the list of its item: an item's list is
 * linked through the entries, with the one of the user who acted last at its head. Slots are in the
 * order of use. Items are told apart by their fingerprints, which have 64 bits.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/hash_index.h"
#include "base/lru.h"
#include "base/xalloc.h"
#include "model/ids.h"
#include "serve/recent_users.h"

#include <pthread.h>

enum { NO_ENTRY = -1, FIRST = 256 };

struct slot {
    struct lru_link link;
    char *id; /* NULL: the slot is free */
    uint32_t id_size;
    uint32_t entries_count;
    int32_t next_free;
};

struct entry {
    int32_t item, newer, older; /* item: a number of `items` */
};

struct item_users {
    uint64_t fingerprint;
    int32_t newest; /* entry; of an item that is not in use, the next such item */
};

struct recent_users {
    pthread_mutex_t lock;
    size_t most, count;
    struct slot *slots;    /* `most` of them: links must not move */
    struct entry *entries; /* RECENT_ITEMS a slot */
    struct item_users *items;
    size_t items_count, items_capacity;
    int32_t free_item, free_slot;
    struct hash_index users_index, items_index;
    struct lru order;
};

struct recent_users *recent_users_new(size_t most)
{
    struct recent_users *users = xcalloc(1, sizeof(*users));
    pthread_mutex_init(&users->lock, NULL);
    users->most = most;
    users->slots = xcalloc(MAX_OF(most, (size_t)1), sizeof(*users->slots));
    users->entries = xcalloc(MAX_OF(most, (size_t)1), RECENT_ITEMS * sizeof(*users->entries));
    users->free_item = users->free_slot = NO_ENTRY;
    hash_index_init(&users->users_index, 1);
    hash_index_init(&users->items_index, 2);
    lru_init(&users->order);
    return users;
}

struct recent_users *recent_users_free(struct recent_users *users)
{
    if (!users) { return NULL; }
    for (size_t s = 0; s < users->count; s++) { free(users->slots[s].id); }
    free(users->slots);
    free(users->entries);
    free(users->items);
    hash_index_release(&users->users_index);
    hash_index_release(&users->items_index);
    pthread_mutex_destroy(&users->lock);
    free(users);
    return NULL;
}

/* ---- Keys of the indexes ---- */

static struct slice slot_id(const struct slot *slot)
{
    return slice_of(slot->id, slot->id_size);
}

static uint64_t hash_of_user(const void *owner, uint32_t at)
{
    const struct recent_users *users = owner;
    return hash_index_text(slot_id(&users->slots[at]));
}

static bool is_user(const void *owner, uint32_t at, const void *key)
{
    const struct recent_users *users = owner;
    const struct slice *id = key;
    return slice_equal(slot_id(&users->slots[at]), *id);
}

static uint64_t hash_of_item(const void *owner, uint32_t at)
{
    const struct recent_users *users = owner;
    return users->items[at].fingerprint;
}

static bool is_item(const void *owner, uint32_t at, const void *key)
{
    const struct recent_users *users = owner;
    return users->items[at].fingerprint == *(const uint64_t *)key;
}

/* ---- Entries ---- */

static int32_t find_item(const struct recent_users *users, uint64_t fingerprint)
{
    return hash_index_find(&users->items_index, fingerprint, is_item, users, &fingerprint);
}

static int32_t add_item(struct recent_users *users, uint64_t fingerprint)
{
    int32_t item = users->free_item;
    if (item == NO_ENTRY) {
        ARRAY_RESERVE(users->items, users->items_capacity, users->items_count + 1, FIRST);
        item = (int32_t)users->items_count++;
    } else {
        users->free_item = users->items[item].newest;
    }
    users->items[item] = (struct item_users){fingerprint, NO_ENTRY};
    hash_index_add(&users->items_index, fingerprint, (uint32_t)item, hash_of_item, users);
    return item;
}

/* Adds an entry at the head of its item's list. */
static void link_entry(struct recent_users *users, int32_t at, uint64_t fingerprint)
{
    int32_t item = find_item(users, fingerprint);
    if (item < 0) { item = add_item(users, fingerprint); }
    int32_t head = users->items[item].newest;
    users->entries[at] = (struct entry){.item = item, .newer = NO_ENTRY, .older = head};
    if (head != NO_ENTRY) { users->entries[head].newer = at; }
    users->items[item].newest = at;
}

static void unlink_entry(struct recent_users *users, int32_t at)
{
    const struct entry *entry = &users->entries[at];
    struct item_users *item = &users->items[entry->item];
    if (entry->older != NO_ENTRY) { users->entries[entry->older].newer = entry->newer; }
    if (entry->newer != NO_ENTRY) {
        users->entries[entry->newer].older = entry->older;
        return;
    }
    item->newest = entry->older;
    if (item->newest != NO_ENTRY) { return; }
    hash_index_remove(&users->items_index, item->fingerprint, (uint32_t)entry->item, hash_of_item,
                      users);
    item->newest = users->free_item;
    users->free_item = entry->item;
}

static void unlink_entries(struct recent_users *users, size_t slot)
{
    for (size_t k = 0; k < users->slots[slot].entries_count; k++) {
        unlink_entry(users, (int32_t)(slot * RECENT_ITEMS + k));
    }
    users->slots[slot].entries_count = 0;
}

/* ---- Users ---- */

static int32_t find_user(const struct recent_users *users, struct slice user)
{
    return hash_index_find(&users->users_index, hash_index_text(user), is_user, users, &user);
}

/* Frees a slot; the next user gets it. */
static void forget(struct recent_users *users, size_t at)
{
    struct slot *slot = &users->slots[at];
    unlink_entries(users, at);
    hash_index_remove(&users->users_index, hash_index_text(slot_id(slot)), (uint32_t)at,
                      hash_of_user, users);
    free(slot->id);
    slot->id = NULL;
    lru_remove(&slot->link);
    slot->next_free = users->free_slot;
    users->free_slot = (int32_t)at;
}

/* Returns a free slot; when there is none, the user who has not acted for longest is forgotten. */
static size_t take_slot(struct recent_users *users)
{
    if (users->free_slot == NO_ENTRY && users->count < users->most) { return users->count++; }
    if (users->free_slot == NO_ENTRY) {
        const struct slot *oldest = LRU_ENTRY(lru_oldest(&users->order), struct slot, link);
        forget(users, (size_t)(oldest - users->slots));
    }
    size_t at = (size_t)users->free_slot;
    users->free_slot = users->slots[at].next_free;
    return at;
}

static size_t add_user(struct recent_users *users, struct slice user)
{
    size_t at = take_slot(users);
    struct slot *slot = &users->slots[at];
    slot->id = xcalloc(1, user.size + 1);
    memcpy(slot->id, user.data, user.size);
    slot->id_size = (uint32_t)user.size;
    hash_index_add(&users->users_index, hash_index_text(user), (uint32_t)at, hash_of_user, users);
    lru_push(&users->order, &slot->link);
    return at;
}

static void add_entries(struct recent_users *users, size_t at, const struct user_history *history)
{
    uint64_t known[RECENT_ITEMS];
    struct slot *slot = &users->slots[at];
    for (size_t k = history->items.count; k-- > 0 && slot->entries_count < RECENT_ITEMS;) {
        uint64_t fingerprint = ids_fingerprint(history->items.at[k]);
        bool present = false;
        for (size_t i = 0; i < slot->entries_count; i++) { present |= known[i] == fingerprint; }
        if (present || history->weights.at[k] <= 0.0F) { continue; }
        known[slot->entries_count] = fingerprint;
        link_entry(users, (int32_t)(at * RECENT_ITEMS + slot->entries_count++), fingerprint);
    }
}

void recent_users_put(struct recent_users *users, struct slice user,
                      const struct user_history *history)
{
    if (!users->most) { return; }
    pthread_mutex_lock(&users->lock);
    int32_t found = find_user(users, user);
    if (found >= 0) {
        unlink_entries(users, (size_t)found);
        lru_use(&users->order, &users->slots[found].link);
    }
    size_t at = found >= 0 ? (size_t)found : add_user(users, user);
    add_entries(users, at, history);
    pthread_mutex_unlock(&users->lock);
}

void recent_users_remove(struct recent_users *users, struct slice user)
{
    pthread_mutex_lock(&users->lock);
    int32_t at = find_user(users, user);
    if (at >= 0) { forget(users, (size_t)at); }
    pthread_mutex_unlock(&users->lock);
}

/* ---- Finding ---- */

static size_t copy_newest(const struct recent_users *users, struct arena *arena,
                          struct slice *ret_users, size_t most)
{
    size_t count = 0;
    const struct lru_link *head = &users->order.head;
    for (const struct lru_link *at = head->older; at != head && count < most; at = at->older) {
        const struct slot *slot =
            (const struct slot *)(const void *)((const char *)at - offsetof(struct slot, link));
        ret_users[count++] = arena_copy(arena, slot_id(slot));
    }
    return count;
}

size_t recent_users_find(struct recent_users *users, struct slice item, struct arena *arena,
                         struct slice *ret_users, size_t most)
{
    size_t count = 0;
    pthread_mutex_lock(&users->lock);
    if (item.data) {
        int32_t number = find_item(users, ids_fingerprint(item));
        int32_t at = number >= 0 ? users->items[number].newest : NO_ENTRY;
        for (; at != NO_ENTRY && count < most; at = users->entries[at].older) {
            const struct slot *slot = &users->slots[at / RECENT_ITEMS];
            ret_users[count++] = arena_copy(arena, slot_id(slot));
        }
    } else {
        count = copy_newest(users, arena, ret_users, most);
    }
    pthread_mutex_unlock(&users->lock);
    return count;
}

void recent_users_each(struct recent_users *users,
                       void (*each)(void *arg, struct slice user, const uint64_t *items,
                                    size_t count),
                       void *arg)
{
    uint64_t items[RECENT_ITEMS];
    pthread_mutex_lock(&users->lock);
    for (size_t s = 0; s < users->count; s++) {
        const struct slot *slot = &users->slots[s];
        if (!slot->id) { continue; }
        for (size_t k = 0; k < slot->entries_count; k++) {
            items[k] = users->items[users->entries[s * RECENT_ITEMS + k].item].fingerprint;
        }
        each(arg, slot_id(slot), items, slot->entries_count);
    }
    pthread_mutex_unlock(&users->lock);
}
