#include "base/base.h"
#include "model/counting/cross_table.h"
#include "model/counting/similarity.h"

#include <setjmp.h>
#include <cmocka.h>

enum { VIEW = 1, PURCHASE = 5, USERS = 1000 };

static void put(struct cross_table *table, int32_t kind, int32_t item, double users,
                const struct cross_neighbour *neighbours, size_t count, int64_t epoch)
{
    const struct cross_row row = {.version = 1, .epoch = epoch, .users = users,
                                  .neighbours = neighbours, .count = count};
    cross_table_put(table, kind, item, &row);
}

/* Of 1000 users, 100 viewed 0; 40 bought 1, of whom 30 had viewed 0; 500 bought 2, of whom 50 had,
 * which is chance; 300 bought 3, of whom 10 had, which is less. */
static const struct cross_neighbour bought[] = {
    {2, PURCHASE, 50}, {1, PURCHASE, 30}, {3, PURCHASE, 10}, {4, PURCHASE, 5}};

static void strengths_are_those_of_the_table_of_four(void **state _unused_)
{
    const struct cross_found *found;
    struct cross_table *table = cross_table_new();
    assert_true(cross_table_empty(table));
    assert_int_equal(cross_table_find(table, VIEW, 0, USERS, &found), 0);
    put(table, PURCHASE, 3, 300, NULL, 0, 0);
    assert_true(cross_table_empty(table));
    put(table, VIEW, 0, 100, bought, ARRAY_COUNT(bought), 0); /* before those it names */
    put(table, PURCHASE, 1, 40, NULL, 0, 0);
    put(table, PURCHASE, 2, 500, NULL, 0, 0);
    assert_false(cross_table_empty(table));
    assert_int_equal(cross_table_find(table, VIEW, 0, USERS, &found), 1);
    assert_int_equal(found[0].item, 1);
    assert_true(found[0].users == 30.0F);
    assert_true(found[0].strength == (float)sqrt(similarity_llr_table(30, 70, 10, 890)));
    assert_int_equal(cross_table_find(table, PURCHASE, 0, USERS, &found), 0);
    assert_int_equal(cross_table_find(table, VIEW, 1000, USERS, &found), 0);
    cross_table_remove(table, PURCHASE, 1); /* its users are not known any more */
    cross_table_remove(table, PURCHASE, 2000);
    assert_int_equal(cross_table_find(table, VIEW, 0, USERS, &found), 0);
    cross_table_remove(table, VIEW, 0);
    assert_true(cross_table_empty(table));
    assert_int_equal(cross_table_find(table, VIEW, 0, USERS, &found), 0);
    cross_table_free(table);
    cross_table_free(NULL);
}

static void rows_of_all_epochs_are_read_at_the_newest(void **state _unused_)
{
    const struct cross_found *found;
    struct cross_table *table = cross_table_new();
    const struct cross_neighbour one[] = {{1, PURCHASE, 60}};
    put(table, VIEW, 0, 200, one, 1, 0);      /* at epoch 1: 100 viewed, 30 bought */
    put(table, PURCHASE, 1, 40, NULL, 0, 1);
    assert_int_equal(cross_table_find(table, VIEW, 0, USERS, &found), 1);
    assert_true(found[0].strength == (float)sqrt(similarity_llr_table(30, 70, 10, 890)));
    assert_true(found[0].users == 30.0F);
    cross_table_free(table);
}

static void a_row_has_its_best_and_a_version(void **state _unused_)
{
    const struct cross_found *found;
    struct cross_table *table = cross_table_new();
    struct cross_neighbour many[CROSS_NEIGHBOURS_MAX + 10];
    for (size_t k = 0; k < ARRAY_COUNT(many); k++) {
        many[k] = (struct cross_neighbour){(int32_t)k + 1, PURCHASE, 20};
        put(table, PURCHASE, (int32_t)k + 1, 30, NULL, 0, 0);
    }
    struct cross_row row = {.version = 7, .users = 100, .neighbours = many,
                            .count = ARRAY_COUNT(many)};
    cross_table_put(table, VIEW, 0, &row);
    assert_int_equal(cross_table_find(table, VIEW, 0, USERS, &found), CROSS_NEIGHBOURS_MAX);
    assert_int_equal(cross_table_version(table, VIEW, 0), 7);
    assert_int_equal(cross_table_version(table, VIEW, 5000), 0);
    row.count = 1;
    row.version = 8;
    cross_table_put(table, VIEW, 0, &row);
    assert_int_equal(cross_table_find(table, VIEW, 0, USERS, &found), 1);
    cross_table_free(table);
}

/* Counts that cannot be: more users of the pair than of either, none, or below 0. */
static void what_cannot_be_has_a_finite_strength(void **state _unused_)
{
    static const double numbers[] = {-1e12, -1, 0, 1e-300, 1, 1e12};
    const struct cross_found *found;
    for (size_t a = 0; a < ARRAY_COUNT(numbers); a++) {
        for (size_t b = 0; b < ARRAY_COUNT(numbers); b++) {
            struct cross_table *table = cross_table_new();
            const struct cross_neighbour one[] = {{1, PURCHASE, (float)numbers[b]}};
            put(table, VIEW, 0, numbers[a], one, 1, -((int64_t)1 << 40));
            put(table, PURCHASE, 1, numbers[b], NULL, 0, a % 2 ? (int64_t)1 << 40 : 0);
            size_t count = cross_table_find(table, VIEW, 0, numbers[a], &found);
            for (size_t k = 0; k < count; k++) {
                assert_true(found[k].strength > 0 && isfinite(found[k].strength));
            }
            cross_table_free(table);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strengths_are_those_of_the_table_of_four),
        cmocka_unit_test(rows_of_all_epochs_are_read_at_the_newest),
        cmocka_unit_test(a_row_has_its_best_and_a_version),
        cmocka_unit_test(what_cannot_be_has_a_finite_strength),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
