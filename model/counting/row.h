/* Row: the counts of one item and of its pairs with other items.
 *
 * All values but the trend are at the row's epoch, the trend at its own (decay.h); both move
 * forward to the newest batch that touched the row, which is exact. A neighbour whose three values
 * are all exactly 0 is removed. The order of arrival does not matter until row_prune() drops a
 * neighbour. A dropped neighbour that comes back begins at 0, so a late correction of what was
 * dropped can make a value negative; readers treat that as 0.
 *
 * Neighbours are the caller's numbers (ids.h); between row_order() and the next row_add() they are
 * in published order. One thread.
 */
#ifndef FRESHET_MODEL_COUNTING_ROW_H
#define FRESHET_MODEL_COUNTING_ROW_H

#include "base/base.h"
#include "base/hash_index.h"
#include "model/ids.h"
#include "model/topk.h"

struct neighbour {
    int32_t item;
    double co;       /* symmetric */
    double forward;  /* from the row's item to the neighbour */
    double backward; /* from the neighbour to the row's item */
};

/* How much a neighbour adds to lists, for readers that hold only the best of a row: transitions to
 * it, a quarter of those from it, and co-ratings where there are no transitions. The weights are
 * near those of the scorers' defaults; docs/design.md has the measurement. */
static inline double neighbour_strength(double co, double forward, double backward)
{
    return forward + backward / 4 + co / 1024;
}

struct row {
    int64_t epoch; /* ROW_EPOCH_NONE before the first value */
    int64_t trend_epoch;
    double mass;
    double actions;
    double trend;
    struct neighbour *neighbours;
    int32_t count;
    int32_t capacity;
    struct hash_index index; /* by item */
    bool ordered; /* the neighbours are in published order */
};

#define ROW_EPOCH_NONE INT64_MIN

/* Prepares an empty row without memory. */
void row_init(struct row *row);
/* Frees the neighbours. */
void row_release(struct row *row);

/* Moves the row to this epoch if it is the newest so far. Returns the power of two by which values
 * of this epoch must be multiplied before they are added. */
double row_scale(struct row *row, int64_t epoch);
/* The same for the trend. */
double row_trend_scale(struct row *row, int64_t epoch);
/* Adds to one neighbour, scaled. */
void row_add(struct row *row, int32_t item, double co, double forward, double backward);
/* Adds many, each times `scale`. An item may come more than once. Returns whether any neighbour was
 * weaker than `mark` before its term and is not any more. */
bool row_add_all(struct row *row, const struct neighbour *terms, size_t count, double scale,
                 double mark);
/* Fetch what row_add_all() will read for the first terms into the processor's caches: the slots of
 * the index, then, when they are there, the neighbours. */
void row_prefetch_slots(const struct row *row, const struct neighbour *terms, size_t count);
void row_prefetch_cells(const struct row *row, const struct neighbour *terms, size_t count);
/* Removes the neighbours whose three values are all 0 or negative, but for rounding. For rows from
 * which a user was subtracted: decayed sums may leave a remainder, and pruned values may become
 * negative. */
void row_sweep(struct row *row);
/* Says whether nothing is left of a row but rounding; the trend does not count. */
bool row_empty(const struct row *row);
/* Finds a neighbour; NULL when it is not there. Borrowed until the row changes. */
const struct neighbour *row_find(const struct row *row, int32_t item);

/* Drops all but the best `bound` neighbours: the greatest co, then the greatest forward + backward,
 * then the least id text. Returns how many were dropped; if any were, the rest is in published
 * order. */
int32_t row_prune(struct row *row, int32_t bound, const struct ids *ids);
/* Puts the neighbours into published order: co falling, then id text rising. Free if they already
 * are in this order. */
void row_order(struct row *row, const struct ids *ids);
/* Selects the strongest neighbours, strongest first; equal ones by the selection's order. The
 * caller has cleared the selection and set its length. */
void row_best(const struct row *row, struct topk *best);
/* Returns how many bytes the neighbours take. */
size_t row_bytes(const struct row *row);

#endif
