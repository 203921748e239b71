#include "base/base.h"
#include "scorer/standing_lists.h"

#include <setjmp.h>

#include <cmocka.h>

enum { PLACES = 3 };

static size_t put(struct standing_lists *standing, const char *user, int32_t first, uint64_t made,
                  uint8_t flags)
{
    const int32_t items[PLACES] = {first, first + 1, first + 2};
    return standing_lists_put(standing, slice_str(user), items, PLACES, made, flags);
}

static struct slice id_at(const struct standing_lists *standing, int32_t at)
{
    return standing_id(&standing->at[at]);
}

static void test_behind(void **state)
{
    struct standing_lists standing;
    standing_lists_init(&standing, PLACES);
    standing_lists_need(&standing, 5);
    put(&standing, "a", 0, 4, 0);
    put(&standing, "b", 0, 5, 0);
    assert_int_equal(standing_lists_behind(&standing), 1);
    standing_lists_need(&standing, 6);
    assert_int_equal(standing_lists_behind(&standing), 2);
    put(&standing, "a", 0, 6, 0);
    put(&standing, "a", 0, 6, 0);
    assert_int_equal(standing_lists_behind(&standing), 1);
    int32_t next = standing_lists_next(&standing, INT64_MAX, 0);
    assert_true(slice_equal(id_at(&standing, next), slice_str("b")));
    standing_lists_drop(&standing, slice_str("b"));
    standing_lists_drop(&standing, slice_str("nobody"));
    assert_int_equal(standing_lists_behind(&standing), 0);
    assert_int_equal(standing_lists_next(&standing, INT64_MAX, 0), HASH_INDEX_NONE);
    assert_int_equal(standing.live, 1);
    standing_lists_release(&standing);
}

static void test_urgent_ones_come_first(void **state)
{
    struct standing_lists standing;
    standing_lists_init(&standing, PLACES);
    standing_lists_need(&standing, 2);
    for (int user = 0; user < 10; user++) {
        char id[8];
        (void)snprintf(id, sizeof(id), "u%d", user);
        put(&standing, id, 0, 1, user == 7 ? STANDING_URGENT : 0);
    }
    int32_t at = standing_lists_next(&standing, INT64_MAX, 0);
    assert_true(slice_equal(id_at(&standing, at), slice_str("u7")));
    assert_int_equal(standing_lists_urgent(&standing), 1);
    standing_lists_mark(&standing, (size_t)at, 2, STANDING_URGENT);
    assert_int_equal(standing_lists_urgent(&standing), 0); /* it is as good as it can be */
    bool seen[10] = {false};
    for (int k = 0; k < 9; k++) { /* each once */
        at = standing_lists_next(&standing, INT64_MAX, 0);
        assert_true(at >= 0 && !seen[at]);
        seen[at] = true;
        standing_lists_mark(&standing, (size_t)at, 2, 0);
    }
    assert_int_equal(standing_lists_next(&standing, INT64_MAX, 0), HASH_INDEX_NONE);
    standing_lists_need(&standing, 3);
    assert_int_equal(standing_lists_urgent(&standing), 1);
    standing_lists_mark(&standing, 7, 1, STANDING_URGENT | STANDING_LOST);
    assert_int_equal(standing_lists_urgent(&standing), 0);
    standing_lists_release(&standing);
}

static void test_lost_ones_and_orphans(void **state)
{
    struct standing_lists standing;
    standing_lists_init(&standing, PLACES);
    standing_lists_need(&standing, 2);
    size_t at = put(&standing, "a", 0, 1, 0);
    standing_lists_mark(&standing, at, 1, STANDING_LOST);
    assert_int_equal(standing_lists_behind(&standing), 1);
    assert_int_equal(standing_lists_workable(&standing), 0);
    assert_int_equal(standing.losses, 1);
    assert_int_equal(standing_lists_next(&standing, INT64_MAX, 0), HASH_INDEX_NONE);
    standing_lists_orphan_lost(&standing);
    assert_int_equal(standing_lists_behind(&standing), 0);
    assert_int_equal(standing.orphans, 1);
    put(&standing, "a", 0, 2, 0); /* the user acts */
    assert_int_equal(standing.orphans, 0);
    standing_lists_need(&standing, 3);
    assert_int_equal(standing_lists_workable(&standing), 1);
    standing_lists_release(&standing);
}

static void test_barred(void **state)
{
    struct standing_lists standing;
    uint8_t barred[8] = {0};
    const struct item_flags flags = {.at = barred, .count = 8};
    standing_lists_init(&standing, PLACES);
    assert_false(standing_lists_check_barred(&standing, 0));
    put(&standing, "a", 0, 1, 0);
    put(&standing, "b", 3, 1, 0);
    assert_true(standing_lists_check_barred(&standing, 0)); /* once at the start */
    assert_int_equal(standing_lists_next_barred(&standing, &flags, 0), HASH_INDEX_NONE);
    assert_false(standing_lists_check_barred(&standing, 0));
    barred[4] = ITEM_BARRED;
    assert_true(standing_lists_check_barred(&standing, 1));
    int32_t at = standing_lists_next_barred(&standing, &flags, 1);
    assert_true(slice_equal(id_at(&standing, at), slice_str("b")));
    barred[0] = ITEM_BARRED; /* behind the pass: another one follows */
    assert_int_equal(standing_lists_next_barred(&standing, &flags, 2), HASH_INDEX_NONE);
    assert_true(standing_lists_check_barred(&standing, 2));
    at = standing_lists_next_barred(&standing, &flags, 2);
    assert_true(slice_equal(id_at(&standing, at), slice_str("a")));
    standing_lists_release(&standing);
}

/* An ordinary list that was made lately may rest; an urgent one does not. */
static void test_lists_rest(void **state)
{
    struct standing_lists standing;
    standing_lists_init(&standing, PLACES);
    standing_lists_need(&standing, 2);
    standing_lists_time(&standing, put(&standing, "a", 0, 1, 0), 500);
    standing_lists_time(&standing, put(&standing, "b", 0, 1, 0), 600);
    int32_t at = standing_lists_next(&standing, 600, 0);
    assert_true(slice_equal(id_at(&standing, at), slice_str("a")));
    standing_lists_mark(&standing, (size_t)at, 2, 0);
    assert_int_equal(standing_lists_next(&standing, 600, 0), HASH_INDEX_NONE);
    at = standing_lists_next(&standing, 600, 2); /* made with an earlier model */
    assert_true(slice_equal(id_at(&standing, at), slice_str("b")));
    at = standing_lists_find(&standing, slice_str("b"));
    standing_lists_mark(&standing, (size_t)at, 1, STANDING_URGENT);
    assert_int_equal(standing_lists_next(&standing, 600, 0), at);
    standing_lists_release(&standing);
}

/* Whatever was made, marked and dropped before: urgent ones, then those of unknown origin, then the
 * one that was made first. */
static void test_the_oldest_comes_first(void **state)
{
    enum { USERS = 40, STEPS = 4000 };
    struct standing_lists standing;
    uint64_t clock = 1, random = 7;
    standing_lists_init(&standing, PLACES);
    for (int step = 0; step < STEPS; step++) {
        char id[8];
        random = random * 6364136223846793005ULL + 1442695040888963407ULL;
        (void)snprintf(id, sizeof(id), "u%d", (int)(random >> 33) % USERS);
        int what = (int)(random >> 50) % 8;
        if (what == 0) { standing_lists_drop(&standing, slice_str(id)); }
        if (what > 3) { put(&standing, id, 0, ++clock, 0); }
        if (what == 1) { put(&standing, id, 0, 0, STANDING_URGENT | STANDING_STRIPPED); }
        if (what == 2) { put(&standing, id, 0, ++clock, STANDING_URGENT); }
        int32_t found = standing_lists_find(&standing, slice_str(id));
        if (what == 3 && found >= 0) {
            uint8_t flags[] = {0, STANDING_LOST, STANDING_ORPHAN, STANDING_UNSURE};
            uint64_t made = standing.at[found].made;
            standing_lists_mark(&standing, (size_t)found, step % 2 ? made : 0, flags[step % 4]);
        }
        standing_lists_need(&standing, ++clock);
        int32_t at = standing_lists_next(&standing, INT64_MAX, 0);
        if (standing_lists_workable(&standing)) { assert_true(at >= 0); }
        for (size_t i = 0; i < standing.count; i++) {
            const struct standing *one = &standing.at[i];
            bool urgent = one->flags & STANDING_URGENT;
            if (one->flags & (STANDING_LOST | STANDING_ORPHAN)) { continue; }
            const struct standing *next = &standing.at[at];
            bool next_urgent = next->flags & STANDING_URGENT;
            assert_false(next->flags & (STANDING_LOST | STANDING_ORPHAN));
            assert_true(next_urgent >= urgent);
            if (next_urgent == urgent) { assert_true(next->made <= one->made); }
        }
    }
    standing_lists_release(&standing);
}

static void test_old_lists_are_behind(void **state)
{
    struct standing_lists standing;
    standing_lists_init(&standing, PLACES);
    standing_lists_need(&standing, 2);
    standing_lists_date(&standing, put(&standing, "a", 0, 3, 0), 1000);
    standing_lists_date(&standing, put(&standing, "b", 0, 4, 0), 2000);
    standing_lists_date(&standing, put(&standing, "c", 0, 5, STANDING_ORPHAN), 0);
    standing_lists_age(&standing, 1000, 2000, 0);
    assert_int_equal(standing_lists_behind(&standing), 0);
    standing_lists_age(&standing, 1001, 2000, 0);
    assert_int_equal(standing_lists_behind(&standing), 1);
    int32_t at = standing_lists_next(&standing, INT64_MIN, 0); /* it does not rest */
    assert_true(slice_equal(id_at(&standing, at), slice_str("a")));
    assert_int_equal(standing.at[at].flags, STANDING_AGED);
    standing_lists_age(&standing, 0, 1999, 0); /* a clock was set back */
    assert_int_equal(standing_lists_behind(&standing), 2);
    standing_lists_release(&standing);
}

static void test_due_lists_are_behind(void **state)
{
    struct standing_lists standing;
    standing_lists_init(&standing, PLACES);
    standing_lists_need(&standing, 2);
    size_t a = put(&standing, "a", 0, 3, 0), b = put(&standing, "b", 0, 4, 0);
    standing_lists_date(&standing, a, 1000);
    standing_lists_date(&standing, b, 1000);
    standing_lists_due(&standing, b, 5000);
    standing_lists_age(&standing, 0, INT64_MAX, 4999);
    assert_int_equal(standing_lists_behind(&standing), 0);
    standing_lists_age(&standing, 0, INT64_MAX, 5000);
    assert_int_equal(standing_lists_behind(&standing), 1);
    int32_t at = standing_lists_next(&standing, INT64_MIN, 0);
    assert_true(slice_equal(id_at(&standing, at), slice_str("b")));
    standing_lists_mark(&standing, (size_t)at, 5, 0); /* made again, and not due */
    standing_lists_due(&standing, (size_t)at, INT64_MAX);
    standing_lists_age(&standing, 0, INT64_MAX, INT64_MAX - 1);
    assert_int_equal(standing_lists_behind(&standing), 0);
    standing_lists_release(&standing);
}

static void test_what_was_rolled_back_is_unsure(void **state)
{
    struct standing_lists standing;
    standing_lists_init(&standing, PLACES);
    standing_lists_need(&standing, 3);
    size_t old = put(&standing, "a", 0, 3, 0), new = put(&standing, "b", 0, 5, 0);
    standing_lists_distrust(&standing, 4);
    assert_int_equal(standing.at[old].flags, 0);
    assert_int_equal(standing.at[new].flags, STANDING_UNSURE);
    assert_int_equal(standing_lists_behind(&standing), 1);
    assert_int_equal(standing_lists_next(&standing, INT64_MAX, 0), (int32_t)new);
    standing_lists_release(&standing);
}

/* Lists with placements have more places; those that stand keep their items. */
static void test_wider(void **state)
{
    struct standing_lists standing;
    const int32_t few[] = {1, 2, 3}, many[] = {4, 5, 6, 7, 8, 9};
    standing_lists_init(&standing, 2);
    standing_lists_widen(&standing, 2);
    size_t a = standing_lists_put(&standing, slice_str("a"), few, 3, 1, 0);
    standing_lists_widen(&standing, 6);
    size_t b = standing_lists_put(&standing, slice_str("b"), many, 6, 1, 0);
    assert_int_equal(standing.at[a].count, 2);
    assert_int_equal(standing.items[a * 6 + 1], 2);
    assert_int_equal(standing.at[b].count, 6);
    assert_int_equal(standing.items[b * 6 + 5], 9);
    standing_lists_widen(&standing, 3);
    assert_int_equal(standing.places, 6);
    standing_lists_release(&standing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_behind),
        cmocka_unit_test(test_wider),
        cmocka_unit_test(test_urgent_ones_come_first),
        cmocka_unit_test(test_lost_ones_and_orphans),
        cmocka_unit_test(test_barred),
        cmocka_unit_test(test_lists_rest),
        cmocka_unit_test(test_the_oldest_comes_first),
        cmocka_unit_test(test_old_lists_are_behind),
        cmocka_unit_test(test_due_lists_are_behind),
        cmocka_unit_test(test_what_was_rolled_back_is_unsure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
