#include "base/base.h"
#include "evaluate/models/user_knn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/unit/ratings_oracle.h"

enum { USERS = ORACLE_USERS, ITEMS = ORACLE_ITEMS, NEIGHBOURS = 5, RATERS = 30 };
#define SHRINK 2.0

static struct ratings_oracle oracle;

static void *teach(const struct sequences *sequences)
{
    const struct user_knn_settings settings = {.neighbours = NEIGHBOURS, .readers = 1000,
                                               .raters = RATERS, .shrink = SHRINK,
                                               .recency_decay = .6, .popular = .4};
    struct model_context context = {.users_max = USERS, .items_max = ITEMS};
    void *model = user_knn_recommender.make(&context, &settings);
    tiny_learn(&user_knn_recommender, model, sequences);
    return model;
}

static double count_of(int user, int item)
{
    double n = 0;
    for (int at = 0; at < (user < 0 ? USERS : ITEMS); at++) {
        n += user < 0 ? oracle.r[at][item] > 0 : oracle.r[user][at] > 0;
    }
    return n;
}

static void test_lists(void **state)
{
    struct sequences sequences;
    tiny_world(&sequences, USERS, ITEMS, 14, 23);
    ratings_oracle_fill(&oracle, &sequences);
    void *model = teach(&sequences);
    const int32_t history[] = {7, 1, 12};
    const double weights[] = {.36, .6, 1};
    double alike[USERS] = {0}, want[ITEMS] = {0};
    const int self = 3;
    for (int v = 0; v < USERS; v++) {
        for (int r = 0; r < 3 && v != self; r++) {
            if (oracle.r[v][history[r]] > 0) {
                alike[v] += weights[r] * pow(count_of(-1, history[r]), -.4);
            }
        }
        alike[v] /= sqrt(count_of(v, -1));
    }
    int places[NEIGHBOURS];
    size_t count = ratings_oracle_greatest(alike, USERS, NEIGHBOURS, places);
    for (size_t k = 0; k < count; k++) {
        for (int i = 0; i < ITEMS; i++) {
            want[i] += oracle.r[places[k]][i] > 0 ? alike[places[k]] : 0;
        }
    }
    for (int turn = 0; turn < 2; turn++) { /* nothing is left of the query before */
        float got[ITEMS];
        user_knn_recommender.score(model, &(struct query){.user = self, .history = history,
                                                          .count = 3, .items = ITEMS}, got);
        for (int i = 0; i < ITEMS; i++) { assert_near(got[i], want[i], 1e-4); }
    }
    user_knn_recommender.free(model);
    sequences_release(&sequences);
}

static void test_ratings(void **state)
{
    struct sequences sequences;
    tiny_world(&sequences, USERS, ITEMS, 14, 23);
    ratings_oracle_fill(&oracle, &sequences);
    void *model = teach(&sequences);
    for (int at = 0; at < USERS * ITEMS; at++) {
        int u = at / ITEMS, i = at % ITEMS;
        double over = 0, mass = 0;
        for (int v = 0; v < USERS; v++) { /* fewer than RATERS have it */
            double w = ratings_oracle_users(&oracle, u, v, SHRINK);
            if (v == u || !(oracle.r[v][i] > 0) || !(w > 0)) { continue; }
            over += w * (oracle.r[v][i] - oracle.mu - oracle.of_item[i] - oracle.of_user[v]);
            mass += w;
        }
        double want = oracle.mu + oracle.of_user[u] + oracle.of_item[i];
        want += mass > 0 ? over / mass : 0;
        assert_near(user_knn_recommender.rate(model, u, i), want, 1e-4);
    }
    user_knn_recommender.free(model);
    sequences_release(&sequences);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_ratings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
