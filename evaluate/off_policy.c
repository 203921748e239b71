#include "base/base.h"
#include "base/array.h"
#include "base/hash_index.h"
#include "base/xalloc.h"
#include "evaluate/off_policy.h"

#define NORMAL_95 1.959963984540054

/* What a user adds up to under one policy. */
struct user_sums {
    double gains, weights; /* of w r and w */
};

struct off_policy {
    double temperatures[OFF_POLICY_TEMPERATURES_MAX];
    size_t policies;
    uint64_t *users;
    double *lists_of;       /* by user */
    struct user_sums *sums; /* by user, then policy */
    size_t users_count, users_capacity, lists_capacity, sums_capacity;
    struct hash_index index;
    size_t lists, gains;
    double squares[OFF_POLICY_POLICIES_MAX]; /* of w */
};

struct off_policy *off_policy_new(const double *temperatures, size_t count)
{
    assert(count <= OFF_POLICY_TEMPERATURES_MAX);
    struct off_policy *policies = xcalloc(1, sizeof(*policies));
    if (count) { memcpy(policies->temperatures, temperatures, count * sizeof(*temperatures)); }
    policies->policies = POLICY_SOFTMAX + count;
    return policies;
}

struct off_policy *off_policy_free(struct off_policy *policies)
{
    if (!policies) { return NULL; }
    hash_index_release(&policies->index);
    free(policies->users);
    free(policies->lists_of);
    free(policies->sums);
    free(policies);
    return NULL;
}

size_t off_policy_lists(const struct off_policy *policies)
{
    return policies->lists;
}

size_t off_policy_gains(const struct off_policy *policies)
{
    return policies->gains;
}

size_t off_policy_users(const struct off_policy *policies)
{
    return policies->users_count;
}

size_t off_policy_count(const struct off_policy *policies)
{
    return policies->policies;
}

/* ---- Lists ---- */

static uint64_t user_hash(const void *owner, uint32_t at)
{
    return ((const struct off_policy *)owner)->users[at];
}

static bool user_is(const void *owner, uint32_t at, const void *key)
{
    return ((const struct off_policy *)owner)->users[at] == *(const uint64_t *)key;
}

static size_t find_user(struct off_policy *policies, uint64_t user)
{
    int32_t found = hash_index_find(&policies->index, user, user_is, policies, &user);
    if (found != HASH_INDEX_NONE) { return (size_t)found; }
    size_t at = policies->users_count++, width = policies->policies;
    ARRAY_RESERVE(policies->users, policies->users_capacity, at + 1, 256);
    ARRAY_RESERVE(policies->lists_of, policies->lists_capacity, at + 1, 256);
    ARRAY_RESERVE(policies->sums, policies->sums_capacity, (at + 1) * width, 256 * width);
    policies->users[at] = user;
    policies->lists_of[at] = 0.0;
    memset(policies->sums + at * width, 0, width * sizeof(*policies->sums));
    hash_index_add(&policies->index, user, (uint32_t)at, user_hash, policies);
    return at;
}

/* With which probability a softmax takes what was chosen. */
static double softmax(const struct off_policy_list *list, double temperature)
{
    double most = (double)list->scores[0], sum = 0.0;
    for (size_t k = 0; k < list->count; k++) { most = MAX_OF(most, (double)list->scores[k]); }
    for (size_t k = 0; k < list->count; k++) {
        sum += exp(((double)list->scores[k] - most) / temperature);
    }
    return exp(((double)list->scores[list->chosen] - most) / temperature) / sum;
}

static double weight_of(const struct off_policy *policies, const struct off_policy_list *list,
                        size_t policy)
{
    switch (policy) {
    case POLICY_LOGGED: return 1.0;
    case POLICY_GREEDY: return (list->chosen == 0 ? 1.0 : 0.0) / list->probability;
    case POLICY_UNIFORM: return 1.0 / (double)list->count / list->probability;
    default: break;
    }
    return softmax(list, policies->temperatures[policy - POLICY_SOFTMAX]) / list->probability;
}

void off_policy_add(struct off_policy *policies, const struct off_policy_list *list)
{
    assert(list->chosen < list->count && list->probability > 0.0);
    size_t user = find_user(policies, list->user);
    struct user_sums *sums = policies->sums + user * policies->policies;
    policies->lists++;
    policies->gains += list->gain != 0.0;
    policies->lists_of[user] += 1.0;
    for (size_t p = 0; p < policies->policies; p++) {
        double weight = weight_of(policies, list, p);
        sums[p].gains += weight * list->gain;
        sums[p].weights += weight;
        policies->squares[p] += weight * weight;
    }
}

/* ---- Estimates ---- */

static struct off_policy_estimate ratio(double above, double below, double squares, double users)
{
    struct off_policy_estimate estimate = {below > 0.0 ? above / below : 0.0, NAN, NAN};
    if (users < 2.0 || below <= 0.0) { return estimate; }
    double deviation = sqrt(users / (users - 1.0) * squares) / below;
    estimate.lower = estimate.value - NORMAL_95 * deviation;
    estimate.upper = estimate.value + NORMAL_95 * deviation;
    return estimate;
}

struct off_policy_result off_policy_estimate(const struct off_policy *policies, size_t policy)
{
    const struct user_sums *sums = policies->sums;
    double gains = 0.0, weights = 0.0, squares_ips = 0.0, squares_snips = 0.0;
    double lists = (double)policies->lists, users = (double)policies->users_count;
    size_t width = policies->policies;
    assert(policies->lists > 0 && policy < width);
    for (size_t u = 0; u < policies->users_count; u++) {
        gains += sums[u * width + policy].gains;
        weights += sums[u * width + policy].weights;
    }
    double ips = gains / lists, snips = weights > 0.0 ? gains / weights : 0.0;
    for (size_t u = 0; u < policies->users_count; u++) {
        const struct user_sums *of = &sums[u * width + policy];
        double one = of->gains - ips * policies->lists_of[u];
        double other = of->gains - snips * of->weights;
        squares_ips += one * one;
        squares_snips += other * other;
    }
    return (struct off_policy_result){
        .temperature = policy < POLICY_SOFTMAX ? 0.0
                                               : policies->temperatures[policy - POLICY_SOFTMAX],
        .ips = ratio(gains, lists, squares_ips, users),
        .snips = ratio(gains, weights, squares_snips, users),
        .effective = policies->squares[policy] > 0.0 ? weights * weights / policies->squares[policy]
                                                     : 0.0,
    };
}
