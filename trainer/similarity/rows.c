/* The cache has a hash table of chains over item numbers and one LRU list; features/users.c, which
 * is built alike, says why it is not base/hash_index.h.
 *
 * A changed row must not be evicted before its change is committed: the store does not have it yet.
 * So each flush has a number; a row remembers the flush that staged its last change, the task the
 * flush that was committed last. A row may go when it is not dirty and its flush is committed.
 * Between commits the cache may therefore exceed bytes_max; the runtime's limit on a batch
 * (held_bytes) bounds by how much.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "trainer/similarity/rows.h"

enum {
    ROWS_BUCKETS_FIRST = 1 << 12,
    CHANGED_ROWS_FIRST = 64,
    CACHE_LINE = 64,
    ROW_STORED_BYTES = 128,      /* of an encoded row without neighbours */
    NEIGHBOURS_TELLING = 64,
    NEIGHBOUR_STORED_BYTES = 64, /* of one neighbour in it, while no row was encoded */
};

struct rows {
    struct lru order;
    struct held_row **buckets; /* a power of two of them, at least as many as rows */
    size_t buckets_count;
    size_t count;
    size_t bytes;
    size_t bytes_max;
    size_t neighbour_bytes; /* of one neighbour in an encoded row; follows the rows encoded */
};

struct rows *rows_new(size_t bytes_max)
{
    struct rows *rows = xcalloc(1, sizeof(*rows));
    lru_init(&rows->order);
    rows->buckets_count = ROWS_BUCKETS_FIRST;
    rows->buckets = xcalloc(rows->buckets_count, sizeof(*rows->buckets));
    rows->bytes_max = bytes_max;
    rows->neighbour_bytes = NEIGHBOUR_STORED_BYTES;
    return rows;
}

static struct held_row **bucket_of(const struct rows *rows, int32_t item)
{
    return &rows->buckets[(uint32_t)item & (rows->buckets_count - 1)];
}

void rows_drop(struct rows *rows, struct held_row *held)
{
    struct held_row **at = bucket_of(rows, held->item);
    while (*at != held) { at = &(*at)->next; }
    *at = held->next;
    lru_remove(&held->link);
    assert(rows->bytes >= held->bytes);
    rows->bytes -= held->bytes;
    rows->count--;
    row_release(&held->row);
    free(held);
}

static void drop_all(struct rows *rows)
{
    for (struct lru_link *link; (link = lru_oldest(&rows->order));) {
        rows_drop(rows, LRU_ENTRY(link, struct held_row, link));
    }
}

struct rows *rows_free(struct rows *rows)
{
    if (!rows) { return NULL; }
    drop_all(rows);
    free(rows->buckets);
    free(rows);
    return NULL;
}

size_t rows_count(const struct rows *rows)
{
    return rows->count;
}

static struct held_row *find(const struct rows *rows, int32_t item)
{
    struct held_row *held = *bucket_of(rows, item);
    while (held && held->item != item) { held = held->next; }
    return held;
}

struct held_row *rows_find(struct rows *rows, int32_t item)
{
    struct held_row *held = find(rows, item);
    if (held) { lru_use(&rows->order, &held->link); }
    return held;
}

const struct held_row *rows_look(const struct rows *rows, int32_t item)
{
    return find(rows, item);
}

void rows_prefetch_bucket(const struct rows *rows, int32_t item)
{
    __builtin_prefetch(bucket_of(rows, item));
}

void rows_prefetch_row(const struct rows *rows, int32_t item)
{
    const char *held = (const char *)*bucket_of(rows, item);
    if (!held) { return; }
    for (size_t at = 0; at < sizeof(struct held_row); at += CACHE_LINE) {
        __builtin_prefetch(held + at, 1);
    }
}

static const struct held_row *peek(const struct rows *rows, int32_t item)
{
    const struct held_row *held = *bucket_of(rows, item);
    while (held && held->item != item) { held = held->next; }
    return held;
}

/* Also the rows beside it in the order of use, from between which it will be taken. */
void rows_prefetch_slots(const struct rows *rows, int32_t item, const struct neighbour *terms,
                         size_t count)
{
    const struct held_row *held = peek(rows, item);
    if (!held) { return; }
    lru_prefetch(&held->link);
    row_prefetch_slots(&held->row, terms, count);
}

void rows_prefetch_cells(const struct rows *rows, int32_t item, const struct neighbour *terms,
                         size_t count)
{
    const struct held_row *held = peek(rows, item);
    if (held) { row_prefetch_cells(&held->row, terms, count); }
}

static void grow(struct rows *rows)
{
    size_t old_count = rows->buckets_count;
    struct held_row **old = rows->buckets;
    rows->buckets_count *= 2;
    rows->buckets = xcalloc(rows->buckets_count, sizeof(*rows->buckets));
    for (size_t i = 0; i < old_count; i++) {
        for (struct held_row *held = old[i], *next; held; held = next) {
            next = held->next;
            struct held_row **at = bucket_of(rows, held->item);
            held->next = *at;
            *at = held;
        }
    }
    free(old);
}

struct held_row *rows_add(struct rows *rows, struct changed_rows *changed, int32_t item)
{
    if (rows->count == rows->buckets_count) { grow(rows); }
    struct held_row *held = xcalloc(1, sizeof(*held));
    held->changed = changed;
    held->item = item;
    held->event_time_ms = INT64_MIN;
    row_init(&held->row);
    held->served.mark = DBL_TRUE_MIN;
    struct held_row **at = bucket_of(rows, item);
    held->next = *at;
    *at = held;
    lru_push(&rows->order, &held->link);
    rows->count++;
    rows_measure(rows, held);
    return held;
}

void rows_measure(struct rows *rows, struct held_row *held)
{
    rows->bytes -= held->bytes;
    held->bytes = sizeof(*held) + row_bytes(&held->row);
    rows->bytes += held->bytes;
}

/* The bytes of a neighbour are those of its id and its numbers: much the same in all rows. Only
 * rows of many neighbours tell them. */
void rows_stored(struct rows *rows, struct held_row *held, size_t bytes)
{
    size_t count = (size_t)held->row.count;
    held->stored_bytes = bytes;
    held->stored_count = held->row.count;
    if (count < NEIGHBOURS_TELLING) { return; }
    rows->neighbour_bytes = (rows->neighbour_bytes * 15 + bytes / count + 15) / 16;
}

bool held_row_empty(const struct held_row *held)
{
    return row_empty(&held->row) && held->first_users == 0;
}

static size_t staging_bytes(const struct rows *rows, const struct held_row *held)
{
    int32_t more = MAX_OF(held->row.count - held->stored_count, 0);
    return held->stored_bytes + ROW_STORED_BYTES + (size_t)more * rows->neighbour_bytes;
}

void rows_changed(struct rows *rows, struct held_row *held)
{
    struct changed_rows *changed = held->changed;
    rows_measure(rows, held);
    size_t bytes = staging_bytes(rows, held);
    changed->dirty_bytes += bytes - held->dirty_bytes;
    held->dirty_bytes = bytes;
    if (held->dirty) { return; }
    held->dirty = true;
    ARRAY_RESERVE(changed->dirty, changed->dirty_capacity, changed->dirty_count + 1,
                  CHANGED_ROWS_FIRST);
    changed->dirty[changed->dirty_count++] = held;
}

bool held_row_committed(const struct held_row *held)
{
    return !held->dirty && held->flushed <= held->changed->committed;
}

void rows_uncommitted(struct rows *rows, const struct changed_rows *changed,
                      void (*each)(void *arg, struct held_row *held), void *arg)
{
    struct lru_link *link = lru_oldest(&rows->order);
    for (; link; link = lru_newer(&rows->order, link)) {
        struct held_row *held = LRU_ENTRY(link, struct held_row, link);
        if (held->changed == changed && !held_row_committed(held)) { each(arg, held); }
    }
}

void rows_clear(struct rows *rows)
{
    for (struct lru_link *link = lru_oldest(&rows->order); link;
         link = lru_newer(&rows->order, link)) {
        const struct held_row *held = LRU_ENTRY(link, struct held_row, link);
        assert(held_row_committed(held) && held->served.state == SERVED_EQUAL);
    }
    drop_all(rows);
}

/* Stops at the first row that is not committed. A row changes whenever it is used, so the rows used
 * after it are not committed either; those of other tasks can wait. */
void rows_trim(struct rows *rows)
{
    while (rows->bytes > rows->bytes_max) {
        struct lru_link *link = lru_oldest(&rows->order);
        if (!link) { return; }
        struct held_row *held = LRU_ENTRY(link, struct held_row, link);
        if (!held_row_committed(held)) { return; }
        rows_drop(rows, held);
    }
}

void changed_rows_flushed(struct changed_rows *changed)
{
    changed->flushes++;
    for (size_t i = 0; i < changed->dirty_count; i++) {
        changed->dirty[i]->dirty = false;
        changed->dirty[i]->flushed = changed->flushes;
        changed->dirty[i]->dirty_bytes = 0;
    }
    changed->dirty_count = 0;
    changed->dirty_bytes = 0;
}

void changed_rows_committed(struct changed_rows *changed)
{
    changed->committed = changed->flushes;
}

void rows_forget(struct rows *rows, struct changed_rows *changed)
{
    struct lru_link *link = lru_oldest(&rows->order);
    while (link) {
        struct lru_link *newer = lru_newer(&rows->order, link);
        struct held_row *held = LRU_ENTRY(link, struct held_row, link);
        if (held->changed == changed) { rows_drop(rows, held); }
        link = newer;
    }
    changed->dirty_count = 0;
    changed->dirty_bytes = 0;
    changed->committed = changed->flushes;
}

void changed_rows_release(struct changed_rows *changed)
{
    free(changed->dirty);
    *changed = (struct changed_rows){.dirty_count = 0};
}
