#include "base/base.h"
#include "evaluate/models/ease.h"
#include "tests/unit/tiny_world.h"

#include <setjmp.h>
#include <cmocka.h>

enum { USERS = 50, ITEMS = 12, LONGEST = 8 };

/* Inverts by Gauss and Jordan; no pivots are needed for a positive definite matrix. */
static void invert(double matrix[ITEMS][ITEMS], double inverse[ITEMS][ITEMS])
{
    for (int i = 0; i < ITEMS; i++) {
        for (int j = 0; j < ITEMS; j++) { inverse[i][j] = i == j; }
    }
    for (int p = 0; p < ITEMS; p++) {
        double pivot = matrix[p][p];
        for (int j = 0; j < ITEMS; j++) {
            matrix[p][j] /= pivot;
            inverse[p][j] /= pivot;
        }
        for (int i = 0; i < ITEMS; i++) {
            double by = matrix[i][p];
            for (int j = 0; j < ITEMS && i != p; j++) {
                matrix[i][j] -= by * matrix[p][j];
                inverse[i][j] -= by * inverse[p][j];
            }
        }
    }
}

static void test_formula(void **state)
{
    struct sequences sequences;
    tiny_world(&sequences, USERS, ITEMS, LONGEST, 14);
    double gram[ITEMS][ITEMS] = {{0}}, p[ITEMS][ITEMS];
    for (int32_t user = 0; user < USERS; user++) {
        size_t count;
        const struct user_action *actions = sequences_of(&sequences, user, &count);
        for (size_t a = 0; a < count; a++) {
            for (size_t b = 0; b < count; b++) { gram[actions[a].item][actions[b].item] += 1; }
        }
    }
    for (int i = 0; i < ITEMS; i++) { gram[i][i] += 20; }
    invert(gram, p);
    struct ease_settings settings = {.lambda = 20, .recency_decay = .7};
    struct model_context context = {.users_max = USERS, .items_max = ITEMS};
    void *model = ease_recommender.make(&context, &settings);
    tiny_learn(&ease_recommender, model, &sequences);
    ease_recommender.settle(model);
    const int32_t history[] = {2, 9, 4};
    float got[ITEMS];
    struct query query = {.history = history, .count = 3, .items = ITEMS};
    for (int turn = 0; turn < 2; turn++) {
        double decay = turn ? 1 : .7;
        ease_recommender.score(model, &query, got);
        for (int i = 0; i < ITEMS; i++) {
            double want = 0;
            for (int r = 0; r < 3; r++) {
                int j = history[2 - r];
                want += i == j ? 0 : pow(decay, r) * -p[j][i] / p[i][i];
            }
            assert_near(got[i], want, 1e-4);
        }
        settings.recency_decay = 1;
        assert_true(ease_recommender.retune(model, &settings));
    }
    settings.lambda = 3;
    assert_false(ease_recommender.retune(model, &settings));
    ease_recommender.free(model);
    sequences_release(&sequences);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_formula)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
