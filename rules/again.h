/* Again: when an item is due that the user gets time and again (coffee, diapers).
 *
 * The user got it n times, first at t_1 and last at t_n:
 *
 *     interval  = (period + t_n - t_1) / n    the mean of the user's own n - 1 intervals and of one
 *                                             that the rule expects
 *     due       from t_n + interval on
 *     relevance = n / (n + 1) * interval / (as_of_ms - t_n)
 *
 * so that what the user got often comes first, and what has long been due comes later: the user may
 * have stopped. The interval is the inverse of the posterior mean of a Poisson rate under a Gamma
 * prior of one purchase a period: Bhagat et al., "Buy It Again: Modeling Repeat Purchase
 * Recommendations", KDD 2018. What follows within a tenth of the period is the same purchase: two
 * packets in one order are no interval. Pure; no time overflows.
 */
#ifndef FRESHET_RULES_AGAIN_H
#define FRESHET_RULES_AGAIN_H

#include "base/base.h"

/* How often the user got an item, and when. */
struct again {
    int32_t count; /* 0: never */
    int64_t first_ms, last_ms;
};

/* Counts one more; they come in the order of their times. `period_ms` is above 0. */
void again_add(struct again *again, int64_t time_ms, int64_t period_ms);
/* Returns from when on the item is due, which the user got at least once. */
int64_t again_due_ms(const struct again *again, int64_t period_ms);
/* Returns the relevance of an item that is due: above 0, at most 1. */
double again_relevance(const struct again *again, int64_t period_ms, int64_t as_of_ms);

#endif
