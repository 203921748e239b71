/* Rows: a cache of decoded rows over the store.
 *
 * Process memory, bounded: when it holds more than `bytes_max`, rows are evicted, used longest ago
 * first, but only those whose changes are committed. Each task has a *changed*, which knows what of
 * its rows is not yet staged (dirty) and how far its commits have come. A row found stays where it
 * is until rows_trim(), rows_forget() or rows_free().
 */
#ifndef FRESHET_TRAINER_SIMILARITY_ROWS_H
#define FRESHET_TRAINER_SIMILARITY_ROWS_H

#include "base/lru.h"
#include "model/counting/row.h"

struct held_row;

/* One task's rows. Open data, kept by its task; init with zeros. */
struct changed_rows {
    struct held_row **dirty; /* changed since the last flush() */
    size_t dirty_count;
    size_t dirty_capacity;
    size_t dirty_bytes; /* that staging the dirty will take, about */
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
    size_t bytes;     /* as counted for the bound */
    struct row row;
    size_t stored_bytes;  /* of the row as it was last encoded, and */
    int32_t stored_count; /* neighbours that it had then */
    size_t dirty_bytes;   /* as counted in the changed */
    int64_t event_time_ms; /* newest that reached the row */
    int64_t pruned;        /* neighbours dropped so far */
    int64_t first_users;   /* whose first event was on the item */
};

struct rows;

/* Makes an empty cache; free with rows_free(). */
struct rows *rows_new(size_t bytes_max);
/* Frees the cache and all rows; the changed must not be used with it afterwards. Takes NULL. */
struct rows *rows_free(struct rows *rows);

/* Finds an item's row and makes it the last used; NULL when it is not here. */
struct held_row *rows_find(struct rows *rows, int32_t item);
/* Adds an empty row for an item that is not here. */
struct held_row *rows_add(struct rows *rows, struct changed_rows *changed, int32_t item);
/* Counts a row's memory anew after it was filled or changed. */
void rows_weigh(struct rows *rows, struct held_row *held);
/* Notes that a row was encoded, for what it will take to stage it again. */
void rows_stored(struct held_row *held, size_t bytes);
/* Notes that a row has changed. */
void rows_changed(struct rows *rows, struct held_row *held);
/* Takes a row out again that nothing has changed yet. */
void rows_drop(struct rows *rows, struct held_row *held);
/* Evicts down to the bound what may be evicted. */
void rows_trim(struct rows *rows);
/* Counts the rows held. */
size_t rows_count(const struct rows *rows);

/* Begins a flush: the dirty are staged and may be evicted once that flush is committed. */
void changed_rows_flushed(struct changed_rows *changed);
/* The last flush is committed. */
void changed_rows_committed(struct changed_rows *changed);
/* Drops all rows of a changed and empties it. */
void rows_forget(struct rows *rows, struct changed_rows *changed);
/* Frees the changed's memory, after rows_forget(). */
void changed_rows_release(struct changed_rows *changed);

#endif
