#include "base/base.h"
#include "evaluate/models/item_knn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/unit/ratings_oracle.h"

enum { USERS = ORACLE_USERS, ITEMS = ORACLE_ITEMS, NEIGHBOURS = 6, RATERS = 4 };
#define SHRINK 3.0

static struct ratings_oracle oracle;

/* The measures from the table of all ratings. */
static double similarity(enum item_knn_measure measure, int a, int b)
{
    double co = 0, mass_a = 0, mass_b = 0;
    for (int u = 0; u < USERS; u++) {
        co += fmin(oracle.r[u][a], oracle.r[u][b]);
        mass_a += oracle.r[u][a];
        mass_b += oracle.r[u][b];
    }
    if (measure == ITEM_KNN_PEARSON) { return ratings_oracle_items(&oracle, a, b, SHRINK); }
    if (!(co > 0)) { return 0; }
    if (measure == ITEM_KNN_COSINE) { return co / sqrt(mass_a * mass_b); }
    if (measure == ITEM_KNN_JACCARD) { return co / (mass_a + mass_b - co); }
    double cells[2][2] = {{co / oracle.mu, (mass_a - co) / oracle.mu},
                          {(mass_b - co) / oracle.mu, 0}}, sum = 0;
    cells[1][1] = fmax(USERS - (mass_a + mass_b - co) / oracle.mu, 0);
    double n = cells[0][0] + cells[0][1] + cells[1][0] + cells[1][1];
    for (int k = 0; k < 4; k++) {
        double row = cells[k / 2][0] + cells[k / 2][1], column = cells[0][k % 2] + cells[1][k % 2];
        double cell = cells[k / 2][k % 2];
        if (cell > 0) { sum += cell * log(cell * n / (row * column)); }
    }
    bool chance = cells[0][0] * cells[1][1] <= cells[0][1] * cells[1][0];
    return chance || sum < 0 ? 0 : 2 * sum;
}

static void *teach(const struct sequences *sequences, enum item_knn_measure measure)
{
    const struct item_knn_settings settings = {.measure = measure,
                                               .window = 1000,
                                               .neighbours = NEIGHBOURS,
                                               .raters = RATERS,
                                               .shrink = SHRINK,
                                               .recency_decay = .5};
    struct model_context context = {.users_max = USERS, .items_max = ITEMS};
    void *model = item_knn_recommender.make(&context, &settings);
    tiny_learn(&item_knn_recommender, model, sequences);
    return model;
}

static void check_lists(const struct sequences *sequences, enum item_knn_measure measure)
{
    void *model = teach(sequences, measure);
    const int32_t history[] = {7, 1, 12};
    const double weights[] = {.25, .5, 1};
    double want[ITEMS] = {0};
    float got[ITEMS];
    for (int r = 0; r < 3; r++) {
        double values[ITEMS];
        int places[NEIGHBOURS];
        for (int i = 0; i < ITEMS; i++) {
            values[i] = i == history[r] ? 0 : similarity(measure, history[r], i);
        }
        size_t count = ratings_oracle_greatest(values, ITEMS, NEIGHBOURS, places);
        for (size_t k = 0; k < count; k++) { want[places[k]] += weights[r] * values[places[k]]; }
    }
    item_knn_recommender.score(
        model, &(struct query){.history = history, .count = 3, .items = ITEMS}, got);
    for (int i = 0; i < ITEMS; i++) { assert_near(got[i], want[i], 1e-4); }
    item_knn_recommender.free(model);
}

static void check_ratings(const struct sequences *sequences, enum item_knn_measure measure)
{
    void *model = teach(sequences, measure);
    for (int at = 0; at < USERS * ITEMS; at++) {
        int u = at / ITEMS, i = at % ITEMS, places[RATERS];
        double values[ITEMS], over = 0, mass = 0;
        if (oracle.r[u][i] > 0) { continue; }
        for (int j = 0; j < ITEMS; j++) {
            values[j] = oracle.r[u][j] > 0 ? similarity(measure, i, j) : 0;
        }
        size_t count = ratings_oracle_greatest(values, ITEMS, RATERS, places);
        for (size_t k = 0; k < count; k++) {
            int j = places[k];
            double expected = oracle.mu + oracle.of_user[u] + oracle.of_item[j];
            over += values[j] * (oracle.r[u][j] - expected);
            mass += values[j];
        }
        double want = oracle.mu + oracle.of_user[u] + oracle.of_item[i];
        want += mass > 0 ? over / mass : 0;
        double got = item_knn_recommender.rate(model, u, i);
        /* Equal similarities may be cut off in another order. */
        if (count < RATERS) { assert_near(got, want, 1e-4); }
    }
    item_knn_recommender.free(model);
}

static void test_measures(void **state)
{
    struct sequences sequences;
    tiny_world(&sequences, USERS, ITEMS, 14, 23);
    ratings_oracle_fill(&oracle, &sequences);
    for (int measure = ITEM_KNN_COSINE; measure <= ITEM_KNN_PEARSON; measure++) {
        check_lists(&sequences, (enum item_knn_measure)measure);
        check_ratings(&sequences, (enum item_knn_measure)measure);
    }
    sequences_release(&sequences);
}

/* A kept row is computed again when its item has gained its share of ratings, not before. */
static void test_refresh(void **state)
{
    struct model_context context = {.users_max = 40, .items_max = 3};
    struct item_knn_settings settings = {.measure = ITEM_KNN_COSINE, .window = 9, .neighbours = 9,
                                         .raters = 9, .recency_decay = 1, .refresh = 1};
    void *model = item_knn_recommender.make(&context, &settings);
    const int32_t items[] = {0, 1};
    struct query query = {.history = items, .count = 1, .items = 3};
    float first[3], now[3];
    for (int32_t user = 0; user < 8; user++) {
        for (size_t at = 0; at < 2; at++) {
            item_knn_recommender.learn(model, &(struct training_example){.user = user,
                                                                         .item = items[at],
                                                                         .rating = 1,
                                                                         .before = items,
                                                                         .before_count = at});
        }
        if (user == 2) { item_knn_recommender.score(model, &query, first); }
        if (user > 2) { item_knn_recommender.score(model, &query, now); }
        if (user == 3) { /* item 1 alone, so that the cosine is another */
            item_knn_recommender.learn(
                model, &(struct training_example){.user = 20, .item = 1, .rating = 1});
        }
        if (user == 4) { assert_true(now[1] == first[1]); }
    }
    assert_true(now[1] < first[1]);
    settings.neighbours = 1;
    assert_true(item_knn_recommender.retune(model, &settings));
    settings.measure = ITEM_KNN_PEARSON;
    assert_false(item_knn_recommender.retune(model, &settings));
    item_knn_recommender.free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_measures),
        cmocka_unit_test(test_refresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
