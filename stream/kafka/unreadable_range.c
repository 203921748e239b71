#include "base/base.h"
#include "stream/kafka/unreadable_range.h"

bool unreadable_range_next(struct unreadable_range *range, int64_t end)
{
    int64_t next = range->bad + range->step;
    if (!range->good && next >= end) { range->good = MAX_OF(end, range->bad + 1); }
    if (range->good) { next = range->bad + (range->good - range->bad) / 2; }
    range->target = next;
    return next > range->bad;
}

void unreadable_range_take(struct unreadable_range *range, bool readable, int64_t base)
{
    if (readable || base > range->bad) {
        range->good = readable ? range->target : base;
        return;
    }
    range->bad = range->target;
    if (!range->good && range->step < INT64_MAX / 4) { range->step *= 2; }
}
