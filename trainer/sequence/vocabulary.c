/* An update finds what is new in the training set and gives it the next numbers, in the order of
 * the fingerprints. Where there are more new items than numbers, they are ranked first, which takes
 * a pass over all sequences. Numbers are never taken back: they are rows of the model. So a
 * vocabulary whose numbers went to items that should have less of a right says so (`crowded`), and
 * the next training run begins with a new one.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "trainer/sequence/vocabulary.h"

enum { NAMES_FIRST = 32, SHARED_MIN = 2 };

_Static_assert((int)VOCABULARY_NONE == (int)HASH_INDEX_NONE, "both mean: not found");

/* ---- Names ---- */

static uint64_t hash_of(const void *names, uint32_t at)
{
    return ((const struct vocabulary_names *)names)->hashes[at];
}

static bool has_hash(const void *names, uint32_t at, const void *hash)
{
    return ((const struct vocabulary_names *)names)->hashes[at] == *(const uint64_t *)hash;
}

int32_t vocabulary_find(const struct vocabulary_names *names, uint64_t hash)
{
    return hash_index_find(&names->index, hash, has_hash, names, &hash);
}

static void names_add(struct vocabulary_names *names, uint64_t hash)
{
    if (vocabulary_find(names, hash) != VOCABULARY_NONE) { return; }
    ARRAY_RESERVE(names->hashes, names->capacity, names->count + 1, NAMES_FIRST);
    names->hashes[names->count] = hash;
    hash_index_add(&names->index, hash, names->count++, hash_of, names);
}

void vocabulary_names_release(struct vocabulary_names *names)
{
    free(names->hashes);
    hash_index_release(&names->index);
    *names = (struct vocabulary_names){0};
}

void vocabulary_names_copy(const struct vocabulary_names *names, struct vocabulary_names *ret_names)
{
    *ret_names = (struct vocabulary_names){0};
    for (uint32_t i = 0; i < names->count; i++) { names_add(ret_names, names->hashes[i]); }
}

/* ---- Update ---- */

static int compare_hashes(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

/* The attributes that at least SHARED_MIN items have, each once, sorted; the caller frees. */
static uint64_t *shared_attributes(const struct training_set_attributes *attributes,
                                   size_t *ret_count)
{
    size_t total = attributes->starts[attributes->items], kept = 0;
    uint64_t *sorted = xcalloc(total + 1, sizeof(*sorted));
    if (total) { memcpy(sorted, attributes->at, total * sizeof(*sorted)); }
    qsort(sorted, total, sizeof(*sorted), compare_hashes);
    for (size_t i = 0; i < total;) {
        size_t end = i;
        while (end < total && sorted[end] == sorted[i]) { end++; }
        uint64_t hash = sorted[i];
        if (end - i >= SHARED_MIN) { sorted[kept++] = hash; }
        i = end;
    }
    *ret_count = kept;
    return sorted;
}

void vocabulary_init(struct vocabulary *vocabulary, struct training_set *training_set,
                     uint32_t items_max)
{
    struct training_set_attributes attributes;
    size_t shared;
    training_set_attributes(training_set, &attributes);
    free(shared_attributes(&attributes, &shared));
    training_set_attributes_release(&attributes);
    *vocabulary = (struct vocabulary){.items_max = items_max};
    vocabulary->attributes_max = (uint32_t)MAX_OF(2 * shared, (size_t)VOCABULARY_ATTRIBUTES_MIN);
}

void vocabulary_release(struct vocabulary *vocabulary)
{
    vocabulary_names_release(&vocabulary->items);
    vocabulary_names_release(&vocabulary->attributes);
    free(vocabulary->numbers);
    *vocabulary = (struct vocabulary){0};
}

static void update_attributes(struct vocabulary *vocabulary,
                              const struct training_set_attributes *attributes)
{
    size_t count;
    uint64_t *shared = shared_attributes(attributes, &count);
    for (size_t i = 0; i < count && vocabulary->attributes.count < vocabulary->attributes_max;
         i++) {
        names_add(&vocabulary->attributes, shared[i]);
    }
    free(shared);
}

/* An item that is new, and what decides when there are too many. */
struct newcomer {
    uint64_t hash;
    uint32_t rank;
};

static int compare_newcomers(const void *a, const void *b)
{
    const struct newcomer *left = a, *right = b;
    return (left->hash > right->hash) - (left->hash < right->hash);
}

static int compare_ranks(const void *a, const void *b)
{
    const struct newcomer *left = a, *right = b;
    if (left->rank != right->rank) { return left->rank > right->rank ? -1 : 1; }
    return compare_newcomers(a, b);
}

/* Finds the items that are to be added; the caller frees. */
static struct newcomer *find_newcomers(const struct vocabulary *vocabulary,
                                       struct training_set *training_set,
                                       const struct training_set_attributes *attributes,
                                       const uint64_t *hashes, size_t count, size_t *ret_count)
{
    struct newcomer *added = xcalloc(count + 1, sizeof(*added));
    uint8_t *wanted = xcalloc(count + 1, 1);
    training_set_wanted(training_set, wanted, count);
    *ret_count = 0;
    for (size_t i = 0; i < count; i++) {
        bool described = i < attributes->items && attributes->starts[i + 1] > attributes->starts[i];
        bool named = wanted[i] || described;
        if (named && vocabulary_find(&vocabulary->items, hashes[i]) == VOCABULARY_NONE) {
            added[(*ret_count)++] = (struct newcomer){hashes[i], (uint32_t)i};
        }
    }
    free(wanted);
    return added;
}

/* Leaves the best newcomers, as many as there is room for, and says whether the others are crowded
 * out by items that should have less of a right. Their `rank` is their number at first. */
static void choose(struct vocabulary *vocabulary, struct training_set *training_set,
                   const uint64_t *hashes, size_t count, struct newcomer *added, size_t added_count)
{
    uint32_t *ranks = xcalloc(count + 1, sizeof(*ranks));
    size_t room = vocabulary->items_max - vocabulary->items.count;
    training_set_rank(training_set, ranks, count);
    for (size_t i = 0; i < added_count; i++) { added[i].rank = ranks[added[i].rank]; }
    qsort(added, added_count, sizeof(*added), compare_ranks);
    vocabulary->over_max = (int64_t)(added_count - room);
    for (size_t i = 0; i < count && added[room].rank == TRAINING_SET_LISTED; i++) {
        bool here = vocabulary_find(&vocabulary->items, hashes[i]) != VOCABULARY_NONE;
        vocabulary->crowded |= here && ranks[i] != TRAINING_SET_LISTED;
    }
    free(ranks);
}

static void add_items(struct vocabulary *vocabulary, struct training_set *training_set,
                      const struct training_set_attributes *attributes, const uint64_t *hashes,
                      size_t count)
{
    size_t added_count, room = vocabulary->items_max - vocabulary->items.count;
    struct newcomer *added =
        find_newcomers(vocabulary, training_set, attributes, hashes, count, &added_count);
    vocabulary->crowded = false;
    vocabulary->over_max = 0;
    if (added_count > room) {
        choose(vocabulary, training_set, hashes, count, added, added_count);
        added_count = room;
    }
    qsort(added, added_count, sizeof(*added), compare_newcomers);
    for (size_t i = 0; i < added_count; i++) { names_add(&vocabulary->items, added[i].hash); }
    free(added);
}

bool vocabulary_update(struct vocabulary *vocabulary, struct training_set *training_set)
{
    struct training_set_attributes attributes;
    size_t count;
    uint64_t version = training_set_version(training_set);
    if (version == vocabulary->version) { return false; }
    training_set_attributes(training_set, &attributes);
    uint64_t *hashes = training_set_hashes(training_set, &count);
    update_attributes(vocabulary, &attributes);
    add_items(vocabulary, training_set, &attributes, hashes, count);
    vocabulary->numbers =
        xreallocarray(vocabulary->numbers, count + 1, sizeof(*vocabulary->numbers));
    for (size_t i = 0; i < count; i++) {
        vocabulary->numbers[i] = vocabulary_find(&vocabulary->items, hashes[i]);
    }
    vocabulary->numbers_count = count;
    vocabulary->version = version;
    free(hashes);
    training_set_attributes_release(&attributes);
    return true;
}

/* ---- The model ---- */

static size_t add_attributes(const struct vocabulary *vocabulary,
                             const struct training_set_attributes *attributes, size_t item,
                             int32_t *to)
{
    size_t count = 0;
    for (size_t k = attributes->starts[item]; k < attributes->starts[item + 1]; k++) {
        int32_t number = vocabulary_find(&vocabulary->attributes, attributes->at[k]);
        bool skipped = number == VOCABULARY_NONE;
        for (size_t i = 0; i < count && !skipped; i++) { skipped = to[i] == number; }
        if (!skipped) { to[count++] = number; }
    }
    return count;
}

static void apply_attributes(const struct vocabulary *vocabulary, struct training_set *training_set,
                             struct transformer *model)
{
    struct training_set_attributes attributes;
    training_set_attributes(training_set, &attributes);
    size_t items = vocabulary->items.count;
    int32_t *training_items = vocabulary_training_items(vocabulary);
    size_t *starts = xcalloc(items + 1, sizeof(*starts));
    int32_t *ids = xcalloc(attributes.starts[attributes.items] + 1, sizeof(*ids));
    for (size_t i = 0, at = 0; i < items; i++) {
        if (training_items[i] != VOCABULARY_NONE && (size_t)training_items[i] < attributes.items) {
            at += add_attributes(vocabulary, &attributes, (size_t)training_items[i], ids + at);
        }
        starts[i + 1] = at;
    }
    transformer_set_attributes(model, starts, ids);
    free(starts);
    free(ids);
    free(training_items);
    training_set_attributes_release(&attributes);
}

void vocabulary_apply(const struct vocabulary *vocabulary, struct training_set *training_set,
                      struct transformer *model)
{
    transformer_grow(model, vocabulary->items.count);
    if (vocabulary->attributes.count) { apply_attributes(vocabulary, training_set, model); }
}

int32_t *vocabulary_training_items(const struct vocabulary *vocabulary)
{
    const size_t items = vocabulary->items.count;
    int32_t *training_items = xcalloc(items + 1, sizeof(*training_items));
    for (size_t i = 0; i < items; i++) { training_items[i] = VOCABULARY_NONE; }
    for (size_t i = 0; i < vocabulary->numbers_count; i++) {
        int32_t number = vocabulary->numbers[i];
        if (number != VOCABULARY_NONE) { training_items[number] = (int32_t)i; }
    }
    return training_items;
}

int32_t vocabulary_number(const struct vocabulary *vocabulary, int32_t item)
{
    return (size_t)item < vocabulary->numbers_count ? vocabulary->numbers[item] : VOCABULARY_NONE;
}

size_t vocabulary_translate(const struct vocabulary *vocabulary, int32_t *items, float *weights,
                            size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        bool search = items[i] <= PACK_SEARCH;
        int32_t number = search ? items[i] : vocabulary_number(vocabulary, items[i]);
        if (number == VOCABULARY_NONE) { continue; }
        if (weights) { weights[kept] = weights[i]; }
        items[kept++] = number;
    }
    return kept;
}

/* ---- Bytes ---- */

static void save_names(const struct vocabulary_names *names, struct buf *buf)
{
    buf_append(buf, &names->count, sizeof(names->count));
    buf_append(buf, names->hashes, names->count * sizeof(*names->hashes));
}

static bool load_names(struct vocabulary_names *names, const char **at, const char *end)
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
    return names->count == count; /* no hash occurred twice */
}

void vocabulary_save(const struct vocabulary *vocabulary, struct buf *buf)
{
    buf_append(buf, &vocabulary->attributes_max, sizeof(vocabulary->attributes_max));
    save_names(&vocabulary->attributes, buf);
    save_names(&vocabulary->items, buf);
}

bool vocabulary_load(struct vocabulary *vocabulary, const char **at, const char *end,
                     uint32_t items_max)
{
    *vocabulary = (struct vocabulary){.items_max = items_max};
    bool valid = (size_t)(end - *at) >= sizeof(vocabulary->attributes_max);
    if (valid) {
        memcpy(&vocabulary->attributes_max, *at, sizeof(vocabulary->attributes_max));
        *at += sizeof(vocabulary->attributes_max);
        valid = load_names(&vocabulary->attributes, at, end) &&
                load_names(&vocabulary->items, at, end) &&
                vocabulary->attributes.count <= vocabulary->attributes_max &&
                vocabulary->items.count <= items_max;
    }
    if (!valid) { vocabulary_release(vocabulary); }
    return valid;
}
