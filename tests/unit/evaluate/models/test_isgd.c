#include "base/base.h"
#include "evaluate/models/isgd.h"
#include "tests/unit/tiny_world.h"

#include <setjmp.h>
#include <cmocka.h>

enum { USERS = 20, ITEMS = 15, LONGEST = 9, K = 8 };

/* The published loop in doubles, from the same first vectors. */
static void test_steps(void **state)
{
    struct sequences sequences;
    tiny_world(&sequences, USERS, ITEMS, LONGEST, 17);
    double p[USERS][K], q[ITEMS][K];
    uint64_t rng = 5;
    for (int i = 0; i < USERS * K; i++) { p[i / K][i % K] = .1 * rng_normal(&rng); }
    for (int i = 0; i < ITEMS * K; i++) { q[i / K][i % K] = .1 * rng_normal(&rng); }
    struct isgd_settings settings = {
        .factors = K, .iterations = 3, .rate = .1, .regularisation = .4};
    struct model_context context = {.users_max = USERS, .items_max = ITEMS, .seed = 5};
    void *model = isgd_recommender.make(&context, &settings);
    tiny_learn(&isgd_recommender, model, &sequences);
    for (int32_t user = 0; user < USERS; user++) {
        size_t count;
        const struct user_action *actions = sequences_of(&sequences, user, &count);
        for (size_t at = 0; at < count; at++) {
            double *u = p[user], *v = q[actions[at].item];
            for (int turn = 0; turn < 3; turn++) {
                double e = 1;
                for (int d = 0; d < K; d++) { e -= u[d] * v[d]; }
                for (int d = 0; d < K; d++) { u[d] += .1 * (e * v[d] - .4 * u[d]); }
                for (int d = 0; d < K; d++) { v[d] += .1 * (e * u[d] - .4 * v[d]); }
            }
        }
    }
    for (int32_t user = 0; user < USERS; user++) {
        float got[ITEMS];
        isgd_recommender.score(model, &(struct query){.user = user, .items = ITEMS}, got);
        for (int i = 0; i < ITEMS; i++) {
            double e = 1;
            for (int d = 0; d < K; d++) { e -= p[user][d] * q[i][d]; }
            assert_near(got[i], -fabs(e), 1e-4);
        }
    }
    isgd_recommender.free(model);
    sequences_release(&sequences);
}

/* A user never seen stands at the mean of the history. */
static void test_fold_in(void **state)
{
    struct model_context context = {.users_max = 2, .items_max = 3, .seed = 5};
    struct isgd_settings settings = {
        .factors = K, .iterations = 30, .rate = .1, .regularisation = 0};
    void *model = isgd_recommender.make(&context, &settings);
    int32_t history[] = {2};
    for (int32_t item = 0; item < 2; item++) {
        isgd_recommender.learn(model, &(struct training_example){.user = 0, .item = item});
    }
    float same[3], zero[3];
    isgd_recommender.score(model, &(struct query){.user = 1, .items = 3}, zero);
    for (int i = 0; i < 3; i++) { assert_true(zero[i] == -1.0F); }
    isgd_recommender.score(
        model, &(struct query){.user = 1, .history = history, .count = 1, .items = 3}, same);
    assert_true(same[2] != -1.0F);
    isgd_recommender.free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_fold_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
