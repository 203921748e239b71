/* Pairs: an accumulator that sums up a batch of contributions before it is sent.
 *
 * Two tables: for each pair of items its co-rating and its transitions in both directions, and for
 * each item its mass, actions, trend and new users. All pair values, masses and actions are at one
 * epoch, all trends at another (decay.h). When a newer epoch comes, all values are moved to it,
 * which is exact. Draining leaves out values that cancel to exactly 0.
 *
 * Items are the caller's numbers (ids.h), 0 or more. One thread. 32 bytes a slot, at most two
 * thirds of the slots in use, and as much again for each pair while it is drained. A small table is
 * kept from batch to batch. A large one is freed, because a process has one accumulator per
 * partition and the largest batches of all partitions need not fit at once.
 *
 * Life: pairs_scale(), pairs_add() ... pairs_drain(), use of the view, pairs_reset(), and again.
 */
#ifndef FRESHET_MODEL_COUNTING_PAIRS_H
#define FRESHET_MODEL_COUNTING_PAIRS_H

#include "base/base.h"

/* What one event adds to the pair of its item and an earlier one. */
struct pair_term {
    int32_t item;   /* the earlier item; never the event's own */
    double co;      /* symmetric */
    double forward; /* from the earlier item to the event's */
};

struct pair {
    int32_t first, second; /* in a view: indices into its items */
    double co;
    double forward;  /* first -> second */
    double backward; /* second -> first */
};

struct pairs_item {
    int32_t item;
    int32_t new_users;
    double mass;
    double actions;
    double trend;
};

/* A drained batch: the pairs that are not 0, all of one first item together. Items that occur only
 * in pairs are there with zeros. Borrowed until pairs_reset(). */
struct pairs_view {
    const struct pairs_item *items;
    size_t items_count;
    const struct pair *pairs;
    size_t pairs_count;
    int64_t epoch;
    int64_t trend_epoch;
};

struct pairs;

/* Makes an empty accumulator; free with pairs_free(). */
struct pairs *pairs_new(void);
/* Frees the accumulator; takes NULL; returns NULL. */
struct pairs *pairs_free(struct pairs *pairs);

/* Moves the accumulator to this epoch if it is the newest so far. Returns the power of two by which
 * values of this epoch must be multiplied before they are added. */
double pairs_scale(struct pairs *pairs, int64_t epoch);
/* The same for trends. */
double pairs_trend_scale(struct pairs *pairs, int64_t epoch);

/* Adds an event's terms, scaled; `item` is the event's own. Terms of 0 should be left out by the
 * caller; the same item may come more than once. */
void pairs_add(struct pairs *pairs, int32_t item, const struct pair_term *terms, size_t count);
/* Adds to an item's own sums, scaled. */
void pairs_add_item(struct pairs *pairs, int32_t item, double mass, double actions, double trend);
/* Counts a user whose first event was on this item. */
void pairs_add_user(struct pairs *pairs, int32_t item);
/* Subtracts such a user. */
void pairs_remove_user(struct pairs *pairs, int32_t item);

/* Says whether nothing was added since the last reset. */
bool pairs_empty(const struct pairs *pairs);
/* Returns the number of distinct pairs, with those that cancel. */
size_t pairs_count(const struct pairs *pairs);
/* Returns how many bytes the pairs take at most, including what draining them needs. A table that
 * is kept for the next pairs does not count. */
size_t pairs_bytes(const struct pairs *pairs);
/* Returns the number of terms added since pairs_new(). */
uint64_t pairs_updates(const struct pairs *pairs);

/* Sorts the sums into a view. Nothing may be added between this and pairs_reset(). */
void pairs_drain(struct pairs *pairs, struct pairs_view *ret_view);
/* Empties the accumulator. */
void pairs_reset(struct pairs *pairs);

#endif
