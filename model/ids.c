#include "base/base.h"
#include "base/arena.h"
#include "base/array.h"
#include "base/hash_index.h"
#include "base/xalloc.h"
#include "model/ids.h"

#include <xxhash.h>

enum { IDS_FIRST = 512, IDS_TEXT_BLOCK = 1 << 16 };

struct entry {
    struct slice text;
    uint64_t hash;
};

struct ids {
    struct entry *entries;
    struct hash_index index; /* by fingerprint */
    struct arena *texts;
    int32_t capacity;
    int32_t count;
    int32_t max;
};

uint64_t ids_fingerprint(struct slice id)
{
    return XXH3_64bits(id.data, id.size);
}

static uint64_t hash_of(const void *ids, uint32_t at)
{
    return ((const struct ids *)ids)->entries[at].hash;
}

struct ids *ids_new(int32_t max)
{
    assert(max > 0);
    struct ids *ids = xcalloc(1, sizeof(*ids));
    ids->max = MIN_OF(max, (int32_t)HASH_INDEX_MAX);
    hash_index_reserve(&ids->index, IDS_FIRST, hash_of, ids);
    ids->texts = arena_new(IDS_TEXT_BLOCK);
    return ids;
}

struct ids *ids_free(struct ids *ids)
{
    if (!ids) { return NULL; }
    arena_free(ids->texts);
    hash_index_release(&ids->index);
    free(ids->entries);
    free(ids);
    return NULL;
}

static bool is_text(const void *ids, uint32_t at, const void *wanted)
{
    const struct entry *entry = &((const struct ids *)ids)->entries[at];
    const struct entry *other = wanted;
    return entry->hash == other->hash && slice_equal(entry->text, other->text);
}

static bool is_hash(const void *ids, uint32_t at, const void *hash)
{
    return ((const struct ids *)ids)->entries[at].hash == *(const uint64_t *)hash;
}

static int32_t append(struct ids *ids, struct slice id, uint64_t hash)
{
    ARRAY_RESERVE(ids->entries, ids->capacity, ids->count + 1, IDS_FIRST);
    char *text = arena_alloc(ids->texts, id.size + 1);
    if (id.size) { memcpy(text, id.data, id.size); }
    text[id.size] = '\0';
    int32_t number = ids->count++;
    ids->entries[number] = (struct entry){.text = slice_of(text, id.size), .hash = hash};
    return number;
}

int32_t ids_put(struct ids *ids, struct slice id)
{
    assert(id.data);
    const struct entry wanted = {.text = id, .hash = ids_fingerprint(id)};
    hash_index_reserve(&ids->index, 1, hash_of, ids);
    uint32_t slot = hash_index_slot(&ids->index, wanted.hash, is_text, ids, &wanted);
    int32_t number = hash_index_get(&ids->index, slot);
    if (number >= 0 || ids->count == ids->max) { return number; }
    number = append(ids, id, wanted.hash);
    hash_index_occupy(&ids->index, slot, (uint32_t)number);
    return number;
}

int32_t ids_find(const struct ids *ids, struct slice id)
{
    assert(id.data);
    const struct entry wanted = {.text = id, .hash = ids_fingerprint(id)};
    return hash_index_find(&ids->index, wanted.hash, is_text, ids, &wanted);
}

int32_t ids_find_hash(const struct ids *ids, uint64_t hash)
{
    return hash_index_find(&ids->index, hash, is_hash, ids, &hash);
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

bool ids_before(const void *ids, int32_t a, int32_t b)
{
    return slice_compare(ids_text(ids, a), ids_text(ids, b)) < 0;
}
