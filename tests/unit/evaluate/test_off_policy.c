/* An environment whose click probabilities are known: estimates must be near the truth, intervals
 * must have it as often as they say, and a case by hand. */
#include "base/base.h"
#include "evaluate/off_policy.h"
#include "model/rng.h"

#include <setjmp.h>
#include <cmocka.h>

enum { CANDIDATES = 4, USERS = 400, LISTS = 4000, WORLDS = 200 };

static const double temperatures[] = {0.1, 0.5};

static void softmax(const float *scores, double temperature, double *ret_p)
{
    double sum = 0.0;
    for (size_t k = 0; k < CANDIDATES; k++) {
        ret_p[k] = exp((double)scores[k] / temperature);
        sum += ret_p[k];
    }
    for (size_t k = 0; k < CANDIDATES; k++) { ret_p[k] /= sum; }
}

static size_t draw_from(const double *p, uint64_t *rng)
{
    double u = rng_unit(rng);
    size_t k = 0;
    while (k + 1 < CANDIDATES && (u -= p[k]) >= 0.0) { k++; }
    return k;
}

/* What a policy gains in truth. */
static void add_truth(double *truth, const double *logged, const float *scores,
                      const double *clicks)
{
    double p[CANDIDATES];
    for (size_t k = 0; k < CANDIDATES; k++) {
        truth[POLICY_LOGGED] += logged[k] * clicks[k] / LISTS;
        truth[POLICY_UNIFORM] += clicks[k] / CANDIDATES / LISTS;
    }
    truth[POLICY_GREEDY] += clicks[0] / LISTS;
    for (size_t t = 0; t < ARRAY_COUNT(temperatures); t++) {
        softmax(scores, temperatures[t], p);
        for (size_t k = 0; k < CANDIDATES; k++) {
            truth[POLICY_SOFTMAX + t] += p[k] * clicks[k] / LISTS;
        }
    }
}

/* Users have a taste of their own; the best scored item is not the one that is clicked most. */
static struct off_policy *live(uint64_t seed, double *truth)
{
    struct off_policy *policies = off_policy_new(temperatures, ARRAY_COUNT(temperatures));
    uint64_t rng = seed;
    memset(truth, 0, OFF_POLICY_POLICIES_MAX * sizeof(*truth));
    for (size_t n = 0; n < LISTS; n++) {
        uint64_t user = n % USERS, taste = user * 0x9e3779b97f4a7c15U + 1;
        float scores[CANDIDATES];
        double logged[CANDIDATES], clicks[CANDIDATES], like = 0.5 + rng_unit(&taste);
        for (size_t k = 0; k < CANDIDATES; k++) {
            scores[k] = 0.9F - 0.2F * (float)k - 0.1F * (float)rng_unit(&rng);
            clicks[k] = like * (k == 2 ? 0.3 : 0.1);
        }
        softmax(scores, 0.3, logged);
        add_truth(truth, logged, scores, clicks);
        size_t chosen = draw_from(logged, &rng);
        const struct off_policy_list list = {
            .user = user, .scores = scores, .count = CANDIDATES, .chosen = chosen,
            .probability = logged[chosen], .gain = rng_unit(&rng) < clicks[chosen] ? 1.0 : 0.0};
        off_policy_add(policies, &list);
    }
    return policies;
}

static bool has(const struct off_policy_estimate *estimate, double truth)
{
    return estimate->lower <= truth && truth <= estimate->upper;
}

/* 95 % of 200 intervals is 190, and 5 deviations of that are 15.4. */
static void intervals_have_the_truth(void **state _unused_)
{
    const size_t count = POLICY_SOFTMAX + ARRAY_COUNT(temperatures);
    size_t held[OFF_POLICY_POLICIES_MAX][2] = {{0}};
    double truth[OFF_POLICY_POLICIES_MAX], sums[OFF_POLICY_POLICIES_MAX][3] = {{0}};
    for (uint64_t world = 1; world <= WORLDS; world++) {
        struct off_policy *policies = live(world, truth);
        assert_int_equal(off_policy_lists(policies), LISTS);
        assert_int_equal(off_policy_users(policies), USERS);
        assert_int_equal(off_policy_count(policies), count);
        for (size_t p = 0; p < count; p++) {
            const struct off_policy_result result = off_policy_estimate(policies, p);
            held[p][0] += has(&result.ips, truth[p]);
            held[p][1] += has(&result.snips, truth[p]);
            sums[p][0] += result.ips.value - truth[p];
            sums[p][1] += result.snips.value - truth[p];
            sums[p][2] += truth[p];
            assert_true(result.effective > 0.0 && result.effective <= LISTS * (1.0 + 1e-9));
        }
        off_policy_free(policies);
    }
    for (size_t p = 0; p < count; p++) {
        for (int k = 0; k < 2; k++) {
            assert_in_range(held[p][k], 174, WORLDS);
            assert_true(fabs(sums[p][k]) < 0.02 * sums[p][2]); /* no bias that one would see */
        }
    }
    assert_true(sums[POLICY_UNIFORM][2] > sums[POLICY_GREEDY][2] * 1.2);
}

/* Three lists of two users, worked out by hand. */
static void a_case_by_hand(void **state _unused_)
{
    static const float even[2] = {0.0F, 0.0F};
    struct off_policy *policies = off_policy_new(NULL, 0);
    const struct off_policy_list lists[] = {
        {.user = 1, .scores = even, .count = 2, .chosen = 0, .probability = 0.5, .gain = 1.0},
        {.user = 1, .scores = even, .count = 2, .chosen = 1, .probability = 0.5, .gain = 4.0},
        {.user = 2, .scores = even, .count = 2, .chosen = 0, .probability = 0.25, .gain = 0.0}};
    for (size_t k = 0; k < 3; k++) { off_policy_add(policies, &lists[k]); }
    struct off_policy_result result = off_policy_estimate(policies, POLICY_LOGGED);
    assert_true(fabs(result.ips.value - 5.0 / 3.0) < 1e-12);
    assert_true(fabs(result.effective - 3.0) < 1e-12);
    result = off_policy_estimate(policies, POLICY_GREEDY); /* w: 2, 0, 4 */
    assert_true(fabs(result.ips.value - 2.0 / 3.0) < 1e-12);
    assert_true(fabs(result.snips.value - 2.0 / 6.0) < 1e-12);
    assert_true(fabs(result.effective - 36.0 / 20.0) < 1e-12);
    /* Residuals: 2 - 2 * 2/3 = 2/3 and 0 - 2/3; 2 - 2 / 3 = 4/3 and 0 - 4 / 3. */
    assert_true(fabs(result.ips.upper - result.ips.value -
                     1.959963984540054 * sqrt(2.0 * 8.0 / 9.0) / 3.0) < 1e-12);
    assert_true(fabs(result.snips.upper - result.snips.value -
                     1.959963984540054 * sqrt(2.0 * 32.0 / 9.0) / 6.0) < 1e-12);
    result = off_policy_estimate(policies, POLICY_UNIFORM); /* w: 1, 1, 2 */
    assert_true(fabs(result.snips.value - 5.0 / 4.0) < 1e-12);
    assert_int_equal(off_policy_gains(policies), 2);
    off_policy_free(policies);
}

static void one_user_has_no_interval(void **state _unused_)
{
    static const float scores[2] = {1.0F, 0.0F};
    struct off_policy *policies = off_policy_new(NULL, 0);
    const struct off_policy_list list = {
        .user = 1, .scores = scores, .count = 2, .chosen = 1, .probability = 0.1, .gain = 1.0};
    off_policy_add(policies, &list);
    struct off_policy_result result = off_policy_estimate(policies, POLICY_GREEDY);
    assert_true(result.ips.value == 0.0 && result.snips.value == 0.0 && result.effective == 0.0);
    assert_true(isnan(result.ips.lower) && isnan(result.snips.upper));
    off_policy_free(policies);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_case_by_hand),
        cmocka_unit_test(one_user_has_no_interval),
        cmocka_unit_test(intervals_have_the_truth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
