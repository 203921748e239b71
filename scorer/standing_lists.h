/* Standing lists: a small record of each user's newest list, which is looked over in passes to find
 * the lists that the present tables would make otherwise.
 *
 * A record has the list's items and the value of the tables' clock (tables.h) at which the list was
 * last made. A list is *behind* when something that it is made of has changed since (`needed`). An
 * *orphan* has no history, so it cannot be made again. Records of one partition, in two arrays that
 * passes read from the beginning to the end, and in queues with the oldest list at the head: what
 * is made again next is found without a pass.
 *
 * Memory: 4 bytes a place of a list, and about 100 bytes a user and the id. One thread.
 */
#ifndef FRESHET_SCORER_STANDING_LISTS_H
#define FRESHET_SCORER_STANDING_LISTS_H

#include "base/hash_index.h"
#include "model/counting/item_flags.h"

enum standing_flag {
    STANDING_URGENT = 1,   /* shorter than it may be, or items were taken off it: made first */
    STANDING_STRIPPED = 2, /* items were taken off it */
    STANDING_UNSURE = 4,   /* the topic may have another list than the store: send it in any case */
    STANDING_LOST = 8,     /* its history is not kept here (yet) */
    STANDING_ORPHAN = 16,
    STANDING_AGED = 32, /* nothing has changed, but it is too old, or an item is due */
    STANDING_FOUND = 64, /* its history was lost, and found in a pass that is going on */
    STANDING_GONE = 128, /* so far, that pass has found a tombstone behind it */
};

/* Lists that can be made again, those to be made first in front. Lists of unknown origin (`made` is
 * 0) come in the order in which they became so, the others in that in which they were made. */
enum standing_queue { QUEUE_URGENT_UNKNOWN, QUEUE_URGENT, QUEUE_UNKNOWN, QUEUE_MADE, QUEUES };

struct standing_ends {
    int32_t oldest, newest;
};

struct standing {
    char *id; /* NULL: the user has no list any more */
    uint64_t hash;
    uint64_t made; /* the clock; 0: before the start */
    int64_t made_ms; /* the time for pacing */
    int64_t as_of_ms; /* as the list says, by the wall clock */
    int64_t due_ms;   /* when rules would list an item again; INT64_MAX: none */
    int32_t older, newer; /* its neighbours in its queue */
    uint16_t id_size;
    uint16_t count; /* of the items */
    uint8_t flags; /* enum standing_flag */
};

struct standing_lists {
    struct standing *at;
    int32_t *items; /* `places` for each */
    size_t places, count, capacity, items_capacity;
    struct hash_index index;
    size_t live, orphans, lost, urgent; /* urgent: without orphans and lost ones */
    uint64_t losses; /* how often a list was marked as lost */
    uint64_t needed; /* `current` is the number of lists that are not behind, and of urgent ones */
    size_t current, urgent_current;
    struct standing_ends queues[QUEUES];
    size_t aged_cursor, barred_cursor;
    uint64_t barred_seen; /* what the pass over barred items knows: see standing_next_barred() */
    bool barred_passed;
};

/* Prepares records for lists of at most so many places. */
void standing_lists_init(struct standing_lists *standing, size_t places);
/* Makes room for so many places, if there are fewer. */
void standing_lists_widen(struct standing_lists *standing, size_t places);
/* Frees the memory. */
void standing_lists_release(struct standing_lists *standing);
/* Records a list that was made at this clock; items past the places are left out. Returns its
 * position. */
size_t standing_lists_put(struct standing_lists *standing, struct slice user_id,
                          const int32_t *items, size_t count, uint64_t made, uint8_t flags);
/* Sets when a list was made, by the time for pacing. */
static inline void standing_lists_time(struct standing_lists *standing, size_t at, int64_t made_ms)
{
    standing->at[at].made_ms = made_ms;
}
/* Sets the time that a list has. */
static inline void standing_lists_date(struct standing_lists *standing, size_t at, int64_t as_of_ms)
{
    standing->at[at].as_of_ms = as_of_ms;
}
/* Sets from when on a list would have an item again; INT64_MAX: never. */
static inline void standing_lists_due(struct standing_lists *standing, size_t at, int64_t due_ms)
{
    standing->at[at].due_ms = due_ms;
}
/* Marks current lists as aged and behind that are of before a moment, or of after another one, or
 * due by now; looks at a few thousand records at most, and goes on from there with the next
 * call. */
void standing_lists_age(struct standing_lists *standing, int64_t before_ms, int64_t after_ms,
                        int64_t now_ms);
/* Removes a user's record, if there is one. */
void standing_lists_drop(struct standing_lists *standing, struct slice user_id);
/* Finds a user's position, or HASH_INDEX_NONE. */
int32_t standing_lists_find(const struct standing_lists *standing, struct slice user_id);
/* Sets a record's flags and the clock at which its list was made. */
void standing_lists_mark(struct standing_lists *standing, size_t at, uint64_t made, uint8_t flags);
/* Sets the clock that lists must have reached. It may only grow, and beyond the clock at which any
 * list was made: to be called before a list is put after a change. */
void standing_lists_need(struct standing_lists *standing, uint64_t needed);
/* Counts the lists that are behind; those of them that could be made again at once. */
size_t standing_lists_behind(const struct standing_lists *standing);
size_t standing_lists_workable(const struct standing_lists *standing);
/* Counts the urgent ones of these. */
size_t standing_lists_urgent(const struct standing_lists *standing);
/* Says whether some list is left of which it is not known when it was made. */
bool standing_lists_has_unknown(const struct standing_lists *standing);
/* Finds the next list to make again: urgent ones first, then those of unknown origin, then the
 * oldest, if it was made before a moment or below a value of the clock; HASH_INDEX_NONE: none. It
 * must be marked, put or dropped before the next call. */
int32_t standing_lists_next(const struct standing_lists *standing, int64_t before_ms,
                            uint64_t below);
/* Says whether a pass for barred items is left: `barred` counts what was barred (catalogue.h). */
bool standing_lists_check_barred(const struct standing_lists *standing, uint64_t barred);
/* Lets the pass for barred items begin again. */
void standing_lists_doubt_barred(struct standing_lists *standing);
/* Finds the next list with a barred item, looking at a few thousand records at most;
 * HASH_INDEX_NONE: none among these. */
int32_t standing_lists_next_barred(struct standing_lists *standing, const struct item_flags *flags,
                                   uint64_t barred);
/* Marks all lists made at this clock or later as unsure and behind: what was staged of them is
 * rolled back. */
void standing_lists_distrust(struct standing_lists *standing, uint64_t made);
/* Makes orphans of the lost lists: their histories were not found. */
void standing_lists_orphan_lost(struct standing_lists *standing);

static inline struct slice standing_id(const struct standing *one)
{
    return slice_of(one->id, one->id_size);
}

#endif
