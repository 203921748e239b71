/* Decay by event time, so that the order of arrival does not matter (forward decay: Cormode,
 * Shkapenyuk, Srivastava, Xu, "Forward Decay", ICDE 2009).
 *
 * The decayed value at time T is  sum of w * 2^-((T - t) / h).  What is stored is
 *
 *     v = sum of w * 2^(t/h - epoch),    epoch a whole number of half-lives since 1970
 *
 * so that moving the scale to another epoch is a multiplication by a power of two, which is exact.
 * Each addend is first rounded to a multiple of 2^-32 of its own epoch. Sums of such numbers in
 * double are exact, and therefore independent of order and grouping, while the sum stays below 2^21
 * and the addends lie within the bits that are left (at 2^10 in a cell: 11 half-lives); beyond that
 * they are right to 1 part in 2^53 per addition. Subtracting what was added gives back exactly what
 * was there before.
 *
 * A half-life of 0 switches decay off: every epoch is 0.
 */
#ifndef FRESHET_MODEL_COUNTING_DECAY_H
#define FRESHET_MODEL_COUNTING_DECAY_H

#include "base/base.h"

#include <float.h>

struct decay {
    int64_t half_life_ms; /* 0: none */
};

/* One moment's scale: a weight w at that moment is w * factor at `epoch`. */
struct decay_point {
    int64_t epoch;
    double factor; /* 2^(fraction of a half-life), in [1, 2) */
};

/* Returns the scale of a moment. The time is within some millions of years of 1970, see
 * TIMELINE_TIME_MAX_MS. */
static inline struct decay_point decay_at(const struct decay *decay, int64_t time_ms)
{
    if (decay->half_life_ms == 0) { return (struct decay_point){.epoch = 0, .factor = 1.0}; }
    int64_t h = decay->half_life_ms;
    int64_t epoch = time_ms / h - (time_ms % h < 0);
    double fraction = (double)(time_ms - epoch * h) / (double)h;
    return (struct decay_point){.epoch = epoch, .factor = exp2(fraction)};
}

/* Rounds a weight at a moment to the stored form, at the moment's own epoch. Adding and subtracting
 * 1.5 * 2^52 rounds to a whole number, ties to even, without a call. */
static inline double decay_value(struct decay_point point, double weight)
{
    double units = weight * point.factor * 0x1p32;
    if (fabs(units) > 0x1p51) { return nearbyint(units) * 0x1p-32; }
    return ((units + 0x1.8p52) - 0x1.8p52) * 0x1p-32;
}

/* Converts a value from one epoch's scale to another's: exact but for underflow to zero. Towards an
 * older epoch the value grows; what would exceed a double becomes the largest one. */
static inline double decay_rescale(double value, int64_t from, int64_t to)
{
    enum { SHIFT_MAX = 4000 }; /* beyond the exponents of a double */
    int64_t shift;
    if (from == to || value == 0.0) { return value; }
    if (__builtin_sub_overflow(from, to, &shift)) { shift = from < to ? INT64_MIN : INT64_MAX; }
    shift = MIN_OF(MAX_OF(shift, (int64_t)-SHIFT_MAX), (int64_t)SHIFT_MAX);
    return MIN_OF(MAX_OF(ldexp(value, (int)shift), -DBL_MAX), DBL_MAX);
}

#endif
