/* Quality counters: more figures of a range than list_outcome.h: outcomes by model and segment,
 * coverage, novelty.
 *
 * Plain counters of one partition; the message borrows its columns from them. One thread.
 */
#ifndef FRESHET_SCORER_QUALITY_COUNTERS_H
#define FRESHET_SCORER_QUALITY_COUNTERS_H

#include "model/counting/item_table.h"
#include "model/mixture.h"
#include "scorer/list_outcome.h"

enum { QUALITY_COUNTERS_PARTS = MIXTURE_CONTENDERS * MIXTURE_SEGMENTS };
_Static_assert((int)QUALITY_COUNTERS_PARTS <= (int)QUALITY_PARTS_MAX, "all parts fit the message");

struct quality_counters_part {
    int64_t evaluated, hits;
    double ndcg;
};

struct quality_counters_kind {
    int64_t evaluated, hits, repeats;
};

struct quality_counters {
    struct quality_counters_part parts[MIXTURE_CONTENDERS][MIXTURE_SEGMENTS];
    struct quality_counters_kind kinds[ACTIONS_COUNT];
    int64_t places, items_listed;
    double novelty_bits;
    double actions;   /* on all items, at the range's first list; 0: no list yet */
    uint32_t *stamps; /* by item: listed in this range */
    int32_t stamps_count;
    uint32_t stamp;
    /* Columns that quality_counters_write() lends to the message. */
    struct slice made_by[QUALITY_COUNTERS_PARTS];
    int32_t segments[QUALITY_COUNTERS_PARTS];
    int64_t evaluated_by[QUALITY_COUNTERS_PARTS], hits_by[QUALITY_COUNTERS_PARTS];
    double ndcg_by[QUALITY_COUNTERS_PARTS];
    int32_t kind_names[ACTIONS_COUNT];
    int64_t evaluated_by_kind[ACTIONS_COUNT], hits_by_kind[ACTIONS_COUNT];
    int64_t repeats_by_kind[ACTIONS_COUNT];
};

/* Prepares counters at zero. */
void quality_counters_init(struct quality_counters *counters);
/* Frees the memory. */
void quality_counters_release(struct quality_counters *counters);
/* Begins a new range. */
void quality_counters_begin(struct quality_counters *counters);
/* Counts the outcome of a list that the model made_by made for a user with this many actions. An
 * unknown name counts as counting: lists from before the mixture have none. */
void quality_counters_outcome(struct quality_counters *counters, struct slice made_by,
                              int64_t actions, enum list_outcome outcome, int rank);
/* Counts an outcome by the kind of the action that followed (enum action_kind; others count as
 * ACTION_OTHER). */
void quality_counters_kind(struct quality_counters *counters, int32_t kind,
                           enum list_outcome outcome);
/* Counts the items of a list: coverage and novelty. */
void quality_counters_list(struct quality_counters *counters, const struct item_table *table,
                           const int32_t *items, size_t count);
/* Fills in the remaining fields of the message; columns are borrowed until the next call. */
void quality_counters_write(struct quality_counters *counters, int64_t items_known,
                            struct list_quality *ret_range);

#endif
