#include "base/base.h"
#include "model/rate_difference.h"

struct rate {
    double lists, gains, rate, variance;
};

static struct rate rate_of(size_t buckets, const struct rate_sums *sums)
{
    struct rate of = {0};
    double squares = 0.0;
    for (size_t b = 0; b < buckets; b++) {
        of.lists += sums->lists[b];
        of.gains += sums->gains[b];
    }
    if (!(of.lists > 0.0)) { return of; }
    of.rate = of.gains / of.lists;
    for (size_t b = 0; b < buckets; b++) {
        double residual = sums->gains[b] - of.rate * sums->lists[b];
        squares += residual * residual;
    }
    of.variance = (double)buckets / (double)(buckets - 1) * squares / (of.lists * of.lists);
    return of;
}

void rate_difference_find(size_t buckets, const struct rate_sums *live,
                          const struct rate_sums *trial,
                          struct rate_difference *ret_difference)
{
    assert(buckets >= 2);
    const struct rate one = rate_of(buckets, live), other = rate_of(buckets, trial);
    *ret_difference = (struct rate_difference){.live_rate = one.rate, .trial_rate = other.rate};
    double variance = one.variance + other.variance;
    if (one.gains < RATE_GAINS_MIN || other.lists * one.rate < RATE_GAINS_MIN ||
        !(variance > 0.0)) {
        return;
    }
    double both = (one.gains + other.gains) / (one.lists + other.lists);
    double mixture = RATE_EFFECT * both * RATE_EFFECT * both;
    double sum = variance + mixture;
    double half = sqrt(variance * sum / mixture *
                       (2.0 * log(1.0 / RATE_ERROR) + log(sum / variance)));
    double difference = other.rate - one.rate;
    ret_difference->known = true;
    ret_difference->part = difference / one.rate;
    ret_difference->lower = (difference - half) / one.rate;
    ret_difference->upper = (difference + half) / one.rate;
}

enum rate_verdict rate_difference_verdict(const struct rate_difference *difference)
{
    if (!difference->known) { return RATE_UNKNOWN; }
    if (difference->upper < 0.0) { return RATE_WORSE; }
    return difference->lower > 0.0 ? RATE_BETTER : RATE_UNDECIDED;
}

bool rate_difference_is_below(const struct rate_difference *difference, double margin)
{
    return difference->known && difference->upper < -margin;
}
