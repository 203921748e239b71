/* A record is one block of memory. Those of a user are a chain, sorted by source, whose head is in
 * the index; freed places are used again.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/hash_index.h"
#include "base/xalloc.h"
#include "scorer/lists/brought_items.h"

enum { NOBODY = -1, SOURCES_MOST = 100000 };

/* One record; behind it: priors, sizes of the texts, the user, the texts. */
struct block {
    size_t bytes;
    int64_t expires_ms; /* INT64_MAX: never */
    int32_t source;
    uint32_t count;
    uint32_t user_size;
    float priors[];
};

struct place {
    struct block *block; /* NULL: free */
    int32_t next;        /* of the same user, or the next free one; NOBODY: none */
};

struct brought_items {
    size_t bytes_max, bytes, count;
    int64_t now_ms;
    struct ids *sources;
    struct place *places;
    size_t places_count, capacity;
    int32_t free;
    struct hash_index index; /* heads of chains, by user */
    int32_t *found_at;       /* scratch by item number: place in the result; NOBODY */
    size_t found_capacity;
};

static uint16_t *sizes_of(struct block *block)
{
    return (uint16_t *)(void *)(block->priors + block->count);
}

static char *texts_of(struct block *block)
{
    return (char *)(sizes_of(block) + block->count);
}

static struct slice user_of(struct block *block)
{
    return slice_of(texts_of(block), block->user_size);
}

struct brought_items *brought_items_new(size_t bytes_max)
{
    struct brought_items *brought = xcalloc(1, sizeof(*brought));
    brought->bytes_max = bytes_max;
    brought->sources = ids_new(SOURCES_MOST);
    brought->free = NOBODY;
    return brought;
}

struct brought_items *brought_items_free(struct brought_items *brought)
{
    if (!brought) { return NULL; }
    for (size_t p = 0; p < brought->places_count; p++) { free(brought->places[p].block); }
    ids_free(brought->sources);
    hash_index_release(&brought->index);
    free(brought->places);
    free(brought->found_at);
    free(brought);
    return NULL;
}

size_t brought_items_count(const struct brought_items *brought)
{
    return brought->count;
}

size_t brought_items_bytes(const struct brought_items *brought)
{
    return brought->bytes;
}

struct slice brought_items_source(const struct brought_items *brought, int32_t source)
{
    return ids_text(brought->sources, source);
}

/* ---- The index ---- */

static uint64_t hash_at(const void *owner, uint32_t at)
{
    return hash_index_text(user_of(((const struct brought_items *)owner)->places[at].block));
}

static bool user_is(const void *owner, uint32_t at, const void *key)
{
    const struct brought_items *brought = owner;
    return slice_equal(user_of(brought->places[at].block), *(const struct slice *)key);
}

static int32_t head_of(const struct brought_items *brought, struct slice user)
{
    return hash_index_find(&brought->index, hash_index_text(user), user_is, brought, &user);
}

static int32_t take_place(struct brought_items *brought)
{
    if (brought->free != NOBODY) {
        int32_t at = brought->free;
        brought->free = brought->places[at].next;
        return at;
    }
    ARRAY_RESERVE(brought->places, brought->capacity, brought->places_count + 1, 64);
    return (int32_t)brought->places_count++;
}

static bool before(const struct brought_items *brought, int32_t a, int32_t b)
{
    return slice_compare(ids_text(brought->sources, a), ids_text(brought->sources, b)) < 0;
}

/* Puts a block into its user's chain; the user has none of this source. */
static void link_in(struct brought_items *brought, struct block *block)
{
    struct slice user = user_of(block);
    int32_t head = head_of(brought, user), at = take_place(brought), prior = NOBODY, next = head;
    brought->places[at] = (struct place){.block = block, .next = NOBODY};
    while (next != NOBODY && before(brought, brought->places[next].block->source, block->source)) {
        prior = next;
        next = brought->places[next].next;
    }
    brought->places[at].next = next;
    if (prior != NOBODY) {
        brought->places[prior].next = at;
    } else if (head != HASH_INDEX_NONE) {
        hash_index_move(&brought->index, hash_index_text(user), (uint32_t)head, (uint32_t)at);
    } else {
        hash_index_add(&brought->index, hash_index_text(user), (uint32_t)at, hash_at, brought);
    }
    brought->bytes += block->bytes;
    brought->count++;
}

static void take_out(struct brought_items *brought, int32_t prior, int32_t at)
{
    struct place *place = &brought->places[at];
    uint64_t hash = hash_index_text(user_of(place->block));
    if (prior != NOBODY) {
        brought->places[prior].next = place->next;
    } else if (place->next != NOBODY) {
        hash_index_move(&brought->index, hash, (uint32_t)at, (uint32_t)place->next);
    } else {
        hash_index_remove(&brought->index, hash, (uint32_t)at, hash_at, brought);
    }
    brought->bytes -= place->block->bytes;
    brought->count--;
    free(place->block);
    *place = (struct place){.next = brought->free};
    brought->free = at;
}

void brought_items_remove(struct brought_items *brought, struct slice source, struct slice user)
{
    int32_t number = ids_find(brought->sources, source), prior = NOBODY;
    if (number == ID_NONE) { return; }
    for (int32_t at = head_of(brought, user); at != NOBODY; at = brought->places[at].next) {
        if (brought->places[at].block->source == number) {
            take_out(brought, prior, at);
            return;
        }
        prior = at;
    }
}

/* ---- Records ---- */

static size_t sources_of(const struct brought_items *brought, struct slice user)
{
    size_t count = 0;
    for (int32_t at = head_of(brought, user); at != NOBODY; at = brought->places[at].next) {
        count++;
    }
    return count;
}

static size_t bytes_of(const struct candidate_list *list)
{
    size_t bytes = sizeof(struct block) + list->user_id.size;
    for (size_t k = 0; k < list->items.count; k++) {
        bytes += sizeof(float) + sizeof(uint16_t) + list->items.at[k].size;
    }
    return bytes;
}

static struct block *make_block(const struct candidate_list *list, int32_t source, size_t bytes)
{
    struct block *block = xcalloc(1, bytes);
    float most = 0.0F;
    *block = (struct block){.bytes = bytes,
                            .expires_ms = list->expires_ms > 0 ? list->expires_ms : INT64_MAX,
                            .source = source,
                            .count = (uint32_t)list->items.count,
                            .user_size = (uint32_t)list->user_id.size};
    for (size_t k = 0; k < list->scores.count; k++) { most = MAX_OF(most, list->scores.at[k]); }
    char *text = texts_of(block);
    if (list->user_id.size) { memcpy(text, list->user_id.data, list->user_id.size); }
    text += list->user_id.size;
    for (size_t k = 0; k < block->count; k++) {
        float place = 1.0F - (float)k / (float)block->count;
        block->priors[k] = !list->scores.count ? place
                           : most > 0.0F       ? list->scores.at[k] / most
                                               : 0.0F;
        sizes_of(block)[k] = (uint16_t)list->items.at[k].size;
        if (list->items.at[k].size) {
            memcpy(text, list->items.at[k].data, list->items.at[k].size);
        }
        text += list->items.at[k].size;
    }
    return block;
}

const char *brought_items_put(struct brought_items *brought, const struct candidate_list *list)
{
    brought_items_remove(brought, list->source, list->user_id);
    if (!list->items.count) { return NULL; }
    size_t bytes = bytes_of(list);
    if (sources_of(brought, list->user_id) == BROUGHT_SOURCES_MAX) { return "too_many_sources"; }
    if (bytes > brought->bytes_max - brought->bytes) { return "over_memory"; }
    int32_t source = ids_put(brought->sources, list->source);
    if (source == ID_NONE) { return "too_many_sources"; }
    link_in(brought, make_block(list, source, bytes));
    return NULL;
}

/* ---- Lists ---- */

struct finding {
    const struct ids *ids;
    int64_t until_ms;
    struct brought_item *items;
    size_t count;
};

static void add(struct brought_items *brought, struct finding *finding,
                const struct brought_item *one)
{
    int32_t at = brought->found_at[one->item];
    if (at == NOBODY) {
        if (finding->count == BROUGHT_MAX) { return; }
        brought->found_at[one->item] = (int32_t)finding->count;
        finding->items[finding->count++] = *one;
    } else if (one->prior > finding->items[at].prior) {
        finding->items[at] = *one;
    }
}

static void add_chain(struct brought_items *brought, struct finding *finding, struct slice user)
{
    for (int32_t at = head_of(brought, user); at != NOBODY; at = brought->places[at].next) {
        struct block *block = brought->places[at].block;
        const char *text = texts_of(block) + block->user_size;
        const uint16_t *sizes = sizes_of(block);
        if (block->expires_ms <= brought->now_ms) { continue; }
        finding->until_ms = MIN_OF(finding->until_ms, block->expires_ms);
        for (size_t k = 0; k < block->count; text += sizes[k++]) {
            const struct brought_item one = {.item = ids_find(finding->ids,
                                                              slice_of(text, sizes[k])),
                                             .source = block->source,
                                             .prior = block->priors[k]};
            if (one.item != ID_NONE && one.prior > 0.0F) { add(brought, finding, &one); }
        }
    }
}

void brought_items_set_clock(struct brought_items *brought, int64_t now_ms)
{
    brought->now_ms = now_ms;
}

size_t brought_items_find(struct brought_items *brought, struct slice user, const struct ids *ids,
                          struct brought_item *ret_items, int64_t *ret_until_ms)
{
    struct finding finding = {.ids = ids, .until_ms = INT64_MAX, .items = ret_items};
    size_t old = brought->found_capacity, items = (size_t)ids_count(ids);
    *ret_until_ms = INT64_MAX;
    if (!brought->count) { return 0; }
    if (items > old) {
        ARRAY_RESERVE(brought->found_at, brought->found_capacity, items, 1024);
        for (size_t k = old; k < brought->found_capacity; k++) { brought->found_at[k] = NOBODY; }
    }
    if (user.size) { add_chain(brought, &finding, user); }
    add_chain(brought, &finding, slice_of("", 0));
    for (size_t k = 0; k < finding.count; k++) {
        brought->found_at[finding.items[k].item] = NOBODY;
    }
    *ret_until_ms = finding.until_ms;
    return finding.count;
}
