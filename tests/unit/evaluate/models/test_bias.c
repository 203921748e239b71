#include "base/base.h"
#include "evaluate/models/bias.h"
#include "tests/unit/tiny_world.h"

#include <setjmp.h>
#include <cmocka.h>

enum { USERS = 15, ITEMS = 12 };

/* The header's formulas over a full table of ratings. */
static void test_formulas(void **state)
{
    double ratings[USERS][ITEMS] = {{0}}, sum = 0, count = 0;
    struct bias bias = {.by_user = NULL};
    struct interaction_lists *by_user = interaction_lists_new(USERS),
                             *by_item = interaction_lists_new(ITEMS);
    bias.by_user = by_user;
    bias.by_item = by_item;
    assert_true(bias_mean(&bias) == 0.0 && bias_user(&bias, 2) == 0.0);
    uint64_t rng = 9;
    for (int at = 0; at < (USERS - 1) * (ITEMS - 1); at++) { /* the last ones stay without */
        int user = at / (ITEMS - 1), item = at % (ITEMS - 1);
        if (rng_below(&rng, 3) == 0) { continue; }
        float rating = (float)(1 + rng_below(&rng, 5));
        ratings[user][item] = (double)rating;
        bias_add(&bias, rating);
        interaction_lists_add(by_user, user, item, rating);
        interaction_lists_add(by_item, item, user, rating);
        sum += (double)rating;
        count++;
    }
    double mu = sum / count, of_item[ITEMS];
    assert_near(bias_mean(&bias), mu, 1e-12);
    for (int i = 0; i < ITEMS; i++) {
        double over = 0, n = 10;
        for (int u = 0; u < USERS; u++) {
            if (ratings[u][i] > 0) { over += ratings[u][i] - mu, n++; }
        }
        of_item[i] = over / n;
        assert_near(bias_item(&bias, i), of_item[i], 1e-12);
    }
    for (int u = 0; u < USERS; u++) {
        double over = 0, n = 15;
        for (int i = 0; i < ITEMS; i++) {
            if (ratings[u][i] > 0) { over += ratings[u][i] - mu - of_item[i], n++; }
        }
        assert_near(bias_user(&bias, u), over / n, 1e-12);
    }
    interaction_lists_free(by_user);
    interaction_lists_free(by_item);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_formulas)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
