/* The formula against a mixture that is integrated, the variance against users drawn again and
 * again, and whole trials: without a difference, and with one. */
#include "base/base.h"
#include "base/xalloc.h"
#include "model/rate_difference.h"
#include "model/rng.h"

#include <setjmp.h>
#include <cmocka.h>

enum { TRIALS = 100, LISTS = 20000, LOOK_EVERY = 20, USERS = 3000, BUCKETS = 128 };

struct arm {
    double lists[BUCKETS], gains[BUCKETS];
};

static struct rate_difference find(const struct arm *live, const struct arm *trial)
{
    const struct rate_sums one = {live->lists, live->gains}, other = {trial->lists, trial->gains};
    struct rate_difference found;
    rate_difference_find(BUCKETS, &one, &other, &found);
    return found;
}

/* ---- The formula ---- */

static double density(double x, double mean, double variance)
{
    double from = x - mean;
    return exp(-from * from / (2.0 * variance)) / sqrt(2.0 * 3.141592653589793 * variance);
}

/* The evidence as it is defined: how much likelier d is under the mixture than without a
 * difference. */
static double integrated_evidence(double d, double variance, double mixture)
{
    double width = 12.0 * sqrt(mixture) + fabs(d), step = width / 20000.0, sum = 0.0;
    for (double at = -width; at <= width; at += step) {
        sum += density(d, at, variance) * density(at, 0.0, mixture) * step;
    }
    return sum / density(d, 0.0, variance);
}

/* Sums where each bucket's gains are near a rate, so that the variance is not 0. */
static void fill(struct arm *sums, double lists, double rate, uint64_t *rng)
{
    for (int b = 0; b < BUCKETS; b++) {
        sums->lists[b] = lists + (double)rng_below(rng, 9);
        sums->gains[b] = sums->lists[b] * rate * (0.7 + 0.6 * rng_unit(rng));
    }
}

/* Takes two passes over plain columns; nothing is shared with the kernel. */
static double naive_variance(const struct arm *sums, double *ret_rate)
{
    double n = 0.0, x = 0.0, v = 0.0;
    for (int b = 0; b < BUCKETS; b++) { n += sums->lists[b]; }
    for (int b = 0; b < BUCKETS; b++) { x += sums->gains[b]; }
    for (int b = 0; b < BUCKETS; b++) {
        v += pow((sums->gains[b] - x / n * sums->lists[b]) / n, 2.0) * BUCKETS /
             (BUCKETS - 1.0);
    }
    *ret_rate = x / n;
    return v;
}

static double total(const double *at)
{
    double sum = 0.0;
    for (int b = 0; b < BUCKETS; b++) { sum += at[b]; }
    return sum;
}

static void test_the_ends_of_the_interval_have_just_enough_evidence(void **state)
{
    uint64_t rng = 11;
    for (int i = 0; i < 40; i++) {
        struct arm live, trial;
        struct rate_difference found;
        double live_rate, trial_rate;
        fill(&live, 20.0 + 10.0 * i, 0.1 + 0.3 * rng_unit(&rng), &rng);
        fill(&trial, 5.0 + 3.0 * i, 0.1 + 0.3 * rng_unit(&rng), &rng);
        found = find(&live, &trial);
        assert_true(found.known);
        double v = naive_variance(&live, &live_rate) + naive_variance(&trial, &trial_rate);
        double both = (total(live.gains) + total(trial.gains)) /
                      (total(live.lists) + total(trial.lists));
        double t = RATE_EFFECT * both;
        double half = (found.upper - found.lower) / 2.0 * live_rate;
        double evidence = integrated_evidence(half, v, t * t);
        assert_true(fabs(evidence * RATE_ERROR - 1.0) < 1e-3);
        assert_true(fabs(found.part - (trial_rate - live_rate) / live_rate) < 1e-12);
        assert_true(fabs(found.part - (found.lower + found.upper) / 2.0) < 1e-12);
        assert_true(fabs(found.live_rate - live_rate) < 1e-12);
        assert_true(fabs(found.trial_rate - trial_rate) < 1e-12);
    }
}

static void test_nothing_is_said_of_little(void **state)
{
    struct arm live = {{0}, {0}}, trial = {{0}, {0}};
    struct rate_difference found;
    found = find(&live, &trial);
    assert_false(found.known);
    for (int b = 0; b < BUCKETS; b++) {
        live.lists[b] = trial.lists[b] = 1.0;
        live.gains[b] = b < RATE_GAINS_MIN - 1;
    }
    found = find(&live, &trial);
    assert_false(found.known);
    assert_true(found.live_rate > 0.0);
    assert_true(found.trial_rate == 0.0 && found.part == 0.0 && found.upper == 0.0);
    live.gains[RATE_GAINS_MIN] = 1.0; /* that many of the live arm, and as many of the trial due */
    found = find(&live, &trial);
    assert_true(found.known);
    trial.lists[0] = 0.0;
    found = find(&live, &trial);
    assert_false(found.known);
}

/* A generation whose lists never hit is found, though it has no gains to count. */
static void test_verdicts(void **state)
{
    static const struct {
        struct rate_difference of;
        enum rate_verdict verdict;
        bool below; /* by more than 5 % */
    } cases[] = {
        {{.known = false, .lower = -0.3, .upper = -0.2}, RATE_UNKNOWN, false},
        {{.known = true, .lower = -0.1, .upper = 0.1}, RATE_UNDECIDED, false},
        {{.known = true, .lower = -0.1, .upper = 0.0}, RATE_UNDECIDED, false},
        {{.known = true, .lower = -0.2, .upper = -0.04}, RATE_WORSE, false},
        {{.known = true, .lower = -0.2, .upper = -0.05}, RATE_WORSE, false},
        {{.known = true, .lower = -0.2, .upper = -0.06}, RATE_WORSE, true},
        {{.known = true, .lower = 0.01, .upper = 0.2}, RATE_BETTER, false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        assert_int_equal(rate_difference_verdict(&cases[i].of), cases[i].verdict);
        assert_true(rate_difference_is_below(&cases[i].of, 0.05) == cases[i].below);
    }
}

static void test_no_gains_at_all(void **state)
{
    struct arm live, trial = {{0}, {0}};
    struct rate_difference found;
    uint64_t rng = 5;
    fill(&live, 50.0, 0.2, &rng);
    for (int b = 0; b < BUCKETS; b++) { trial.lists[b] = 2.0; }
    found = find(&live, &trial);
    assert_true(found.known && found.part == -1.0);
    assert_true(found.upper < -0.5);
}

/* ---- Whole trials ---- */

/* A world of users: each has a rate of its own, and some act far more often than others. A list
 * does with some probability as the one before it did. */
struct world {
    double rates[USERS];
    bool last[USERS];
    uint64_t arms[USERS]; /* a hash: the arm and the bucket */
    double share, effect;
    uint64_t rng;
};

/* The second smallest of nine: Beta(2, 8), of mean 0.2. */
static double draw_rate(uint64_t *rng)
{
    double least = 1.0, second = 1.0;
    for (int i = 0; i < 9; i++) {
        double one = rng_unit(rng);
        if (one < least) {
            second = least;
            least = one;
        } else if (one < second) {
            second = one;
        }
    }
    return second;
}

static void world_init(struct world *world, uint64_t seed, double share, double effect)
{
    *world = (struct world){.share = share, .effect = effect, .rng = seed * 7919 + 1};
    for (int u = 0; u < USERS; u++) {
        world->rates[u] = draw_rate(&world->rng);
        world->arms[u] = rng_next(&world->rng);
    }
}

/* One user acts; the list is judged and counted in its arm. */
static void act(struct world *world, struct arm arms[2])
{
    double unit = rng_unit(&world->rng);
    size_t user = (size_t)(unit * sqrt(unit) * USERS);
    bool in_trial = (double)(world->arms[user] >> 11) * 0x1p-53 < world->share;
    double rate = world->rates[user] * (in_trial ? 1.0 + world->effect : 1.0);
    bool sticks = rng_unit(&world->rng) < 0.2;
    bool hit = sticks ? world->last[user] : rng_unit(&world->rng) < rate;
    world->last[user] = hit;
    arms[in_trial].lists[world->arms[user] % BUCKETS] += 1.0;
    arms[in_trial].gains[world->arms[user] % BUCKETS] += hit;
}

struct run {
    int lists; /* of both arms, when the verdict fell; 0: none did */
    bool worse;
};

/* Looks again and again, and stops at the first verdict. */
static struct run run_trial(uint64_t seed, double share, double effect, int lists)
{
    static struct world world;
    struct arm arms[2] = {{{0}, {0}}, {{0}, {0}}};
    world_init(&world, seed, share, effect);
    for (int i = 1; i <= lists; i++) {
        struct rate_difference found;
        act(&world, arms);
        if (i % LOOK_EVERY) { continue; }
        found = find(&arms[0], &arms[1]);
        if (!found.known || (found.lower <= 0.0 && found.upper >= 0.0)) { continue; }
        return (struct run){.lists = i, .worse = found.upper < 0.0};
    }
    return (struct run){0};
}

static int compare_ints(const void *a, const void *b)
{
    return *(const int *)a < *(const int *)b ? -1 : *(const int *)a > *(const int *)b;
}

/* Runs trials of many seeds; returns how many were found worse, and prints how soon. */
static int found_worse(const char *name, double share, double effect, int lists, int *ret_better)
{
    int worse = 0, better = 0, at[TRIALS];
    for (uint64_t seed = 1; seed <= TRIALS; seed++) {
        struct run run = run_trial(seed, share, effect, lists);
        if (run.lists && run.worse) { at[worse++] = run.lists; }
        better += run.lists && !run.worse;
    }
    qsort(at, (size_t)worse, sizeof(*at), compare_ints);
    printf("%s, share %.0f %%, %d lists: worse %d, better %d, median at %d\n", name, share * 100.0,
           lists, worse, better, worse ? at[worse / 2] : 0);
    *ret_better = better;
    return worse;
}

/* At most 10 false verdicts in 100 trials of a generation against itself. */
static void test_no_difference(void **state)
{
    int better, worse = found_worse("A/A", 0.5, 0.0, LISTS, &better);
    assert_true(worse + better <= 10);
    worse = found_worse("A/A", 0.1, 0.0, LISTS, &better);
    assert_true(worse + better <= 10);
}

/* A fifth fewer hits are found in at least 95 of 100 trials within 20,000 judged lists: of both
 * arms together where each has half of the users. */
static void test_a_fifth_less(void **state)
{
    int better, worse = found_worse("-20 %", 0.5, -0.2, LISTS, &better);
    assert_true(worse >= 95);
    assert_int_equal(better, 0);
}

/* Where the trial has a tenth of the users: within 20,000 judged lists of its own. */
static void test_a_fifth_less_for_a_tenth(void **state)
{
    int better, worse = found_worse("-20 %", 0.1, -0.2, 10 * LISTS, &better);
    assert_true(worse >= 95);
    assert_int_equal(better, 0);
    (void)found_worse("-20 %", 0.1, -0.2, LISTS, &better);
}

/* Counting lists as if they were independent is wrong here: that is what the buckets are for. */
static void test_lists_of_a_user_are_alike(void **state)
{
    static struct world world;
    struct arm arms[2] = {{{0}, {0}}, {{0}, {0}}};
    double rate;
    world_init(&world, 3, 0.5, 0.0);
    for (int i = 0; i < LISTS; i++) { act(&world, arms); }
    double clustered = naive_variance(&arms[0], &rate);
    assert_true(clustered > 1.5 * rate * (1.0 - rate) / total(arms[0].lists));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_ends_of_the_interval_have_just_enough_evidence),
        cmocka_unit_test(test_nothing_is_said_of_little),
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_no_gains_at_all),
        cmocka_unit_test(test_no_difference),
        cmocka_unit_test(test_a_fifth_less),
        cmocka_unit_test(test_a_fifth_less_for_a_tenth),
        cmocka_unit_test(test_lists_of_a_user_are_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
