#include "base/base.h"
#include "rules/again.h"

/* A purchase that follows within this part of the period is the same one. */
enum { SAME_PART = 10 };

/* Milliseconds from one time to a later one; 0 when it is not later. Saturates. */
static int64_t span(int64_t from_ms, int64_t to_ms)
{
    int64_t between;
    if (to_ms <= from_ms) { return 0; }
    return __builtin_sub_overflow(to_ms, from_ms, &between) ? INT64_MAX : between;
}

static int64_t plus(int64_t a, int64_t b)
{
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

void again_add(struct again *again, int64_t time_ms, int64_t period_ms)
{
    bool same = again->count && span(again->last_ms, time_ms) < period_ms / SAME_PART;
    if (!again->count) { again->first_ms = again->last_ms = time_ms; }
    again->count += !same;
    again->last_ms = MAX_OF(again->last_ms, time_ms);
}

static int64_t interval_ms(const struct again *again, int64_t period_ms)
{
    assert(again->count > 0 && period_ms > 0);
    int64_t all = plus(period_ms, span(again->first_ms, again->last_ms));
    return MAX_OF(all / again->count, (int64_t)1);
}

int64_t again_due_ms(const struct again *again, int64_t period_ms)
{
    return plus(again->last_ms, interval_ms(again, period_ms));
}

double again_relevance(const struct again *again, int64_t period_ms, int64_t as_of_ms)
{
    double count = (double)again->count;
    double interval = (double)interval_ms(again, period_ms);
    double since = (double)MAX_OF(span(again->last_ms, as_of_ms), (int64_t)1);
    return count / (count + 1.0) * MIN_OF(interval / since, 1.0);
}
