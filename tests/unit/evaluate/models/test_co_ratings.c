#include "base/base.h"
#include "evaluate/models/co_ratings.h"
#include "model/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

enum { USERS = 50, ITEMS = 40 };

static float rating_of[USERS][ITEMS];

/* Rows beside sums over a full table, with moments and without. */
static void check(bool with_moments)
{
    struct co_ratings *table = co_ratings_new(ITEMS, with_moments);
    uint64_t rng = 4;
    memset(rating_of, 0, sizeof(rating_of));
    for (int user = 0; user < USERS; user++) {
        struct interaction had[ITEMS];
        for (size_t count = 0; count < 12;) {
            int32_t item = (int32_t)rng_below(&rng, ITEMS - 1); /* the last stays alone */
            if (rating_of[user][item] > 0.0F) { continue; }
            float rating = (float)(1 + rng_below(&rng, 5));
            co_ratings_learn(table, had, count, item, rating);
            rating_of[user][item] = rating;
            had[count++] = (struct interaction){.other = item, .rating = rating};
        }
    }
    for (int32_t at = 0; at < ITEMS * ITEMS; at++) {
        int32_t a = at / ITEMS, b = at % ITEMS, place = co_ratings_find(table, a, b);
        struct co_row row = co_ratings_row(table, a);
        struct similarity_moments want = {0};
        float co = 0.0F;
        for (int user = 0; user < USERS && a != b; user++) {
            float x = rating_of[user][a], y = rating_of[user][b];
            if (x == 0.0F || y == 0.0F) { continue; }
            co += MIN_OF(x, y);
            similarity_moments_add(&want, x, y);
        }
        assert_true((place < 0) == (co == 0.0F));
        if (place < 0) { continue; }
        assert_true(place < row.count && row.items[place] == b && row.co[place] == co);
        assert_true((row.moments != NULL) == with_moments);
        if (with_moments) { assert_memory_equal(&row.moments[place], &want, sizeof(want)); }
    }
    assert_int_equal(co_ratings_row(table, ITEMS - 1).count, 0);
    co_ratings_free(table);
    co_ratings_free(NULL);
}

static void test_rows(void **state)
{
    check(false);
    check(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
