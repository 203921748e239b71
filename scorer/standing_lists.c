#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "scorer/standing_lists.h"

enum { STANDING_FIRST = 64, LOOK_MAX = 8192 };

void standing_lists_init(struct standing_lists *standing, size_t places)
{
    *standing = (struct standing_lists){.places = places};
}

void standing_lists_widen(struct standing_lists *standing, size_t places)
{
    size_t before = standing->places;
    if (places <= before) { return; }
    int32_t *items = standing->count ? xcalloc(standing->count * places, sizeof(*items)) : NULL;
    for (size_t at = 0; at < standing->count; at++) {
        memcpy(items + at * places, standing->items + at * before,
               standing->at[at].count * sizeof(*items));
    }
    free(standing->items);
    standing->items = items;
    standing->items_capacity = standing->count * places;
    standing->places = places;
}

void standing_lists_release(struct standing_lists *standing)
{
    for (size_t i = 0; i < standing->count; i++) { free(standing->at[i].id); }
    free(standing->at);
    free(standing->items);
    hash_index_release(&standing->index);
    *standing = (struct standing_lists){0};
}

static uint64_t hash_of(const void *standing, uint32_t at)
{
    return ((const struct standing_lists *)standing)->at[at].hash;
}

static bool is_user(const void *standing, uint32_t at, const void *user_id)
{
    const struct standing *one = &((const struct standing_lists *)standing)->at[at];
    return one->id && slice_equal(standing_id(one), *(const struct slice *)user_id);
}

int32_t standing_lists_find(const struct standing_lists *standing, struct slice user_id)
{
    return hash_index_find(&standing->index, hash_index_text(user_id), is_user, standing, &user_id);
}

/* ---- The counts ---- */

static bool has_history(const struct standing *one)
{
    return !(one->flags & (STANDING_ORPHAN | STANDING_LOST));
}

/* Adds a record to the counts, or takes it off. */
static void count_one(struct standing_lists *standing, const struct standing *one, size_t by)
{
    if (!one->id) { return; }
    standing->live += by;
    if (one->flags & STANDING_ORPHAN) { standing->orphans += by; }
    if (one->flags & STANDING_LOST) { standing->lost += by; }
    if (!has_history(one)) { return; }
    bool is_urgent = one->flags & STANDING_URGENT, is_current = one->made >= standing->needed;
    if (is_urgent) { standing->urgent += by; }
    if (is_current) { standing->current += by; }
    if (is_urgent && is_current) { standing->urgent_current += by; }
}

void standing_lists_need(struct standing_lists *standing, uint64_t needed)
{
    if (needed == standing->needed) { return; }
    assert(needed > standing->needed);
    standing->needed = needed;
    standing->current = standing->urgent_current = 0;
}

size_t standing_lists_behind(const struct standing_lists *standing)
{
    return standing->live - standing->orphans - standing->current;
}

size_t standing_lists_workable(const struct standing_lists *standing)
{
    return standing_lists_behind(standing) - standing->lost;
}

size_t standing_lists_urgent(const struct standing_lists *standing)
{
    return standing->urgent - standing->urgent_current;
}

/* ---- Records ---- */

static size_t add(struct standing_lists *standing, struct slice user_id)
{
    size_t at = standing->count;
    ARRAY_RESERVE(standing->at, standing->capacity, at + 1, STANDING_FIRST);
    ARRAY_RESERVE(standing->items, standing->items_capacity, (at + 1) * standing->places,
                  STANDING_FIRST);
    uint64_t hash = hash_index_text(user_id);
    standing->at[at] = (struct standing){.hash = hash, .id_size = (uint16_t)user_id.size};
    standing->at[at].id = xmalloc(MAX_OF(user_id.size, (size_t)1));
    memcpy(standing->at[at].id, user_id.data, user_id.size);
    standing->live++; /* it is behind until it is marked */
    hash_index_add(&standing->index, hash, (uint32_t)at, hash_of, standing);
    standing->count++;
    return at;
}

size_t standing_lists_put(struct standing_lists *standing, struct slice user_id,
                          const int32_t *items, size_t count, uint64_t made, uint8_t flags)
{
    int32_t found = standing_lists_find(standing, user_id);
    size_t at = found == HASH_INDEX_NONE ? add(standing, user_id) : (size_t)found;
    size_t kept = MIN_OF(count, standing->places);
    memcpy(standing->items + at * standing->places, items, kept * sizeof(*items));
    standing->at[at].count = (uint16_t)kept;
    standing_lists_mark(standing, at, made, flags);
    return at;
}

void standing_lists_mark(struct standing_lists *standing, size_t at, uint64_t made, uint8_t flags)
{
    struct standing *one = &standing->at[at];
    count_one(standing, one, (size_t)-1);
    standing->losses += (flags & STANDING_LOST) && !(one->flags & STANDING_LOST);
    one->made = made;
    one->flags = flags;
    count_one(standing, one, 1);
}

/* The last record takes the place of the one that goes. */
void standing_lists_drop(struct standing_lists *standing, struct slice user_id)
{
    int32_t found = standing_lists_find(standing, user_id);
    if (found == HASH_INDEX_NONE) { return; }
    size_t at = (size_t)found, last = standing->count - 1;
    struct standing *one = &standing->at[at];
    count_one(standing, one, (size_t)-1);
    hash_index_remove(&standing->index, one->hash, (uint32_t)at, hash_of, standing);
    free(one->id);
    if (at != last) {
        hash_index_move(&standing->index, standing->at[last].hash, (uint32_t)last, (uint32_t)at);
        *one = standing->at[last];
        memcpy(standing->items + at * standing->places, standing->items + last * standing->places,
               standing->places * sizeof(*standing->items));
    }
    standing->count--;
    /* The moved list may have been passed over already. */
    standing->barred_passed = false;
    standing->barred_cursor = 0;
}

/* ---- Passes ---- */

static bool may_be_made(const struct standing_lists *standing, const struct standing *one)
{
    return has_history(one) && one->made < standing->needed;
}

static int32_t next_of(const struct standing_lists *standing, size_t *cursor, uint8_t flags,
                       int64_t before_ms, uint64_t below)
{
    size_t most = MIN_OF(standing->count, (size_t)LOOK_MAX);
    for (size_t looked = 0; looked < most; looked++) {
        if (*cursor >= standing->count) { *cursor = 0; }
        size_t at = (*cursor)++;
        const struct standing *one = &standing->at[at];
        if ((one->flags & flags) == flags && may_be_made(standing, one) &&
            (one->made_ms < before_ms || one->made < below)) {
            return (int32_t)at;
        }
    }
    return HASH_INDEX_NONE;
}

int32_t standing_lists_next(struct standing_lists *standing, int64_t before_ms, uint64_t below)
{
    int32_t at = HASH_INDEX_NONE;
    if (standing_lists_urgent(standing)) {
        at = next_of(standing, &standing->urgent_cursor, STANDING_URGENT, INT64_MAX, 0);
    }
    if (at == HASH_INDEX_NONE) { at = next_of(standing, &standing->cursor, 0, before_ms, below); }
    standing->vain = at == HASH_INDEX_NONE ? standing->vain + LOOK_MAX : 0;
    return at;
}

bool standing_lists_in_vain(struct standing_lists *standing)
{
    bool all = standing->vain >= standing->count;
    if (all) { standing->vain = 0; }
    return all;
}

bool standing_lists_check_barred(const struct standing_lists *standing, uint64_t barred)
{
    return standing->count && (!standing->barred_passed || standing->barred_seen != barred);
}

static bool has_barred(const struct standing_lists *standing, size_t at,
                       const struct item_flags *flags)
{
    const int32_t *items = standing->items + at * standing->places;
    for (size_t k = 0; k < standing->at[at].count; k++) {
        if (items[k] >= 0 && item_flags_barred(flags, items[k])) { return true; }
    }
    return false;
}

int32_t standing_lists_next_barred(struct standing_lists *standing, const struct item_flags *flags,
                                   uint64_t barred)
{
    if (standing->barred_passed || standing->barred_cursor == 0) {
        standing->barred_passed = false;
        standing->barred_cursor = 0;
        standing->barred_seen = barred;
    }
    size_t end = MIN_OF(standing->count, standing->barred_cursor + LOOK_MAX);
    while (standing->barred_cursor < end) {
        size_t at = standing->barred_cursor++;
        if (has_barred(standing, at, flags)) { return (int32_t)at; }
    }
    standing->barred_passed = standing->barred_cursor >= standing->count;
    return HASH_INDEX_NONE;
}

void standing_lists_doubt_barred(struct standing_lists *standing)
{
    standing->barred_passed = false;
    standing->barred_cursor = 0;
}

void standing_lists_distrust(struct standing_lists *standing, uint64_t made)
{
    for (size_t i = 0; i < standing->count; i++) {
        struct standing *one = &standing->at[i];
        if (one->made < made && !(one->flags & STANDING_STRIPPED)) { continue; }
        standing_lists_mark(standing, i, 0, one->flags | STANDING_UNSURE);
    }
}

void standing_lists_orphan_lost(struct standing_lists *standing)
{
    for (size_t i = 0; i < standing->count && standing->lost; i++) {
        const struct standing *one = &standing->at[i];
        if (!(one->flags & STANDING_LOST)) { continue; }
        uint8_t flags = (uint8_t)((one->flags & ~STANDING_LOST) | STANDING_ORPHAN);
        standing_lists_mark(standing, i, one->made, flags);
    }
}
