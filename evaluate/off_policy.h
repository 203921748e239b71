/* Off-policy evaluation: how well other ways to fill a place would have done, from what came of the
 * items that were drawn for it.
 *
 * A list had n_i candidates for its place, of which item a_i was drawn with probability p_i, and
 * gained r_i. Another policy would have taken a_i with probability q_i. With w_i = q_i / p_i, its
 * mean gain a list is estimated in two ways:
 *
 *     IPS    V = 1/n sum w_i r_i             (Horvitz, Thompson, JASA 47, 1952)
 *     SNIPS  V = sum w_i r_i / sum w_i       (Swaminathan, Joachims, "The self-normalized estimator
 *                                             for counterfactual learning", NIPS 2015)
 *
 * IPS is unbiased, and varies much where the policy seldom agrees with the draw; SNIPS has a bias
 * that vanishes with n, and varies less. The effective sample size is (sum w)^2 / sum w^2 (Kong,
 * 1992): so many lists of the policy's own would say as much.
 *
 * Lists of one user are alike, so users are the independent observations. Both are ratios of sums
 * over users u, whose variance is (Cochran, Sampling Techniques, 1977, 6.3), of U users,
 *
 *     IPS    U / (U - 1) sum_u (x_u - V n_u)^2 / n^2,          x_u = the user's sum of w r
 *     SNIPS  U / (U - 1) sum_u (x_u - V w_u)^2 / (sum w)^2,    w_u = the user's sum of w
 *
 * The intervals are V +- 1.96 deviations: for many users and gains. Policies: the one that drew
 * (w = 1: the mean that was seen); greedy: the best candidate; uniform; softmax of the candidates'
 * scores at a temperature. Pure.
 */
#ifndef FRESHET_EVALUATE_OFF_POLICY_H
#define FRESHET_EVALUATE_OFF_POLICY_H

#include "base/base.h"

enum {
    OFF_POLICY_TEMPERATURES_MAX = 8,
    OFF_POLICY_POLICIES_MAX = 3 + OFF_POLICY_TEMPERATURES_MAX,
    OFF_POLICY_GAINS_MIN = 30, /* with fewer lists that gained something, intervals mean little */
};

enum { POLICY_LOGGED, POLICY_GREEDY, POLICY_UNIFORM, POLICY_SOFTMAX };

/* A list whose place was drawn. Borrowed for the call. */
struct off_policy_list {
    uint64_t user;       /* a hash */
    const float *scores; /* of the candidates; the first one is the greedy policy's */
    size_t count;        /* at least 1 */
    size_t chosen;
    double probability;  /* of what was chosen, above 0 */
    double gain;
};

struct off_policy_estimate {
    double value, lower, upper; /* the bounds are NAN while there are less than two users */
};

struct off_policy_result {
    double temperature; /* of POLICY_SOFTMAX */
    struct off_policy_estimate ips, snips;
    double effective; /* sample size */
};

struct off_policy;

/* Makes an evaluation with these temperatures; free with off_policy_free(). */
struct off_policy *off_policy_new(const double *temperatures, size_t count);
/* Takes NULL; returns NULL. */
struct off_policy *off_policy_free(struct off_policy *policies);
/* Adds a list. */
void off_policy_add(struct off_policy *policies, const struct off_policy_list *list);
/* Counts lists; lists that gained something; users. */
size_t off_policy_lists(const struct off_policy *policies);
size_t off_policy_gains(const struct off_policy *policies);
size_t off_policy_users(const struct off_policy *policies);
/* Counts policies: the three, then one for each temperature. */
size_t off_policy_count(const struct off_policy *policies);
/* Estimates what one of them gains; there is a list. */
struct off_policy_result off_policy_estimate(const struct off_policy *policies, size_t policy);

#endif
