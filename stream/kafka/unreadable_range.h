/* Finds how far a batch goes that cannot be unpacked, from one offset in it, by few probes.
 *
 * A fetch from any offset of the batch fails, and costs a transfer of the whole batch. So the range
 * doubles its steps until an offset can be read, and then halves what is between: a batch of a
 * million records takes about 40 probes. A probe that fails tells where its batch begins, so that
 * no readable batch between two that are not is stepped over.
 *
 *     struct unreadable_range range = unreadable_range_from(offset);
 *     while (unreadable_range_next(&range, end)) {
 *         fetch from range.target;
 *         unreadable_range_take(&range, whether it could be read, where its batch begins);
 *     }
 *
 * Then the offsets first..bad cannot be read, and `good` comes next. */
#ifndef FRESHET_STREAM_KAFKA_UNREADABLE_RANGE_H
#define FRESHET_STREAM_KAFKA_UNREADABLE_RANGE_H

#include "base/base.h"

struct unreadable_range {
    int64_t first;
    int64_t bad;    /* the last offset that is known to be unreadable */
    int64_t good;   /* the batch ends before it; 0: not known */
    int64_t target; /* to be tried */
    int64_t step;
};

/* Begins at an offset that cannot be read. */
static inline struct unreadable_range unreadable_range_from(int64_t offset)
{
    return (struct unreadable_range){.first = offset, .bad = offset, .step = 1};
}

/* Chooses the next offset to try; false: the range is known. end: the log's end. */
bool unreadable_range_next(struct unreadable_range *range, int64_t end);
/* Takes the result for the target. base: the first offset of the batch that could not be read. */
void unreadable_range_take(struct unreadable_range *range, bool readable, int64_t base);

#endif
