/* Rate difference: whether the lists of one arm of a trial gain less or more than those of another,
 * by a test that may be looked at any time.
 *
 * Each arm has n lists that were judged, and what they gained (1 for a hit, or NDCG). The rate is
 * r = gains / n. Lists of one user are alike, so lists are no independent observations; users are.
 * A hash puts each user into one of B buckets, and the sums of each bucket are kept
 * instead of those of each user. Buckets are independent, whatever the lists of a user have in
 * common. The variance of an arm's rate is that of a ratio of sums over clusters (Cochran, Sampling
 * Techniques, 1977, 6.3), with n_b lists and x_b gains of bucket b:
 *
 *     v = B / (B - 1) * sum over b of (x_b - r n_b)^2 / n^2
 *
 * The test is a mixture sequential probability ratio test (Robbins, Ann. Math. Stat. 41, 1970;
 * Johari, Koomen, Pekelis, Walsh, "Peeking at A/B tests", KDD 2017). With d = r of the trial - r of
 * the live arm, V = the sum of both variances, and a normal mixture of variance t^2 over what the
 * difference might be:
 *
 *     evidence = sqrt(V / (V + t^2)) * exp(t^2 d^2 / (2 V (V + t^2)))
 *
 * While there is no difference, the evidence is a martingale that begins with 1, so it ever reaches
 * 1 / a with a probability of at most a (Ville's inequality), however often it is looked at. The
 * differences that it never was so improbable for are the interval
 *
 *     d +- sqrt(V (V + t^2) / t^2 * (2 log(1 / a) + log((V + t^2) / V)))
 *
 * a is RATE_ERROR. t is RATE_EFFECT times the rate of both arms together, the size of a difference
 * that is found soonest. V and t are estimates, so the bound holds for many lists; before
 * RATE_GAINS_MIN gains are there or would be at the live arm's rate, nothing is said. Pure.
 */
#ifndef FRESHET_MODEL_RATE_DIFFERENCE_H
#define FRESHET_MODEL_RATE_DIFFERENCE_H

#include "base/base.h"

enum { RATE_GAINS_MIN = 30 };

#define RATE_ERROR 0.05
#define RATE_EFFECT 0.2

/* An arm's sums, by bucket; borrowed. */
struct rate_sums {
    const double *lists, *gains;
};

struct rate_difference {
    bool known; /* false: too little was seen, and the rest but the rates is 0 */
    double live_rate, trial_rate;
    /* By which part of the live rate the trial's is greater, and its interval: -0.2: a fifth less.
     * All looks together err with a probability of at most RATE_ERROR. */
    double part, lower, upper;
};

enum rate_verdict {
    RATE_UNKNOWN,   /* too little was seen */
    RATE_UNDECIDED, /* 0 is in the interval */
    RATE_WORSE,     /* the trial's is below the live one's */
    RATE_BETTER,
};

/* Compares two arms of at least two buckets. Sums are not negative, and gains not above lists. */
void rate_difference_find(size_t buckets, const struct rate_sums *live,
                          const struct rate_sums *trial,
                          struct rate_difference *ret_difference);
/* Tells where the interval is. */
enum rate_verdict rate_difference_verdict(const struct rate_difference *difference);
/* Says whether the trial's is worse by more than this part of the live rate. */
bool rate_difference_is_below(const struct rate_difference *difference, double margin);

#endif
