#include "base/base.h"
#include "base/arena.h"
#include "base/xalloc.h"
#include "model/ids.h"

#include <xxhash.h>

enum { IDS_SLOTS_FIRST = 1024, IDS_TEXT_BLOCK = 1 << 16 };

struct entry {
    struct slice text;
    uint64_t hash;
};

struct ids {
    struct entry *entries;
    int32_t *slots; /* open addressing, a power of two of them, at most half full */
    struct arena *texts;
    size_t slots_count;
    int32_t capacity;
    int32_t count;
    int32_t max;
};

uint64_t ids_fingerprint(struct slice id)
{
    return XXH3_64bits(id.data, id.size);
}

struct ids *ids_new(int32_t max)
{
    assert(max > 0);
    struct ids *ids = xcalloc(1, sizeof(*ids));
    ids->max = max;
    ids->slots_count = IDS_SLOTS_FIRST;
    ids->slots = xmalloc(ids->slots_count * sizeof(*ids->slots));
    memset(ids->slots, 0xff, ids->slots_count * sizeof(*ids->slots));
    ids->texts = arena_new(IDS_TEXT_BLOCK);
    return ids;
}

struct ids *ids_free(struct ids *ids)
{
    if (!ids) { return NULL; }
    arena_free(ids->texts);
    free(ids->slots);
    free(ids->entries);
    free(ids);
    return NULL;
}

static void place(struct ids *ids, uint64_t hash, int32_t number)
{
    size_t slot = hash & (ids->slots_count - 1);
    while (ids->slots[slot] != ID_NONE) { slot = (slot + 1) & (ids->slots_count - 1); }
    ids->slots[slot] = number;
}

static void grow_slots(struct ids *ids)
{
    ids->slots_count *= 2;
    ids->slots = xreallocarray(ids->slots, ids->slots_count, sizeof(*ids->slots));
    memset(ids->slots, 0xff, ids->slots_count * sizeof(*ids->slots));
    for (int32_t i = 0; i < ids->count; i++) { place(ids, ids->entries[i].hash, i); }
}

static int32_t add(struct ids *ids, struct slice id, uint64_t hash)
{
    if (ids->count == ids->max) { return ID_NONE; }
    if (ids->count == ids->capacity) {
        ids->capacity = ids->capacity ? ids->capacity * 2 : IDS_SLOTS_FIRST / 2;
        ids->entries = xreallocarray(ids->entries, (size_t)ids->capacity, sizeof(*ids->entries));
    }
    char *text = arena_alloc(ids->texts, id.size + 1);
    if (id.size) { memcpy(text, id.data, id.size); }
    text[id.size] = '\0';
    int32_t number = ids->count++;
    ids->entries[number] = (struct entry){.text = slice_of(text, id.size), .hash = hash};
    if ((size_t)ids->count * 2 > ids->slots_count) {
        grow_slots(ids);
    } else {
        place(ids, hash, number);
    }
    return number;
}

static int32_t find(const struct ids *ids, struct slice id, uint64_t hash)
{
    for (size_t slot = hash & (ids->slots_count - 1);; slot = (slot + 1) & (ids->slots_count - 1)) {
        int32_t number = ids->slots[slot];
        if (number == ID_NONE) { return ID_NONE; }
        const struct entry *entry = &ids->entries[number];
        if (entry->hash == hash && slice_equal(entry->text, id)) { return number; }
    }
}

int32_t ids_put(struct ids *ids, struct slice id)
{
    assert(id.data);
    uint64_t hash = ids_fingerprint(id);
    int32_t number = find(ids, id, hash);
    return number != ID_NONE ? number : add(ids, id, hash);
}

int32_t ids_find(const struct ids *ids, struct slice id)
{
    assert(id.data);
    return find(ids, id, ids_fingerprint(id));
}

int32_t ids_find_hash(const struct ids *ids, uint64_t hash)
{
    for (size_t slot = hash & (ids->slots_count - 1);; slot = (slot + 1) & (ids->slots_count - 1)) {
        int32_t number = ids->slots[slot];
        if (number == ID_NONE || ids->entries[number].hash == hash) { return number; }
    }
}

struct slice ids_text(const struct ids *ids, int32_t number)
{
    assert(number >= 0 && number < ids->count);
    return ids->entries[number].text;
}

uint64_t ids_hash(const struct ids *ids, int32_t number)
{
    assert(number >= 0 && number < ids->count);
    return ids->entries[number].hash;
}

int32_t ids_count(const struct ids *ids)
{
    return ids->count;
}
