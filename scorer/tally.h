/* Tally: a range's figures beyond the judge's totals: by model and segment, coverage, novelty.
 *
 * Plain counters of one partition; columns lent to the message are the tally's own. One thread.
 */
#ifndef FRESHET_SCORER_TALLY_H
#define FRESHET_SCORER_TALLY_H

#include "model/item_table.h"
#include "model/mixture.h"
#include "scorer/judge.h"

enum { TALLY_PARTS = MIXTURE_CONTENDERS * MIXTURE_SEGMENTS };
_Static_assert((int)TALLY_PARTS <= (int)QUALITY_PARTS_MAX, "all parts fit the message");

struct tally_part {
    int64_t judged, hits;
    double ndcg;
};

struct tally {
    struct tally_part parts[MIXTURE_CONTENDERS][MIXTURE_SEGMENTS];
    int64_t places, items_listed;
    double novelty_bits;
    double actions; /* on all items, when the range began to list; 0: not looked at yet */
    uint32_t *stamps; /* by item: listed in this range */
    int32_t stamps_count;
    uint32_t stamp;
    /* What tally_write() lends. */
    struct slice made_by[TALLY_PARTS];
    int32_t segments[TALLY_PARTS];
    int64_t judged_by[TALLY_PARTS], hits_by[TALLY_PARTS];
    double ndcg_by[TALLY_PARTS];
};

/* Prepares an empty tally. */
void tally_init(struct tally *tally);
/* Frees the memory. */
void tally_release(struct tally *tally);
/* Begins a new range. */
void tally_begin(struct tally *tally);
/* Counts a judgement of a list that this model made for a user of so many actions. A name that
 * is none of the mixture's is counted as counting's: lists of old were. */
void tally_judged(struct tally *tally, struct slice made_by, int64_t actions,
                  enum judgement judgement, int rank);
/* Counts what a list holds. */
void tally_listed(struct tally *tally, const struct item_table *table, const int32_t *items,
                  size_t count);
/* Fills in the message's further fields; columns are borrowed until the next call. */
void tally_write(struct tally *tally, int64_t items_known, struct list_quality *ret_range);

#endif
