#include "base/base.h"
#include "base/xalloc.h"
#include "sequence/roll.h"

enum { NAMES_FIRST = 32, SHARED_LEAST = 2 };

_Static_assert((int)ROLL_NONE == (int)HASH_INDEX_NONE, "what is not found has one name");

/* ---- Names ---- */

static uint64_t hash_of(const void *names, uint32_t at)
{
    return ((const struct roll_names *)names)->hashes[at];
}

static bool is(const void *names, uint32_t at, const void *hash)
{
    return ((const struct roll_names *)names)->hashes[at] == *(const uint64_t *)hash;
}

int32_t roll_find(const struct roll_names *names, uint64_t hash)
{
    return hash_index_find(&names->index, hash, is, names, &hash);
}

static void names_add(struct roll_names *names, uint64_t hash)
{
    if (roll_find(names, hash) != ROLL_NONE) { return; }
    if (names->count == names->capacity) {
        names->capacity = MAX_OF(names->capacity * 2, (uint32_t)NAMES_FIRST);
        names->hashes = xreallocarray(names->hashes, names->capacity, sizeof(*names->hashes));
    }
    names->hashes[names->count] = hash;
    hash_index_add(&names->index, hash, names->count++, hash_of, names);
}

void roll_names_release(struct roll_names *names)
{
    free(names->hashes);
    hash_index_release(&names->index);
    *names = (struct roll_names){0};
}

void roll_names_copy(const struct roll_names *names, struct roll_names *ret_names)
{
    *ret_names = (struct roll_names){0};
    for (uint32_t i = 0; i < names->count; i++) { names_add(ret_names, names->hashes[i]); }
}

/* ---- What is new ---- */

static int compare_hashes(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

/* The attributes that enough items have, each once, by fingerprint; the caller frees. */
static uint64_t *shared_traits(const struct pool_traits *traits, size_t *ret_count)
{
    size_t total = traits->starts[traits->items], kept = 0;
    uint64_t *sorted = xcalloc(total + 1, sizeof(*sorted));
    if (total) { memcpy(sorted, traits->at, total * sizeof(*sorted)); }
    qsort(sorted, total, sizeof(*sorted), compare_hashes);
    for (size_t i = 0; i < total;) {
        size_t end = i;
        while (end < total && sorted[end] == sorted[i]) { end++; }
        uint64_t hash = sorted[i];
        if (end - i >= SHARED_LEAST) { sorted[kept++] = hash; }
        i = end;
    }
    *ret_count = kept;
    return sorted;
}

void roll_init(struct roll *roll, struct pool *pool, uint32_t items_max)
{
    struct pool_traits traits;
    size_t shared;
    pool_traits(pool, &traits);
    free(shared_traits(&traits, &shared));
    pool_traits_release(&traits);
    *roll = (struct roll){.items_max = items_max};
    roll->traits_max = (uint32_t)MAX_OF(2 * shared, (size_t)ROLL_TRAITS_LEAST);
}

void roll_release(struct roll *roll)
{
    roll_names_release(&roll->items);
    roll_names_release(&roll->traits);
    free(roll->numbers);
    *roll = (struct roll){0};
}

static void call_traits(struct roll *roll, const struct pool_traits *traits)
{
    size_t count;
    uint64_t *shared = shared_traits(traits, &count);
    for (size_t i = 0; i < count && roll->traits.count < roll->traits_max; i++) {
        names_add(&roll->traits, shared[i]);
    }
    free(shared);
}

static void call_items(struct roll *roll, struct pool *pool, const struct pool_traits *traits,
                       const uint64_t *hashes, size_t count)
{
    uint64_t *arriving = xcalloc(count + 1, sizeof(*arriving));
    uint8_t *acted = xcalloc(count + 1, 1);
    size_t arrived = 0;
    pool_acted(pool, acted, count);
    for (size_t i = 0; i < count; i++) {
        bool described = i < traits->items && traits->starts[i + 1] > traits->starts[i];
        bool wanted = acted[i] || described;
        if (wanted && roll_find(&roll->items, hashes[i]) == ROLL_NONE) {
            arriving[arrived++] = hashes[i];
        }
    }
    qsort(arriving, arrived, sizeof(*arriving), compare_hashes);
    for (size_t i = 0; i < arrived; i++) {
        if (roll->items.count == roll->items_max) {
            roll->over_max = (int64_t)(arrived - i);
            break;
        }
        names_add(&roll->items, arriving[i]);
    }
    free(arriving);
    free(acted);
}

bool roll_call(struct roll *roll, struct pool *pool)
{
    struct pool_traits traits;
    size_t count;
    uint64_t version = pool_version(pool);
    if (version == roll->version) { return false; }
    pool_traits(pool, &traits);
    uint64_t *hashes = pool_hashes(pool, &count);
    call_traits(roll, &traits);
    call_items(roll, pool, &traits, hashes, count);
    roll->numbers = xreallocarray(roll->numbers, count + 1, sizeof(*roll->numbers));
    for (size_t i = 0; i < count; i++) { roll->numbers[i] = roll_find(&roll->items, hashes[i]); }
    roll->numbers_count = count;
    roll->version = version;
    free(hashes);
    pool_traits_release(&traits);
    return true;
}

/* ---- The model ---- */

static size_t add_traits(const struct roll *roll, const struct pool_traits *traits, size_t item,
                         int32_t *to)
{
    size_t count = 0;
    for (size_t k = traits->starts[item]; k < traits->starts[item + 1]; k++) {
        int32_t number = roll_find(&roll->traits, traits->at[k]);
        bool twice = number == ROLL_NONE;
        for (size_t i = 0; i < count && !twice; i++) { twice = to[i] == number; }
        if (!twice) { to[count++] = number; }
    }
    return count;
}

static void teach_traits(const struct roll *roll, struct pool *pool, struct transformer *model)
{
    struct pool_traits traits;
    pool_traits(pool, &traits);
    size_t items = roll->items.count;
    int32_t *pooled = xcalloc(items + 1, sizeof(*pooled)); /* the model's item -> the pool's + 1 */
    for (size_t i = 0; i < roll->numbers_count && i < traits.items; i++) {
        if (roll->numbers[i] != ROLL_NONE) { pooled[roll->numbers[i]] = (int32_t)i + 1; }
    }
    size_t *starts = xcalloc(items + 1, sizeof(*starts));
    int32_t *ids = xcalloc(traits.starts[traits.items] + 1, sizeof(*ids));
    for (size_t i = 0, at = 0; i < items; i++) {
        if (pooled[i]) { at += add_traits(roll, &traits, (size_t)pooled[i] - 1, ids + at); }
        starts[i + 1] = at;
    }
    transformer_set_attributes(model, starts, ids);
    free(starts);
    free(ids);
    free(pooled);
    pool_traits_release(&traits);
}

void roll_teach(const struct roll *roll, struct pool *pool, struct transformer *model)
{
    transformer_grow(model, roll->items.count);
    if (roll->traits.count) { teach_traits(roll, pool, model); }
}

int32_t roll_number(const struct roll *roll, int32_t item)
{
    return (size_t)item < roll->numbers_count ? roll->numbers[item] : ROLL_NONE;
}

size_t roll_translate(const struct roll *roll, int32_t *items, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        int32_t number = roll_number(roll, items[i]);
        if (number != ROLL_NONE) { items[kept++] = number; }
    }
    return kept;
}

/* ---- Bytes ---- */

static void save_names(const struct roll_names *names, struct buf *buf)
{
    buf_append(buf, &names->count, sizeof(names->count));
    buf_append(buf, names->hashes, names->count * sizeof(*names->hashes));
}

static bool load_names(struct roll_names *names, const char **at, const char *end)
{
    uint32_t count;
    if ((size_t)(end - *at) < sizeof(count)) { return false; }
    memcpy(&count, *at, sizeof(count));
    *at += sizeof(count);
    if ((size_t)(end - *at) / sizeof(uint64_t) < count) { return false; }
    for (uint32_t i = 0; i < count; i++) {
        uint64_t hash;
        memcpy(&hash, *at, sizeof(hash));
        *at += sizeof(hash);
        names_add(names, hash);
    }
    return names->count == count; /* none twice */
}

void roll_save(const struct roll *roll, struct buf *buf)
{
    buf_append(buf, &roll->traits_max, sizeof(roll->traits_max));
    save_names(&roll->traits, buf);
    save_names(&roll->items, buf);
}

bool roll_load(struct roll *roll, const char **at, const char *end, uint32_t items_max)
{
    *roll = (struct roll){.items_max = items_max};
    bool good = (size_t)(end - *at) >= sizeof(roll->traits_max);
    if (good) {
        memcpy(&roll->traits_max, *at, sizeof(roll->traits_max));
        *at += sizeof(roll->traits_max);
        good = load_names(&roll->traits, at, end) && load_names(&roll->items, at, end) &&
               roll->traits.count <= roll->traits_max;
    }
    if (!good) { roll_release(roll); }
    return good;
}
