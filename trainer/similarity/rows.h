/* Rows: a write-back cache of decoded rows over the store, for all tasks of the process.
 *
 * Bounded: above `bytes_max`, the least recently used rows are evicted, but only rows whose changes
 * are committed. Each task has a struct changed_rows: which of its rows have changes that are not
 * staged (dirty), and which flushes are committed. A pointer to a row is valid until rows_trim(),
 * rows_drop(), rows_forget() or rows_free(). One thread.
 */
#ifndef FRESHET_TRAINER_SIMILARITY_ROWS_H
#define FRESHET_TRAINER_SIMILARITY_ROWS_H

#include "trainer/similarity/served.h"

struct held_row;

/* The changed rows of one task. Open data, embedded in the task's state; init with zeros. */
struct changed_rows {
    struct held_row **dirty; /* changed since the last flush */
    size_t dirty_count;
    size_t dirty_capacity;
    size_t dirty_bytes; /* estimate of what staging them will take */
    uint64_t flushes;   /* flushes begun */
    uint64_t committed; /* flushes committed */
};

struct held_row {
    struct lru_link link;
    struct held_row *next; /* in its bucket */
    struct changed_rows *changed;
    int32_t item;
    bool dirty;
    uint64_t flushed; /* the flush that staged its last change */
    size_t bytes;     /* as counted against bytes_max */
    struct row row;
    size_t stored_bytes;   /* of the row as it was encoded last */
    int32_t stored_count;  /* its neighbours then */
    size_t dirty_bytes;    /* as counted in `changed` */
    int64_t event_time_ms; /* newest event in the row */
    int64_t pruned;        /* neighbours dropped so far */
    int64_t first_users;   /* users whose first event was on the item */
    struct served served;
};

struct rows;

/* Makes an empty cache; free with rows_free(). */
struct rows *rows_new(size_t bytes_max);
/* Frees the cache and all rows; the tasks' changed_rows must not be used with it afterwards. Takes
 * NULL; returns NULL. */
struct rows *rows_free(struct rows *rows);

/* Finds an item's row and makes it the most recently used; NULL when it is not cached. */
struct held_row *rows_find(struct rows *rows, int32_t item);
/* Finds it and changes nothing. */
const struct held_row *rows_look(const struct rows *rows, int32_t item);
/* Fetch what rows_find() and row_add_all() will read of an item's row into the processor's caches.
 * Each step reads what the one before has fetched, so call them in this order with other work
 * between. Nothing happens when the row is not cached. */
void rows_prefetch_bucket(const struct rows *rows, int32_t item);
void rows_prefetch_row(const struct rows *rows, int32_t item);
void rows_prefetch_slots(const struct rows *rows, int32_t item, const struct neighbour *terms,
                         size_t count);
void rows_prefetch_cells(const struct rows *rows, int32_t item, const struct neighbour *terms,
                         size_t count);
/* Adds an empty row for an item that is not cached. */
struct held_row *rows_add(struct rows *rows, struct changed_rows *changed, int32_t item);
/* Measures a row's memory again, after it was filled or changed. */
void rows_measure(struct rows *rows, struct held_row *held);
/* Records the encoded size of a row, to estimate the size of its next staging. */
void rows_stored(struct rows *rows, struct held_row *held, size_t bytes);
/* Marks a row as changed. */
void rows_changed(struct rows *rows, struct held_row *held);
/* Removes a row that has no changes. */
void rows_drop(struct rows *rows, struct held_row *held);
/* Evicts committed rows down to bytes_max. */
void rows_trim(struct rows *rows);
/* Says whether the store has the row as it is. */
bool held_row_committed(const struct held_row *held);
/* Calls `each` for the rows of a task that the store does not have as they are. It may not add or
 * drop rows. */
void rows_uncommitted(struct rows *rows, const struct changed_rows *changed,
                      void (*each)(void *arg, struct held_row *held), void *arg);
/* Drops all rows, of all tasks; none may have changes, or wait to be sent. */
void rows_clear(struct rows *rows);
/* Says whether nothing is left of a row. */
bool held_row_empty(const struct held_row *held);
/* Counts the cached rows. */
size_t rows_count(const struct rows *rows);

/* Ends a flush: the dirty rows have been staged, and may be evicted once it is committed. */
void changed_rows_flushed(struct changed_rows *changed);
/* Records that the last flush is committed. */
void changed_rows_committed(struct changed_rows *changed);
/* Drops all rows of a task, and forgets its changes: they were rolled back or the task closes. */
void rows_forget(struct rows *rows, struct changed_rows *changed);
/* Frees the memory, after rows_forget(). */
void changed_rows_release(struct changed_rows *changed);

#endif
