/* Lifts against their formula, written out. */
#include "base/base.h"
#include "model/counting/context_table.h"
#include "model/counting/similarity.h"

#include <setjmp.h>
#include <cmocka.h>

#define MOBILE "\x1f" "dmobile"
#define TV "\x1f" "dtv"
#define DEVICES "\x1f" "d"
#define EVENING "\x1f" "tevening"
#define OTHER "\x1f" "tmorning"

static int32_t number(struct context_table *table, const char *id)
{
    int32_t found = context_table_number(table, slice_str(id));
    assert_true(found >= 0);
    return found;
}

static void put_all(struct context_table *table, const char *id, double users, int64_t epoch)
{
    const struct context_row row = {.version = 1, .epoch = epoch, .users = users};
    context_table_put(table, number(table, id), &row);
}

static void put_item(struct context_table *table, int32_t item, float mobile, float tv,
                     int64_t epoch)
{
    const struct context_count counts[] = {{number(table, MOBILE), mobile},
                                           {number(table, TV), tv}};
    const struct context_row row = {.version = 2, .epoch = epoch, .counts = counts, .count = 2};
    context_table_put_item(table, item, &row);
}

/* Of 1000 observations 400 are on mobile: items with 40, 80, 5 and 44 of 100 there. */
static struct context_table *world(int64_t epoch)
{
    struct context_table *table = context_table_new();
    put_all(table, DEVICES, 1000, epoch);
    put_all(table, MOBILE, 400, epoch);
    put_all(table, TV, 600, epoch);
    put_item(table, 0, 40, 60, epoch);
    put_item(table, 1, 80, 20, epoch);
    put_item(table, 2, 5, 95, epoch);
    put_item(table, 3, 44, 56, epoch);
    return table;
}

static double formula(double n, double m)
{
    double ratio = similarity_llr_table(n, m - n, 400 - n, 600 - (m - n));
    return ratio > 10.83 ? (1 - 10.83 / ratio) * log((n + 2) / (m * 0.4 + 2)) : 0;
}

static void lifts_are_those_of_the_formula(void **state _unused_)
{
    static const double mobile[] = {40, 80, 5, 44};
    struct context_table *table = world(0);
    assert_int_equal(context_table_use(table, slice_str(MOBILE)), 1);
    for (int32_t item = 0; item < 4; item++) {
        struct context_lift lift = context_table_lift(table, item);
        double want = formula(mobile[item], 100);
        assert_true(fabs((double)lift.log - want) < 1e-6);
        assert_int_equal(lift.indicator >= 0, want > 0);
    }
    static const int32_t items[] = {3, 1, 1 << 20, 0, 2, 1, 3, 77, 0, 0, 1, 2};
    struct context_lift lifts[ARRAY_COUNT(items)];
    context_table_lifts(table, items, ARRAY_COUNT(items), lifts);
    for (size_t k = 0; k < ARRAY_COUNT(items); k++) {
        struct context_lift one = context_table_lift(table, items[k]);
        assert_memory_equal(&one, &lifts[k], sizeof(one));
    }
    assert_true(formula(80, 100) > 0.4 && formula(5, 100) < -0.5);
    assert_true(formula(40, 100) == 0 && formula(44, 100) == 0);
    struct context_lift lift = context_table_lift(table, 1);
    assert_true(lift.users == 80.0F);
    assert_true(slice_equal(context_table_words(table, lift.indicator),
                            slice_str("device=mobile")));
    context_table_free(table);
    context_table_free(NULL);
}

/* The test in front of the logarithms leaves nothing out that has a lift. */
static void no_lift_is_missed(void **state _unused_)
{
    struct context_table *table = world(0);
    size_t some = 0;
    for (int n = 0; n <= 100; n++) {
        for (int m = MAX_OF(n, 1); m <= 400; m += 7) {
            if (m - n > 600) { continue; }
            put_item(table, 7, (float)n, (float)(m - n), 0);
            (void)context_table_use(table, slice_str(MOBILE));
            double want = formula(n, m), got = (double)context_table_lift(table, 7).log;
            assert_true(fabs(got - MIN_OF(MAX_OF(want, -3.0), 3.0)) < 1e-5);
            some += want != 0;
        }
    }
    assert_true(some > 500);
    context_table_free(table);
}

/* ---- Groups of days ---- */

struct share {
    float evening, other;
};

static int32_t number_of_group(struct context_table *table, const char *id, int group)
{
    char text[32];
    (void)snprintf(text, sizeof(text), group ? "%s/%d" : "%s", id, group);
    return number(table, text);
}

static void put_groups(struct context_table *table, int32_t item,
                       const struct share shares[static CONTEXT_GROUPS])
{
    struct context_count counts[2 * CONTEXT_GROUPS];
    size_t count = 0;
    for (int g = 0; g < CONTEXT_GROUPS; g++) {
        counts[count++] = (struct context_count){number_of_group(table, EVENING, g),
                                                 shares[g].evening};
        counts[count++] = (struct context_count){number_of_group(table, OTHER, g),
                                                 shares[g].other};
    }
    const struct context_row row = {.version = 2, .counts = counts, .count = count};
    context_table_put_item(table, item, &row);
}

static struct context_table *world_of_groups(int first)
{
    struct context_table *table = context_table_new();
    for (int g = first; g < CONTEXT_GROUPS; g++) {
        const struct context_row rows[] = {{.version = 1, .users = 400},
                                           {.version = 1, .users = 600}};
        context_table_put(table, number_of_group(table, EVENING, g), &rows[0]);
        context_table_put(table, number_of_group(table, OTHER, g), &rows[1]);
    }
    return table;
}

static double by_groups(const struct share *shares, int first, int without, double test)
{
    double n = 0, m = 0, groups = CONTEXT_GROUPS - first - (without >= first);
    for (int g = first; g < CONTEXT_GROUPS; g++) {
        n += g == without ? 0 : (double)shares[g].evening;
        m += g == without ? 0 : (double)(shares[g].evening + shares[g].other);
    }
    double ratio = similarity_llr_table(n, m - n, 400 * groups - n, 600 * groups - (m - n));
    return ratio > test ? (1 - test / ratio) * log((n + 2) / (m * 0.4 + 2)) : 0;
}

/* A lift is there without any one of the groups of days, or it is not there; what was counted
 * without a group is one of them, if there is some. */
static void a_burst_is_no_lift(void **state _unused_)
{
    static const struct share always[] = {{38, 9}, {40, 10}, {30, 15}, {35, 5}},
                              once[] = {{40, 60}, {40, 60}, {300, 60}, {40, 60}},
                              turned[] = {{0, 0}, {90, 10}, {90, 10}, {0, 600}},
                              never[] = {{3, 41}, {2, 40}, {3, 50}, {4, 45}};
    for (int first = 0; first < 2; first++) {
        struct share own[CONTEXT_GROUPS];
        struct context_table *table = world_of_groups(first);
        memcpy(own, always, sizeof(own));
        if (first) { own[0] = (struct share){0, 0}; }
        put_groups(table, 0, own);
        put_groups(table, 1, once);
        put_groups(table, 2, turned);
        put_groups(table, 3, never);
        assert_true(context_table_knows(table, slice_str(EVENING)));
        assert_int_equal(context_table_use(table, slice_str(EVENING)), 1);
        double least = by_groups(own, first, -1, 10.83);
        for (int g = first; g < CONTEXT_GROUPS; g++) {
            least = fmin(least, by_groups(own, first, g, 5.41));
        }
        struct context_lift lift = context_table_lift(table, 0);
        assert_true(least > 0.3 && fabs((double)lift.log - least) < 1e-6);
        assert_true(lift.users == (first ? 105.0F : 143.0F));
        assert_true(slice_equal(context_table_words(table, lift.indicator),
                                slice_str("day=evening")));
        assert_true(context_table_lift(table, 1).log == 0.0F);
        assert_true(context_table_lift(table, 2).log == 0.0F);
        assert_true(context_table_lift(table, 3).log < -0.5F);
        context_table_free(table);
    }
}

/* What a build without groups counted, alone, is one group. */
static void counts_without_groups_are_one_group(void **state _unused_)
{
    static const struct share old[CONTEXT_GROUPS] = {{90, 10}},
                              followed[CONTEXT_GROUPS] = {{90, 10}, {90, 10}};
    struct context_table *table = context_table_new();
    put_groups(table, 0, old);
    put_groups(table, 1, followed);
    const struct context_row rows[] = {{.version = 1, .users = 400}, {.version = 1, .users = 600}};
    put_all(table, "\x1f" "t", 2000, 0);
    context_table_put(table, number(table, EVENING), &rows[0]);
    context_table_put(table, number(table, OTHER), &rows[1]);
    assert_int_equal(context_table_use(table, slice_str(EVENING)), 1);
    assert_true(context_table_lift(table, 0).log == 0.0F);
    context_table_put(table, number(table, EVENING "/1"), &rows[0]);
    context_table_put(table, number(table, OTHER "/1"), &rows[1]);
    assert_int_equal(context_table_use(table, slice_str(EVENING)), 1);
    assert_true(context_table_lift(table, 0).log == 0.0F);
    assert_true(context_table_lift(table, 1).log > 0.5F);
    context_table_remove(table, number(table, EVENING));
    context_table_remove(table, number(table, OTHER));
    assert_int_equal(context_table_use(table, slice_str(EVENING)), 1);
    assert_true(context_table_lift(table, 1).log == 0.0F);
    context_table_free(table);
}

/* Candidates of the groups that have some take turns. */
static void candidates_of_all_groups(void **state _unused_)
{
    struct context_table *table = context_table_new();
    const int32_t *items;
    for (int g = 1; g < CONTEXT_GROUPS; g++) {
        const struct context_count counts[] = {{10 * g, 9}, {10 * g + 1, 5}, {7, 4}};
        const struct context_row row = {
            .version = 1, .users = 18, .counts = counts, .count = ARRAY_COUNT(counts)};
        context_table_put(table, number_of_group(table, EVENING, g), &row);
    }
    static const int32_t want[] = {10, 20, 30, 11, 21, 31, 7};
    assert_int_equal(context_table_use(table, slice_str(EVENING)), 1);
    assert_int_equal(context_table_items(table, &items), ARRAY_COUNT(want));
    assert_memory_equal(items, want, sizeof(want));
    context_table_free(table);
}

static void what_was_not_counted_says_nothing(void **state _unused_)
{
    struct context_table *table = context_table_new();
    assert_false(context_table_knows(table, slice_str(MOBILE)));
    assert_int_equal(context_table_use(table, slice_str(MOBILE EVENING)), 0);
    assert_true(context_table_lift(table, 3).log == 0.0F);
    context_table_free(table);
    table = world(0);
    assert_true(context_table_knows(table, slice_str(MOBILE EVENING)));
    assert_false(context_table_knows(table, slice_str(EVENING)));
    assert_false(context_table_knows(table, slice_str("")));
    assert_int_equal(context_table_use(table, slice_str(MOBILE EVENING)), 1);
    assert_true(context_table_lift(table, 1).log > 0.0F);
    assert_true(context_table_lift(table, 100).log == 0.0F);
    assert_true(context_table_lift(table, 1 << 20).log == 0.0F);
    assert_int_equal(context_table_number(table, slice_str("\x1f" "3item")), -1);
    assert_int_equal(context_table_item_version(table, 1), 2);
    assert_int_equal(context_table_version(table, number(table, MOBILE)), 1);
    context_table_remove_item(table, 1);
    assert_int_equal(context_table_item_version(table, 1), 0);
    assert_true(context_table_lift(table, 1).log == 0.0F);
    context_table_remove(table, number(table, DEVICES));
    assert_int_equal(context_table_use(table, slice_str(MOBILE)), 0);
    context_table_free(table);
}

/* Decay moves all counts alike; rows are at the epochs of their newest counts. */
static void rows_of_all_epochs_are_read_at_the_newest(void **state _unused_)
{
    struct context_table *table = world(5);
    (void)context_table_use(table, slice_str(MOBILE));
    float want = context_table_lift(table, 1).log;
    put_item(table, 1, 160, 40, 4);
    put_all(table, MOBILE, 1600, 3);
    (void)context_table_use(table, slice_str(MOBILE));
    assert_true(context_table_lift(table, 1).log == want);
    assert_true(context_table_lift(table, 1).users == 80.0F);
    context_table_free(table);
}

/* What is within another place says no more than that. */
static void of_places_the_finest_counts(void **state _unused_)
{
    static const char *const ids[] = {"\x1f" "nde", "\x1f" "nfr", "\x1f" "rde-by", "\x1f" "rde-bw",
                                      "\x1f" "n", "\x1f" "r"};
    static const double users[] = {400, 600, 100, 300, 1000, 400};
    struct context_table *table = context_table_new();
    for (size_t k = 0; k < ARRAY_COUNT(ids); k++) { put_all(table, ids[k], users[k], 0); }
    const struct context_count counts[] = {{number(table, ids[0]), 90},
                                           {number(table, ids[1]), 10},
                                           {number(table, ids[2]), 60},
                                           {number(table, ids[3]), 30}};
    const struct context_row row = {.version = 1, .counts = counts, .count = 4};
    context_table_put_item(table, 0, &row);
    (void)context_table_use(table, slice_str("\x1f" "nde"));
    float country = context_table_lift(table, 0).log;
    (void)context_table_use(table, slice_str("\x1f" "rde-by"));
    float region = context_table_lift(table, 0).log;
    (void)context_table_use(table, slice_str("\x1f" "nde" "\x1f" "rde-by"));
    assert_true(country > 0 && region > 0);
    assert_true(context_table_lift(table, 0).log == region);
    (void)context_table_use(table, slice_str("\x1f" "nde" "\x1f" "rde-xx"));
    assert_true(context_table_lift(table, 0).log == country);
    context_table_free(table);
}

static void candidates_are_those_of_most_users(void **state _unused_)
{
    struct context_table *table = world(0);
    const struct context_count mobile[] = {{5, 9}, {3, 8}, {4, 7}}, evening[] = {{3, 5}, {8, 4}};
    const struct context_row rows[] = {{.version = 1, .users = 400, .counts = mobile, .count = 3},
                                       {.version = 1, .users = 9, .counts = evening, .count = 2}};
    const int32_t want[] = {5, 3, 8, 4}, *got;
    context_table_put(table, number(table, MOBILE), &rows[0]);
    context_table_put(table, number(table, EVENING), &rows[1]);
    put_all(table, "\x1f" "t", 20, 0);
    assert_int_equal(context_table_use(table, slice_str(MOBILE EVENING)), 2);
    assert_int_equal(context_table_items(table, &got), 4);
    assert_memory_equal(got, want, sizeof(want));
    context_table_free(table);
}

/* As many devices as have room, made up by whoever sends events, before any other row comes: what
 * is known of the hour does not depend on it. */
static void values_that_are_made_up_leave_room(void **state _unused_)
{
    struct context_table *table = context_table_new();
    char id[32];
    int refused = 0;
    for (int n = 0; n < CONTEXT_INDICATORS_MAX; n++) {
        (void)snprintf(id, sizeof(id), "\x1f" "dfake %d", n);
        assert_int_equal(context_table_find(table, slice_str(id)), -1);
        refused += context_table_number(table, slice_str(id)) < 0;
    }
    assert_true(refused > 0 && refused < 100);
    assert_int_equal(context_table_number(table, slice_str(MOBILE)), -1);
    put_all(table, DEVICES, 1000, 0);
    put_all(table, EVENING, 400, 0);
    put_all(table, OTHER, 600, 0);
    put_all(table, EVENING "/1", 400, 0);
    put_all(table, OTHER "/1", 600, 0);
    assert_true(context_table_knows(table, slice_str(EVENING)));
    context_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lifts_are_those_of_the_formula),
        cmocka_unit_test(a_burst_is_no_lift),
        cmocka_unit_test(counts_without_groups_are_one_group),
        cmocka_unit_test(candidates_of_all_groups),
        cmocka_unit_test(no_lift_is_missed),
        cmocka_unit_test(what_was_not_counted_says_nothing),
        cmocka_unit_test(rows_of_all_epochs_are_read_at_the_newest),
        cmocka_unit_test(of_places_the_finest_counts),
        cmocka_unit_test(candidates_are_those_of_most_users),
        cmocka_unit_test(values_that_are_made_up_leave_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
