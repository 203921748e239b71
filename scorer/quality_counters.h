/* Tally: a range's figures beyond the judge's totals: by model and segment, coverage, novelty.
 *
 * Plain counters of one partition; columns lent to the message are the counters's own. One thread.
 */
#ifndef FRESHET_SCORER_QUALITY_COUNTERS_H
#define FRESHET_SCORER_QUALITY_COUNTERS_H

#include "model/counting/item_table.h"
#include "model/mixture.h"
#include "scorer/list_outcome.h"

enum { QUALITY_COUNTERS_PARTS = MIXTURE_CONTENDERS * MIXTURE_SEGMENTS };
_Static_assert((int)QUALITY_COUNTERS_PARTS <= (int)QUALITY_PARTS_MAX, "all parts fit the message");

struct quality_counters_part {
    int64_t judged, hits;
    double ndcg;
};

struct quality_counters {
    struct quality_counters_part parts[MIXTURE_CONTENDERS][MIXTURE_SEGMENTS];
    int64_t places, items_listed;
    double novelty_bits;
    double actions;   /* on all items, when the range began to list; 0: not looked at yet */
    uint32_t *stamps; /* by item: listed in this range */
    int32_t stamps_count;
    uint32_t stamp;
    /* What quality_counters_write() lends. */
    struct slice made_by[QUALITY_COUNTERS_PARTS];
    int32_t segments[QUALITY_COUNTERS_PARTS];
    int64_t judged_by[QUALITY_COUNTERS_PARTS], hits_by[QUALITY_COUNTERS_PARTS];
    double ndcg_by[QUALITY_COUNTERS_PARTS];
};

/* Prepares an empty counters. */
void quality_counters_init(struct quality_counters *counters);
/* Frees the memory. */
void quality_counters_release(struct quality_counters *counters);
/* Begins a new range. */
void quality_counters_begin(struct quality_counters *counters);
/* Counts a outcome of a list that this model made for a user of so many actions. A name that
 * is none of the mixture's is counted as counting's: lists of old were. */
void quality_counters_outcome(struct quality_counters *counters, struct slice made_by,
                              int64_t actions, enum list_outcome outcome, int rank);
/* Counts what a list holds. */
void quality_counters_list(struct quality_counters *counters, const struct item_table *table,
                           const int32_t *items, size_t count);
/* Fills in the message's further fields; columns are borrowed until the next call. */
void quality_counters_write(struct quality_counters *counters, int64_t items_known,
                            struct list_quality *ret_range);

#endif
