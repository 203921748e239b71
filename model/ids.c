/* Entries are numbered by their place; the index by text holds places, too. The texts stand in an
 * arena, so forgetting some means to copy the others into a new one: ids_retain() does so for many
 * at once, makes the index anew and strings the free places together, as a list through `size`.
 */
#include "base/base.h"
#include "base/arena.h"
#include "base/array.h"
#include "base/hash_index.h"
#include "base/xalloc.h"
#include "model/ids.h"

#include <xxhash.h>

enum { IDS_FIRST = 512, IDS_TEXT_BLOCK = 1 << 16, UNRANKED_SHARE_MAX = 8,
       FOUND_AT_ONCE = 16, UNUSED_LEAST = 1 << 16 /* are kept in any case */ };

struct entry {
    const char *text; /* NULL: forgotten, and `size` is the next free number + 1, or 0 */
    uint32_t size;
    uint32_t mark; /* of the hash in this process: spares most comparisons of texts */
    uint64_t fingerprint;
};

struct ids {
    struct entry *entries;
    struct hash_index index;        /* by text */
    struct hash_index prefixes; /* the first ids with each prefix; made when it is first used */
    bool found_by_prefix;
    struct arena *texts;
    int32_t capacity;
    int32_t count;
    int32_t max;
    int32_t free_count; /* numbers of forgotten ids */
    uint32_t free_first; /* one of them + 1, or 0 */
    int32_t *ranked; /* the first ranked_count numbers, in the order of their texts */
    int32_t *ranks;  /* of these numbers */
    int32_t ranked_count;
};

/* An id that is looked for. */
struct wanted {
    struct slice text;
    uint64_t hash;
};

uint64_t ids_fingerprint(struct slice id)
{
    return XXH3_64bits(id.data, id.size);
}

static struct slice text_of(const struct entry *entry)
{
    return slice_of(entry->text, entry->size);
}

static uint64_t hash_of(const void *ids, uint32_t at)
{
    return hash_index_text(text_of(&((const struct ids *)ids)->entries[at]));
}

static uint64_t prefix_of(const void *ids, uint32_t at)
{
    return ids_prefix(((const struct ids *)ids)->entries[at].fingerprint);
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

static void release(struct ids *ids)
{
    arena_free(ids->texts);
    hash_index_release(&ids->index);
    hash_index_release(&ids->prefixes);
    free(ids->entries);
    free(ids->ranked);
    free(ids->ranks);
}

struct ids *ids_free(struct ids *ids)
{
    if (!ids) { return NULL; }
    release(ids);
    free(ids);
    return NULL;
}

void ids_clear(struct ids *ids)
{
    int32_t max = ids->max;
    release(ids);
    *ids = (struct ids){.max = max, .texts = arena_new(IDS_TEXT_BLOCK)};
}

static bool is_text(const void *ids, uint32_t at, const void *key)
{
    const struct entry *entry = &((const struct ids *)ids)->entries[at];
    const struct wanted *wanted = key;
    bool may_be = entry->mark == (uint32_t)(wanted->hash >> 32);
    return may_be && slice_equal(text_of(entry), wanted->text);
}

static bool has_fingerprint(const void *ids, uint32_t at, const void *key)
{
    return ((const struct ids *)ids)->entries[at].fingerprint == *(const uint64_t *)key;
}

/* The ids with a prefix. */
struct prefixed {
    int32_t *numbers;
    size_t count;
    uint32_t prefix;
};

/* Never stops the search before it is full. */
static bool collect(const void *ids, uint32_t at, const void *key)
{
    struct prefixed *prefixed = *(struct prefixed *const *)key;
    if (prefix_of(ids, at) != prefixed->prefix) { return false; }
    prefixed->numbers[prefixed->count++] = (int32_t)at;
    return prefixed->count == IDS_PREFIXED_MAX;
}

static size_t find_prefix(const struct ids *ids, uint32_t prefix, int32_t *ret_numbers)
{
    struct prefixed prefixed = {.numbers = ret_numbers, .prefix = prefix}, *key = &prefixed;
    (void)hash_index_find(&ids->prefixes, prefix, collect, ids, &key);
    return prefixed.count;
}

/* Ids that were made up to have one prefix would be a long chain: only the first ones are found. */
static void add_prefix(struct ids *ids, int32_t number)
{
    const uint64_t fingerprint = ids->entries[number].fingerprint;
    int32_t numbers[IDS_PREFIXED_MAX];
    size_t count = find_prefix(ids, ids_prefix(fingerprint), numbers);
    for (size_t i = 0; i < count; i++) {
        if (ids->entries[numbers[i]].fingerprint == fingerprint) { return; }
    }
    if (count == IDS_PREFIXED_MAX) { return; }
    hash_index_add(&ids->prefixes, ids_prefix(fingerprint), (uint32_t)number, prefix_of, ids);
}

static void find_by_prefix(struct ids *ids)
{
    if (ids->found_by_prefix) { return; }
    ids->found_by_prefix = true;
    for (int32_t i = 0; i < ids->count; i++) { add_prefix(ids, i); }
}

static const char *copy_text(struct arena *arena, struct slice text)
{
    char *copy = arena_alloc(arena, text.size + 1);
    if (text.size) { memcpy(copy, text.data, text.size); }
    copy[text.size] = '\0';
    return copy;
}

static int32_t next_number(struct ids *ids)
{
    if (!ids->free_first) {
        ARRAY_RESERVE(ids->entries, ids->capacity, ids->count + 1, IDS_FIRST);
        return ids->count++;
    }
    int32_t number = (int32_t)ids->free_first - 1;
    ids->free_first = ids->entries[number].size;
    ids->free_count--;
    return number;
}

static int32_t append(struct ids *ids, const struct wanted *id)
{
    int32_t number = next_number(ids);
    ids->entries[number] = (struct entry){.text = copy_text(ids->texts, id->text),
                                          .size = (uint32_t)id->text.size,
                                          .mark = (uint32_t)(id->hash >> 32),
                                          .fingerprint = ids_fingerprint(id->text)};
    if (ids->found_by_prefix) { add_prefix(ids, number); }
    return number;
}

int32_t ids_room(const struct ids *ids)
{
    return ids->max - ids->count + ids->free_count;
}

void ids_retain(struct ids *ids, bool (*keeps)(const void *arg, int32_t number), const void *arg)
{
    assert(!ids->ranked_count && !ids->found_by_prefix);
    struct arena *texts = arena_new(IDS_TEXT_BLOCK);
    hash_index_clear(&ids->index); /* it stays wide: numbers may be great, however few stay */
    ids->free_count = 0;
    ids->free_first = 0;
    for (int32_t i = ids->count - 1; i >= 0; i--) {
        struct entry *entry = &ids->entries[i];
        if (entry->text && keeps(arg, i)) {
            entry->text = copy_text(texts, text_of(entry));
            hash_index_add(&ids->index, hash_of(ids, (uint32_t)i), (uint32_t)i, hash_of, ids);
            continue;
        }
        *entry = (struct entry){.size = ids->free_first};
        ids->free_first = (uint32_t)i + 1;
        ids->free_count++;
    }
    arena_free(ids->texts);
    ids->texts = texts;
}

void ids_forget_unused(struct ids *ids, size_t used,
                       bool (*keeps)(const void *arg, int32_t number), const void *arg)
{
    const size_t most = (size_t)ids->max, known = most - (size_t)ids_room(ids);
    const size_t unused = known > used ? known - used : 0;
    bool many = unused > MAX_OF(used, (size_t)UNUSED_LEAST);
    bool needed = known + UNUSED_LEAST > most && unused > most / 16;
    if (many || needed) { ids_retain(ids, keeps, arg); }
}

int32_t ids_put(struct ids *ids, struct slice id)
{
    assert(id.data);
    const struct wanted wanted = {.text = id, .hash = hash_index_text(id)};
    hash_index_reserve(&ids->index, 1, hash_of, ids);
    uint32_t slot = hash_index_slot(&ids->index, wanted.hash, is_text, ids, &wanted);
    int32_t number = hash_index_get(&ids->index, slot);
    if (number >= 0 || !ids_room(ids)) { return number; }
    number = append(ids, &wanted);
    hash_index_occupy(&ids->index, slot, (uint32_t)number);
    return number;
}

int32_t ids_find(const struct ids *ids, struct slice id)
{
    assert(id.data);
    const struct wanted wanted = {.text = id, .hash = hash_index_text(id)};
    return hash_index_find(&ids->index, wanted.hash, is_text, ids, &wanted);
}

/* Finds some texts in three steps, each of which asks the cache for what the next one reads. */
static void find_some(const struct ids *ids, const struct slice *texts, size_t count,
                      int32_t *ret_numbers)
{
    struct wanted wanted[FOUND_AT_ONCE];
    for (size_t k = 0; k < count; k++) {
        assert(texts[k].data);
        wanted[k] = (struct wanted){.text = texts[k], .hash = hash_index_text(texts[k])};
        hash_index_prefetch(&ids->index, hash_index_home(&ids->index, wanted[k].hash));
    }
    for (size_t k = 0; k < count; k++) {
        int32_t at = hash_index_get(&ids->index, hash_index_home(&ids->index, wanted[k].hash));
        if (at >= 0) { __builtin_prefetch(&ids->entries[at]); }
        ret_numbers[k] = at;
    }
    for (size_t k = 0; k < count; k++) {
        if (ret_numbers[k] >= 0) { __builtin_prefetch(ids->entries[ret_numbers[k]].text); }
    }
    for (size_t k = 0; k < count; k++) {
        ret_numbers[k] = hash_index_find(&ids->index, wanted[k].hash, is_text, ids, &wanted[k]);
    }
}

void ids_find_many(const struct ids *ids, const struct slice *texts, size_t count,
                   int32_t *ret_numbers)
{
    for (size_t k = 0; k < count && !ids->index.count; k++) { ret_numbers[k] = ID_NONE; }
    for (size_t k = 0; k < count && ids->index.count; k += FOUND_AT_ONCE) {
        find_some(ids, texts + k, MIN_OF(count - k, (size_t)FOUND_AT_ONCE), ret_numbers + k);
    }
}

int32_t ids_find_hash(struct ids *ids, uint64_t hash)
{
    find_by_prefix(ids);
    return hash_index_find(&ids->prefixes, ids_prefix(hash), has_fingerprint, ids, &hash);
}

size_t ids_find_prefix(struct ids *ids, uint32_t prefix,
                       int32_t ret_numbers[static IDS_PREFIXED_MAX])
{
    find_by_prefix(ids);
    return find_prefix(ids, prefix, ret_numbers);
}

struct slice ids_text(const struct ids *ids, int32_t number)
{
    assert(number >= 0 && number < ids->count && ids->entries[number].text);
    return text_of(&ids->entries[number]);
}

uint64_t ids_hash(const struct ids *ids, int32_t number)
{
    assert(number >= 0 && number < ids->count);
    return ids->entries[number].fingerprint;
}

int32_t ids_count(const struct ids *ids)
{
    return ids->count;
}

static inline bool text_before(const struct ids *ids, int32_t a, int32_t b)
{
    return slice_compare(text_of(&ids->entries[a]), text_of(&ids->entries[b])) < 0;
}

static int compare_texts(const void *a, const void *b, void *ids)
{
    const struct entry *entries = ((const struct ids *)ids)->entries;
    return slice_compare(text_of(&entries[*(const int32_t *)a]),
                         text_of(&entries[*(const int32_t *)b]));
}

/* Merges two sorted lists, the second one at the end of `into`. */
static void merge(const struct ids *ids, const int32_t *at, int32_t count, const int32_t *newer,
                  int32_t newer_count, int32_t *into)
{
    int32_t left = 0, right = 0, to = 0;
    while (left < count && right < newer_count) {
        into[to++] = text_before(ids, newer[right], at[left]) ? newer[right++] : at[left++];
    }
    while (left < count) { into[to++] = at[left++]; }
    while (right < newer_count) { into[to++] = newer[right++]; }
}

void ids_rank_all(struct ids *ids)
{
    int32_t newer_count = ids->count - ids->ranked_count;
    if (!newer_count) { return; }
    _cleanup_(xfreep) int32_t *newer = xcalloc((size_t)newer_count, sizeof(*newer));
    int32_t *all = xcalloc((size_t)ids->count, sizeof(*all));
    for (int32_t i = 0; i < newer_count; i++) { newer[i] = ids->ranked_count + i; }
    qsort_r(newer, (size_t)newer_count, sizeof(*newer), compare_texts, ids);
    merge(ids, ids->ranked, ids->ranked_count, newer, newer_count, all);
    free(ids->ranked);
    ids->ranked = all;
    ids->ranked_count = ids->count;
    ids->ranks = xreallocarray(ids->ranks, (size_t)ids->count, sizeof(*ids->ranks));
    for (int32_t i = 0; i < ids->count; i++) { ids->ranks[all[i]] = i; }
}

void ids_rank_often(struct ids *ids)
{
    if (ids_unranked(ids) > ids->count / UNRANKED_SHARE_MAX) { ids_rank_all(ids); }
}

int32_t ids_unranked(const struct ids *ids)
{
    return ids->count - ids->ranked_count;
}

int32_t ids_rank(const struct ids *ids, int32_t number)
{
    return number < ids->ranked_count ? ids->ranks[number] : ID_NONE;
}

bool ids_before(const void *arg, int32_t a, int32_t b)
{
    const struct ids *ids = arg;
    if (a < ids->ranked_count && b < ids->ranked_count) { return ids->ranks[a] < ids->ranks[b]; }
    return slice_compare(ids_text(ids, a), ids_text(ids, b)) < 0;
}
