#include "base/base.h"
#include "evaluate/models/ials.h"
#include "tests/unit/tiny_world.h"

#include <setjmp.h>
#include <cmocka.h>

enum { USERS = 25, ITEMS = 18, LONGEST = 9, K = 8 };

static bool had[USERS][ITEMS];

/* Solves by Gauss without pivots. */
static void solve(double a[K][K], double *b)
{
    for (int p = 0; p < K; p++) {
        for (int i = p + 1; i < K; i++) {
            double by = a[i][p] / a[p][p];
            for (int j = p; j < K; j++) { a[i][j] -= by * a[p][j]; }
            b[i] -= by * b[p];
        }
    }
    for (int p = K - 1; p >= 0; p--) {
        for (int j = p + 1; j < K; j++) { b[p] -= a[p][j] * b[j]; }
        b[p] /= a[p][p];
    }
}

/* The header's equation for one vector; with[i] is the weight of the pair, 0 for none. */
static void fit(double fixed[][K], int count, const double *with, double *x)
{
    double a[K][K] = {{0}}, mass = 0;
    for (int d = 0; d < K; d++) { x[d] = 0; }
    for (int i = 0; i < count; i++) {
        for (int d = 0; d < K; d++) {
            for (int e = 0; e < K; e++) { a[d][e] += (.2 + with[i]) * fixed[i][d] * fixed[i][e]; }
            x[d] += with[i] * fixed[i][d];
        }
        mass += with[i];
    }
    for (int d = 0; d < K; d++) { a[d][d] += .05 * (mass + .2 * count) + 1e-6; }
    solve(a, x);
}

static void test_equations(void **state)
{
    struct sequences sequences;
    tiny_world(&sequences, USERS, ITEMS, LONGEST, 23);
    static double x[USERS][K], y[ITEMS][K];
    double deviation = .1 / sqrt(K), with[USERS];
    uint64_t rng = 5;
    for (int i = 0; i < USERS * K; i++) { x[i / K][i % K] = deviation * rng_normal(&rng); }
    for (int i = 0; i < ITEMS * K; i++) { y[i / K][i % K] = deviation * rng_normal(&rng); }
    for (int32_t user = 0; user < USERS; user++) {
        size_t count;
        const struct user_action *actions = sequences_of(&sequences, user, &count);
        for (size_t at = 0; at < count; at++) { had[user][actions[at].item] = true; }
    }
    for (int turn = 0; turn < 2; turn++) {
        for (int u = 0; u < USERS; u++) {
            for (int i = 0; i < ITEMS; i++) { with[i] = had[u][i]; }
            fit(y, ITEMS, with, x[u]);
        }
        for (int i = 0; i < ITEMS; i++) {
            for (int u = 0; u < USERS; u++) { with[u] = had[u][i]; }
            fit(x, USERS, with, y[i]);
        }
    }
    struct ials_settings settings = {
        .factors = K, .sweeps = 2, .alpha = .2, .regularisation = .05, .recency_decay = .6};
    struct model_context context = {.users_max = USERS, .items_max = ITEMS, .seed = 5};
    void *model = ials_recommender.make(&context, &settings);
    tiny_learn(&ials_recommender, model, &sequences);
    ials_recommender.settle(model);
    const int32_t history[] = {7, 1, 12};
    const double weights[] = {.36, .6, 1};
    double folded[K], by_item[ITEMS] = {0};
    for (int at = 0; at < 3; at++) { by_item[history[at]] = weights[at]; }
    fit(y, ITEMS, by_item, folded);
    float got[ITEMS];
    ials_recommender.score(
        model, &(struct query){.history = history, .count = 3, .items = ITEMS}, got);
    for (int i = 0; i < ITEMS; i++) {
        double want = 0;
        for (int d = 0; d < K; d++) { want += folded[d] * y[i][d]; }
        assert_near(got[i], want, 1e-3);
    }
    settings.recency_decay = 1;
    assert_true(ials_recommender.retune(model, &settings));
    settings.alpha = 1;
    assert_false(ials_recommender.retune(model, &settings));
    ials_recommender.free(model);
    sequences_release(&sequences);
}

static void fold(double moved[][K], double fixed[][K], int at, bool users)
{
    double with[USERS] = {0};
    int count = users ? ITEMS : USERS;
    for (int k = 0; k < count; k++) { with[k] = users ? had[at][k] : had[k][at]; }
    fit(fixed, count, with, moved[at]);
}

enum { NEW_USER = USERS - 1, NEW_ITEM = ITEMS - 1 };

/* A user and an item that nobody knew at the settle, folded in pair by pair. */
static void test_fold_in(void **state)
{
    struct sequences sequences;
    tiny_world(&sequences, NEW_USER, NEW_ITEM, LONGEST, 23);
    static double x[USERS][K], y[ITEMS][K];
    struct ials_settings settings = {
        .factors = K, .sweeps = 2, .alpha = .2, .regularisation = .05, .recency_decay = 1};
    struct model_context context = {.users_max = USERS, .items_max = ITEMS, .seed = 5};
    void *model = ials_recommender.make(&context, &settings);
    tiny_learn(&ials_recommender, model, &sequences);
    ials_recommender.settle(model);
    double deviation = .1 / sqrt(K), folded[K], with[ITEMS] = {0};
    uint64_t rng = 5;
    for (int i = 0; i < USERS * K; i++) { x[i / K][i % K] = deviation * rng_normal(&rng); }
    for (int i = 0; i < ITEMS * K; i++) { y[i / K][i % K] = deviation * rng_normal(&rng); }
    memset(had, 0, sizeof(had));
    for (int32_t user = 0; user < NEW_USER; user++) {
        size_t count;
        const struct user_action *actions = sequences_of(&sequences, user, &count);
        for (size_t at = 0; at < count; at++) { had[user][actions[at].item] = true; }
    }
    for (int turn = 0; turn < 2; turn++) {
        for (int u = 0; u < USERS; u++) { fold(x, y, u, true); }
        for (int i = 0; i < ITEMS; i++) { fold(y, x, i, false); }
    }
    const int32_t users[] = {NEW_USER, 3, NEW_USER, 8};
    const int32_t items[] = {2, NEW_ITEM, NEW_ITEM, NEW_ITEM};
    for (int at = 0; at < 4; at++) {
        ials_recommender.learn(model,
                               &(struct training_example){.user = users[at], .item = items[at]});
        had[users[at]][items[at]] = true;
        fold(x, y, users[at], true);
        fold(y, x, items[at], false);
    }
    const int32_t history[] = {2, NEW_ITEM};
    with[2] = with[NEW_ITEM] = 1;
    fit(y, ITEMS, with, folded);
    float got[ITEMS];
    ials_recommender.score(
        model, &(struct query){.history = history, .count = 2, .items = ITEMS}, got);
    for (int i = 0; i < ITEMS; i++) {
        double want = 0;
        for (int d = 0; d < K; d++) { want += folded[d] * y[i][d]; }
        assert_near(got[i], want, 1e-3);
    }
    assert_true(got[NEW_ITEM] > .05F); /* it is near those whose users had it */
    ials_recommender.free(model);
    sequences_release(&sequences);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_equations),
                                       cmocka_unit_test(test_fold_in)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
