#include "base/base.h"
#include "base/xalloc.h"
#include "evaluate/models/blend.h"
#include "tests/unit/tiny_world.h"

#include <setjmp.h>
#include <cmocka.h>

enum { ITEMS = 30 };

/* A member that says what it was told to, beside noise. */
struct parrot {
    float scores[ITEMS];
};

static void score(void *self, const struct query *query, float *scores)
{
    memcpy(scores, ((struct parrot *)self)->scores, sizeof(float) * (size_t)query->items);
}

static const struct recommender parrots = {.name = "parrot", .score = score};

/* z-scores over what the history 3, 8 leaves, in doubles. */
static void z_scores(const float *scores, double *z)
{
    double sum = 0, squares = 0, n = ITEMS - 2;
    for (int i = 0; i < ITEMS; i++) {
        if (i == 3 || i == 8) { continue; }
        sum += (double)scores[i];
        squares += (double)scores[i] * (double)scores[i];
    }
    double sd = sqrt(squares / n - sum / n * sum / n);
    for (int i = 0; i < ITEMS; i++) { z[i] = sd > 0 ? ((double)scores[i] - sum / n) / sd : 0; }
}

/* The header's features of an item by one member. */
static void features(const double *z, int item, double *x)
{
    int rank = 0;
    for (int i = 0; i < ITEMS; i++) { rank += i != 3 && i != 8 && z[i] > z[item]; }
    x[0] = z[item];
    x[1] = 2 * log(1 + fmax(z[item] + .5, 0));
    x[2] = z[item] > 0 && rank < BLEND_CANDIDATES
               ? 1 / (1 + rank / 5.0) - 1 / (1 + BLEND_CANDIDATES / 5.0) : 0;
}

enum { X = 3 };

/* The blend beside the header's formulas: two members that see something, one that is flat. */
static void test_formulas(void **state)
{
    struct parrot parrot[3] = {{{0}}};
    struct member members[3];
    for (int m = 0; m < 3; m++) { members[m] = (struct member){&parrots, &parrot[m], ""}; }
    struct blend *blend = blend_new(BLEND_LEARNED, ITEMS, members, 3);
    const int32_t history[] = {3, 8, 3};
    struct query query = {.history = history, .count = 3, .items = ITEMS};
    int mixed = 0;
    double w[3 * X] = {.2}, squares[3 * X];
    for (int f = 0; f < 3 * X; f++) { squares[f] = 1e-2; }
    uint64_t rng = 6;
    for (int round = 0; round < 20; round++) {
        double z[3][ITEMS], x[ITEMS][3 * X], y[ITEMS], p[ITEMS], sum = 0;
        float got[ITEMS];
        for (int i = 0; i < ITEMS; i++) {
            parrot[0].scores[i] = (float)(3 * rng_normal(&rng) + 100);
            parrot[1].scores[i] = (float)exp(rng_normal(&rng));
            parrot[2].scores[i] = 5;
        }
        blend_score(blend, &query, got);
        for (int m = 0; m < 3; m++) { z_scores(parrot[m].scores, z[m]); }
        for (int i = 0; i < ITEMS; i++) {
            bool candidate = i != 3 && i != 8 && (z[0][i] > 0 || z[1][i] > 0);
            y[i] = 0;
            for (int m = 0; m < 3; m++) {
                features(z[m], i, &x[i][m * X]);
                for (int f = m * X; f < m * X + X; f++) { y[i] += w[f] * x[i][f]; }
            }
            p[i] = candidate ? exp(y[i]) : 0;
            sum += p[i];
            if (blend_leader(blend) != 3) { continue; } /* a member answers */
            mixed++;
            if (candidate) { assert_near(got[i], y[i], 1e-3); }
            if (i != 3 && i != 8 && !candidate) { assert_true(got[i] < -500); }
        }
        int32_t target = 10 + (int32_t)rng_below(&rng, 20);
        blend_learn(blend, &query, target);
        if (p[target] == 0) { continue; }
        for (int f = 0; f < 3 * X; f++) {
            double gradient = x[target][f];
            for (int i = 0; i < ITEMS; i++) { gradient -= p[i] / sum * x[i][f]; }
            squares[f] += gradient * gradient;
            w[f] += .05 * gradient / sqrt(squares[f]);
        }
    }
    assert_true(mixed > 0);
    for (size_t m = 0; m < 3; m++) {
        double whole = w[m * X] + w[m * X + 1] + w[m * X + 2];
        assert_near(blend_weight(blend, blend_segment(3), m), whole, 1e-3);
    }
    struct ranking_metrics hits[3] = {{0}};
    blend_count(blend, &query, 3, hits); /* in the history: a miss */
    assert_true(hits[0].r20 == 0.0 && hits[0].asked == 1);
    blend_free(blend);
    blend_free(NULL);
}

/* The mixture answers although a member does better, until that one is told to. */
static void test_mixture_stays(void **state)
{
    struct parrot right, wrong;
    const struct member members[] = {{&parrots, &wrong, ""}, {&parrots, &right, ""}};
    struct blend *blend = blend_new(BLEND_MIXTURE, ITEMS, members, 2);
    struct query query = {.history = (const int32_t[]){4}, .count = 1, .items = ITEMS};
    uint64_t rng = 9;
    float got[ITEMS];
    float before = blend_weight(blend, blend_segment(1), 1);
    for (int round = 0; round < 50; round++) {
        int32_t target = 5 + (int32_t)rng_below(&rng, ITEMS - 5);
        for (int i = 0; i < ITEMS; i++) {
            wrong.scores[i] = (float)rng_normal(&rng);
            right.scores[i] = i == target ? 9.0F : (float)rng_normal(&rng);
        }
        blend_score(blend, &query, got);
        blend_learn(blend, &query, target);
        assert_int_equal(blend_leader(blend), 2);
    }
    assert_true(blend_weight(blend, blend_segment(1), 1) > before + .5F);
    blend_lead(blend, 1);
    blend_score(blend, &query, got);
    for (int i = 0; i < ITEMS; i++) { /* in the member's order */
        for (int j = 0; j < ITEMS && i != 4; j++) {
            assert_true(j == 4 || (got[i] < got[j]) == (right.scores[i] < right.scores[j]));
        }
    }
    blend_free(blend);
}

/* Three members: noise, the truth half drowned, noise. The truth must get the weight and answer. */
static void learn_truth(enum blend_mode mode, size_t *ret_leader, float *ret_weights)
{
    struct parrot parrot[3];
    struct member members[3];
    for (int m = 0; m < 3; m++) { members[m] = (struct member){&parrots, &parrot[m], ""}; }
    struct blend *blend = blend_new(mode, ITEMS, members, 3);
    uint64_t rng = 12;
    struct query query = {.items = ITEMS};
    float scores[ITEMS];
    for (int round = 0; round < 600; round++) {
        int32_t target = (int32_t)rng_below(&rng, ITEMS);
        for (int i = 0; i < ITEMS; i++) {
            for (int m = 0; m < 3; m++) { parrot[m].scores[i] = (float)rng_normal(&rng); }
            parrot[1].scores[i] += i == target ? 2.0F : 0.0F;
        }
        blend_score(blend, &query, scores);
        blend_learn(blend, &query, target);
    }
    for (size_t m = 0; m < 3; m++) { ret_weights[m] = blend_weight(blend, 0, m); }
    *ret_leader = blend_leader(blend);
    blend_free(blend);
}

static void test_learning(void **state)
{
    size_t leader;
    float weights[3];
    learn_truth(BLEND_LEARNED, &leader, weights);
    assert_true(weights[1] > 5 * weights[0] && weights[1] > 5 * weights[2]);
    assert_true(leader == 1 || leader == 3); /* the truth, or the mixture */
    learn_truth(BLEND_LEADER, &leader, weights);
    assert_int_equal(leader, 1);
}

static void test_segments(void **state)
{
    assert_int_equal(blend_segment(0), 0);
    assert_int_equal(blend_segment(1), 1);
    assert_int_equal(blend_segment(4), 1);
    assert_int_equal(blend_segment(5), 2);
    assert_int_equal(blend_segment(19), 2);
    assert_int_equal(blend_segment(20), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formulas),
        cmocka_unit_test(test_mixture_stays),
        cmocka_unit_test(test_learning),
        cmocka_unit_test(test_segments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
