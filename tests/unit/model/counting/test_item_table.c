#include "base/base.h"
#include "model/counting/item_table.h"

#include <setjmp.h>

#include <cmocka.h>

static const struct item_table_settings settings = {
    .backward_weight = 0.25,
    .shrink = 2.0,
    .source_power = 0.5,
    .target_power = 0.25,
    .kernel_power = 0.5,
    .neighbours_used = 3,
    .measure = SIMILARITY_COSINE,
};

static const int32_t items[] = {7, 2, 5, 4};
static const double co[] = {8, 6, 4, 2};
static const double forwards[] = {3, 0, 1, 9};
static const double backwards[] = {4, 8, 0, 9};

static struct item_row row_of(int64_t epoch, double actions, size_t count)
{
    return (struct item_row){
        .epoch = epoch,
        .trend_epoch = epoch * 10,
        .mass = actions * 2,
        .actions = actions,
        .trend = actions / 4,
        .count = count,
        .items = items,
        .co_ratings = co,
        .forwards = forwards,
        .backwards = backwards,
    };
}

static void near(double got, double want)
{
    if (fabs(got - want) > 1e-6 * fmax(1.0, fabs(want))) { fail_msg("%.9g, not %.9g", got, want); }
}

static double kernel(double c)
{
    return c > 0 ? sqrt(c * c / (c + 2.0)) : 0.0;
}

static void test_row(void **state)
{
    struct item_table *table = item_table_new(&settings);
    struct item_row row = row_of(0, 16, 4);
    item_table_put(table, 1, &row);
    struct neighbours read = item_table_neighbours(table, 1);
    assert_int_equal(read.count, 3); /* the strongest three of four */
    const double transitions[] = {4, 2, 1};
    for (size_t k = 0; k < read.count; k++) {
        assert_int_equal(read.items[k], items[k]);
        near(read.co_ratings[k] * read.co_scale, co[k]);
        near(read.kernels[k], kernel(transitions[k]));
    }
    near(item_table_factors(table)[1].source, pow(16, -0.25));
    near(item_table_factors(table)[1].target, pow(16, -0.125));
    near(item_table_factors(table)[1].mass, 1 / sqrt(32));
    near(item_table_factors(table)[1].root, 4);
    near(item_table_actions(table, 1), 16);
    near(item_table_mass(table, 1), 32);
    near(item_table_trend(table, 1), 4);
    assert_int_equal(item_table_end(table), 8);
    assert_true(item_table_has(table, 1));
    /* Named by a row, without one of its own. */
    assert_false(item_table_has(table, 7));
    near(item_table_factors(table)[7].target, 1);
    assert_int_equal(item_table_neighbours(table, 7).count, 0);
    /* Beyond the table. */
    assert_false(item_table_has(table, 100));
    assert_int_equal(item_table_neighbours(table, 100).count, 0);
    assert_true(item_table_actions(table, 100) == 0.0);
    item_table_free(table);
}

static void test_replaced_and_removed(void **state)
{
    struct item_table *table = item_table_new(&settings);
    struct item_row row = row_of(0, 16, 3);
    item_table_put(table, 1, &row);
    assert_int_equal(item_table_neighbours(table, 1).count, 3);
    uint64_t version = item_table_changes(table)->version;
    row = row_of(0, 25, 1);
    item_table_put(table, 1, &row);
    assert_true(item_table_changes(table)->version == version + 1);
    assert_int_equal(change_log_at(item_table_changes(table), version), 1);
    assert_int_equal(item_table_neighbours(table, 1).count, 1);
    near(item_table_actions(table, 1), 25);
    near(item_table_actions_max(table), 25);
    row = row_of(0, 9, 2);
    item_table_put(table, 1, &row);
    near(item_table_actions_max(table), 9);
    near(item_table_neighbours(table, 1).kernels[1], kernel(2));
    item_table_remove(table, 1);
    assert_int_equal(item_table_neighbours(table, 1).count, 0);
    assert_true(item_table_actions(table, 1) == 0.0);
    assert_true(item_table_actions_max(table) == 0.0);
    assert_false(item_table_has(table, 1));
    item_table_remove(table, 500);
    item_table_free(table);
}

/* A row from a newer epoch halves what older rows stand for, factors and kernels included. */
static void test_epochs(void **state)
{
    struct item_table *table = item_table_new(&settings);
    struct item_row row = row_of(5, 16, 3);
    item_table_put(table, 1, &row);
    near(item_table_neighbours(table, 1).kernels[0], kernel(4));
    row = row_of(7, 10, 0);
    item_table_put(table, 2, &row);
    near(item_table_actions(table, 1), 4);
    near(item_table_mass(table, 1), 8);
    near(item_table_trend(table, 1), 4 * exp2(-20));
    near(item_table_factors(table)[1].source, pow(4, -0.25));
    near(item_table_neighbours(table, 1).kernels[0], kernel(1));
    near(item_table_neighbours(table, 1).co_scale, 0.25);
    near(item_table_actions_max(table), 10);
    /* An old row that arrives late does not move the epoch back. */
    row = row_of(6, 16, 3);
    item_table_put(table, 3, &row);
    near(item_table_actions(table, 3), 8);
    near(item_table_neighbours(table, 3).kernels[0], kernel(2));
    /* So old that nothing is left: still finite, and never below one action. */
    row = row_of(-100000, 16, 3);
    item_table_put(table, 4, &row);
    assert_true(item_table_actions(table, 4) == 0.0);
    near(item_table_factors(table)[4].source, 1);
    assert_true(item_table_neighbours(table, 4).kernels[0] == 0.0F);
    item_table_free(table);
}

static void test_users(void **state)
{
    struct item_table *table = item_table_new(&settings);
    assert_true(item_table_users(table) == 0.0);
    const struct {
        int32_t item;
        int64_t users;
        double total;
    } steps[] = {{0, 5, 5}, {3, 7, 12}, {0, 4, 11}, {0, 9, 16}, {1, 0, 16}, {3, 0, 9}};
    for (size_t k = 0; k < ARRAY_COUNT(steps); k++) {
        struct item_row row = row_of(0, 1, 0);
        row.first_users = steps[k].users;
        item_table_put(table, steps[k].item, &row);
        assert_true(item_table_users(table) == steps[k].total);
    }
    item_table_remove(table, 0);
    item_table_remove(table, 0);
    assert_true(item_table_users(table) == 0.0);
    item_table_free(table);
}

static void test_measures(void **state)
{
    for (int measure = SIMILARITY_COSINE; measure <= SIMILARITY_LLR; measure++) {
        struct item_table_settings set = settings;
        set.measure = (enum similarity_measure)measure;
        struct item_table *table = item_table_new(&set);
        struct item_row a = row_of(0, 10, 0), b = row_of(0, 15, 0);
        a.first_users = 500;
        item_table_put(table, 0, &a);
        item_table_put(table, 1, &b);
        const double want[] = {similarity_cosine(6, 20, 30), similarity_jaccard(6, 20, 30),
                               similarity_llr(6, 20, 30, 500)};
        near(item_table_similarity(table, 0, 1, 6), want[measure]);
        item_table_free(table);
    }
}

/* Rounding below zero and absurd sizes stay finite and non-negative. */
static void test_extremes(void **state)
{
    struct item_table *table = item_table_new(&settings);
    const int32_t odd_items[] = {1, 2, 3};
    const double odd[] = {-1e-12, 1e300, 0};
    struct item_row row = row_of(0, -1e-12, 0);
    row.count = 3;
    row.items = odd_items;
    row.co_ratings = row.forwards = row.backwards = odd;
    item_table_put(table, 0, &row);
    struct neighbours read = item_table_neighbours(table, 0);
    for (size_t k = 0; k < read.count; k++) {
        assert_true(isfinite(read.kernels[k]) && read.kernels[k] >= 0.0F);
        assert_true(isfinite(read.co_ratings[k]) && read.co_ratings[k] >= 0.0F);
    }
    assert_true(item_table_factors(table)[0].mass == 0.0F);
    assert_true(item_table_factors(table)[0].root == 0.0F);
    item_table_free(table);
    assert_null(item_table_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_row),    cmocka_unit_test(test_replaced_and_removed),
        cmocka_unit_test(test_epochs), cmocka_unit_test(test_users),
        cmocka_unit_test(test_measures), cmocka_unit_test(test_extremes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
