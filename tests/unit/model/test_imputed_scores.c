#include "base/base.h"
#include "model/candidate_set.h"
#include "model/imputed_scores.h"
#include "model/rng.h"

#include <setjmp.h>
#include <cmocka.h>

enum { ITEMS = 60 };

static struct mixture_candidates candidates;
static float actions[MIXTURE_CANDIDATES_MAX];
static bool found[MIXTURE_CANDIDATES_MAX];
static const bool by_actions[MIXTURE_MEMBERS] = {
    [MEMBER_COUNTING] = true,
    [MEMBER_USERS] = true,
};
static const struct imputed_evidence evidence = {
    .actions = actions, .found = found, .by_actions = by_actions};

static float drawn(uint64_t *rng)
{
    return (float)rng_below(rng, 10000) / 1000.0F - 3.0F;
}

/* Candidates with scores of counting, sequence and content, and 0 to 11 actions. */
static void draw(uint64_t seed)
{
    uint64_t rng = seed;
    candidates = (struct mixture_candidates){.count = ITEMS};
    for (size_t k = 0; k < ITEMS; k++) {
        candidates.z[MEMBER_COUNTING][k] = drawn(&rng);
        candidates.z[MEMBER_SEQUENCE][k] = drawn(&rng);
        candidates.z[MEMBER_CONTENT][k] = drawn(&rng);
        actions[k] = (float)rng_below(&rng, 12);
        found[k] = rng_below(&rng, 3) > 0;
    }
}

/* The formulas of the header, one after the other. */
static void naive(double *ret_lifts)
{
    const float (*z)[MIXTURE_CANDIDATES_MAX] = candidates.z;
    double products = 0.0, squares = 0.0, b = 0.0;
    for (size_t k = 0; k < ITEMS; k++) {
        double o = ((double)z[MEMBER_SEQUENCE][k] + (double)z[MEMBER_CONTENT][k]) / 2.0;
        if (!found[k] || actions[k] < 5) { continue; }
        products += (double)z[MEMBER_COUNTING][k] * o;
        squares += o * o;
    }
    b = products / squares;
    b = b < 0.0 ? 0.0 : b > 1.0 ? 1.0 : b;
    for (size_t k = 0; k < ITEMS; k++) {
        double o = ((double)z[MEMBER_SEQUENCE][k] + (double)z[MEMBER_CONTENT][k]) / 2.0;
        double more = b * o - (double)z[MEMBER_COUNTING][k];
        ret_lifts[k] = b > 0.0 && more > 0.0 ? 2.0 / (2.0 + (double)actions[k]) * more : 0.0;
    }
}

static void test_against_the_formulas(void **state)
{
    float lifts[MIXTURE_CANDIDATES_MAX];
    double want[ITEMS];
    size_t lifted = 0;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        draw(seed);
        naive(want);
        imputed_scores_find(&candidates, &evidence, MEMBER_COUNTING, lifts);
        for (size_t k = 0; k < ITEMS; k++) {
            assert_true(fabs((double)lifts[k] - want[k]) < 1e-4);
            lifted += lifts[k] > 0.0F;
        }
    }
    assert_true(lifted > 0);
}

/* With few items that tell what the member thinks, or where it thinks the opposite of the others,
 * or without any others, nothing is imputed. */
static void test_nothing_to_go_by(void **state)
{
    float lifts[MIXTURE_CANDIDATES_MAX];
    for (int way = 0; way < 3; way++) {
        draw(1);
        for (size_t k = 0; k < ITEMS; k++) {
            float *z = &candidates.z[MEMBER_COUNTING][k];
            *z = -candidates.z[MEMBER_SEQUENCE][k];
            candidates.z[MEMBER_CONTENT][k] = 0.0F;
            if (way == 0) { found[k] = k < IMPUTED_ITEMS_LEAST - 1; }
            if (way == 0) { *z = candidates.z[MEMBER_SEQUENCE][k]; }
            if (way == 2) { candidates.z[MEMBER_SEQUENCE][k] = 0.0F; }
        }
        imputed_scores_find(&candidates, &evidence, MEMBER_COUNTING, lifts);
        for (size_t k = 0; k < ITEMS; k++) { assert_true(lifts[k] == 0.0F); }
    }
}

/* The more actions an item has, the more it is judged by them. */
static void test_actions_replace_it(void **state)
{
    float lifts[MIXTURE_CANDIDATES_MAX];
    draw(1);
    for (size_t k = 0; k < ITEMS; k++) {
        candidates.z[MEMBER_COUNTING][k] = candidates.z[MEMBER_SEQUENCE][k] = 1.0F + (float)k;
        actions[k] = 100.0F;
        found[k] = true;
    }
    memset(candidates.z[MEMBER_CONTENT], 0, sizeof(candidates.z[MEMBER_CONTENT]));
    for (size_t k = 0; k < 5; k++) {
        candidates.z[MEMBER_COUNTING][k] = 0.0F;
        candidates.z[MEMBER_SEQUENCE][k] = 10.0F;
        actions[k] = (float)(2 * k);
    }
    imputed_scores_find(&candidates, &evidence, MEMBER_COUNTING, lifts);
    for (size_t k = 1; k < 5; k++) { assert_true(lifts[k] > 0.0F && lifts[k] < lifts[k - 1]); }
    for (size_t k = 5; k < ITEMS; k++) { assert_true(lifts[k] == 0.0F); }
}

/* Fewer than no actions, as a foreign row may say: a new item, and nothing is infinite. */
static void test_fewer_than_no_actions(void **state)
{
    float lifts[MIXTURE_CANDIDATES_MAX], of_none[MIXTURE_CANDIDATES_MAX];
    draw(1);
    for (size_t k = 0; k < 4; k++) { actions[k] = 0.0F; }
    imputed_scores_find(&candidates, &evidence, MEMBER_COUNTING, of_none);
    for (size_t k = 0; k < 4; k++) { actions[k] = -1.0F - (float)k; }
    imputed_scores_find(&candidates, &evidence, MEMBER_COUNTING, lifts);
    for (size_t k = 0; k < ITEMS; k++) { assert_true(lifts[k] == of_none[k]); }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_the_formulas),
        cmocka_unit_test(test_nothing_to_go_by),
        cmocka_unit_test(test_actions_replace_it),
        cmocka_unit_test(test_fewer_than_no_actions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
