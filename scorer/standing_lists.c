/* Each record is in at most one queue (standing_queue), as a node of a doubly linked list by
 * positions. standing_lists_mark() is the one place where a record changes its queue or its place
 * in it; a record that moves to another position (standing_lists_drop()) tells its neighbours. The
 * clock only goes on, so a record nearly always joins at the newest end.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "scorer/standing_lists.h"

enum { STANDING_FIRST = 64, LOOK_MAX = 8192 };

void standing_lists_init(struct standing_lists *standing, size_t places)
{
    *standing = (struct standing_lists){.places = places};
    for (int q = 0; q < QUEUES; q++) {
        standing->queues[q] = (struct standing_ends){HASH_INDEX_NONE, HASH_INDEX_NONE};
    }
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

/* ---- The queues ---- */

/* Returns the queue of a record; QUEUES: none. */
static int queue_of(const struct standing *one)
{
    if (!one->id || !has_history(one)) { return QUEUES; }
    if (one->flags & STANDING_URGENT) { return one->made ? QUEUE_URGENT : QUEUE_URGENT_UNKNOWN; }
    return one->made ? QUEUE_MADE : QUEUE_UNKNOWN;
}

/* Lets the neighbours of a record, and the ends of its queue, name these numbers instead of it. */
static void link(struct standing_lists *standing, const struct standing *one, int32_t to_older,
                 int32_t to_newer)
{
    struct standing_ends *ends = &standing->queues[queue_of(one)];
    if (one->newer == HASH_INDEX_NONE) {
        ends->newest = to_older;
    } else {
        standing->at[one->newer].older = to_older;
    }
    if (one->older == HASH_INDEX_NONE) {
        ends->oldest = to_newer;
    } else {
        standing->at[one->older].newer = to_newer;
    }
}

static void leave_queue(struct standing_lists *standing, size_t at)
{
    const struct standing *one = &standing->at[at];
    if (queue_of(one) != QUEUES) { link(standing, one, one->older, one->newer); }
}

static void join_queue(struct standing_lists *standing, size_t at)
{
    struct standing *one = &standing->at[at];
    int queue = queue_of(one);
    if (queue == QUEUES) { return; }
    int32_t older = standing->queues[queue].newest, newer = HASH_INDEX_NONE;
    while (older != HASH_INDEX_NONE && standing->at[older].made > one->made) {
        newer = older;
        older = standing->at[older].older;
    }
    one->older = older;
    one->newer = newer;
    link(standing, one, (int32_t)at, (int32_t)at);
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

bool standing_lists_has_unknown(const struct standing_lists *standing)
{
    return standing->queues[QUEUE_URGENT_UNKNOWN].oldest != HASH_INDEX_NONE ||
           standing->queues[QUEUE_UNKNOWN].oldest != HASH_INDEX_NONE;
}

/* ---- Records ---- */

static size_t add(struct standing_lists *standing, struct slice user_id)
{
    size_t at = standing->count;
    ARRAY_RESERVE(standing->at, standing->capacity, at + 1, STANDING_FIRST);
    ARRAY_RESERVE(standing->items, standing->items_capacity, (at + 1) * standing->places,
                  STANDING_FIRST);
    uint64_t hash = hash_index_text(user_id);
    standing->at[at] = (struct standing){
        .hash = hash, .id_size = (uint16_t)user_id.size, .due_ms = INT64_MAX};
    standing->at[at].id = xmalloc(MAX_OF(user_id.size, (size_t)1));
    memcpy(standing->at[at].id, user_id.data, user_id.size);
    standing->at[at].flags = STANDING_ORPHAN; /* until it is marked: in no queue */
    standing->live++;
    standing->orphans++;
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
    leave_queue(standing, at);
    standing->losses += (flags & STANDING_LOST) && !(one->flags & STANDING_LOST);
    one->made = made;
    one->flags = flags;
    join_queue(standing, at);
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
    leave_queue(standing, at);
    hash_index_remove(&standing->index, one->hash, (uint32_t)at, hash_of, standing);
    free(one->id);
    if (at != last) {
        hash_index_move(&standing->index, standing->at[last].hash, (uint32_t)last, (uint32_t)at);
        *one = standing->at[last];
        if (queue_of(one) != QUEUES) { link(standing, one, (int32_t)at, (int32_t)at); }
        memcpy(standing->items + at * standing->places, standing->items + last * standing->places,
               standing->places * sizeof(*standing->items));
    }
    standing->count--;
    /* The moved list has not been looked at, and would be passed over. */
    bool skipped = at < standing->barred_cursor && last >= standing->barred_cursor;
    if (!standing->barred_passed && skipped) { standing->barred_cursor = at; }
}

/* ---- Passes ---- */

int32_t standing_lists_next(const struct standing_lists *standing, int64_t before_ms,
                            uint64_t below)
{
    for (int q = 0; q < QUEUES; q++) {
        int32_t at = standing->queues[q].oldest;
        if (at == HASH_INDEX_NONE) { continue; }
        const struct standing *one = &standing->at[at];
        bool may_rest = q == QUEUE_MADE && one->made_ms >= before_ms && one->made >= below;
        if (one->made < standing->needed && !may_rest) { return at; }
    }
    return HASH_INDEX_NONE;
}

void standing_lists_age(struct standing_lists *standing, int64_t before_ms, int64_t after_ms,
                        int64_t now_ms)
{
    size_t most = MIN_OF(standing->count, (size_t)LOOK_MAX);
    for (size_t looked = 0; looked < most; looked++) {
        if (standing->aged_cursor >= standing->count) { standing->aged_cursor = 0; }
        size_t at = standing->aged_cursor++;
        const struct standing *one = &standing->at[at];
        bool dated = one->as_of_ms >= before_ms && one->as_of_ms <= after_ms;
        bool due = one->due_ms <= now_ms;
        if (!has_history(one) || one->made < standing->needed || (dated && !due)) { continue; }
        standing_lists_mark(standing, at, 0, one->flags | STANDING_AGED);
    }
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
        uint8_t rest = (uint8_t)(one->flags & ~(STANDING_LOST | STANDING_GONE));
        standing_lists_mark(standing, i, one->made, rest | STANDING_ORPHAN);
    }
}
