/* Counts and lists of segments against loops over all users, in any order; memory that is full. */
#include "base/base.h"
#include "base/xalloc.h"
#include "model/rng.h"
#include "model/segment_counts.h"

#include <setjmp.h>
#include <cmocka.h>

enum { USERS = 300, SEGMENTS = 7, ITEMS = 60, EACH = 25 };

struct user {
    int32_t segments[SEGMENTS], items[EACH];
    size_t segments_count, items_count;
};

static bool before(const void *arg _unused_, int32_t a, int32_t b)
{
    return a < b;
}

static bool has(const int32_t *at, size_t count, int32_t wanted)
{
    size_t k = 0;
    while (k < count && at[k] != wanted) { k++; }
    return k < count;
}

/* Users whose segments like items of their own residue more than others. */
static void make_users(struct user *users, uint64_t *rng)
{
    for (int u = 0; u < USERS; u++) {
        struct user *user = &users[u];
        *user = (struct user){.segments_count = 0};
        for (int32_t s = 0; s < SEGMENTS; s++) {
            if (rng_below(rng, 3) == 0) { user->segments[user->segments_count++] = s; }
        }
        while (user->items_count < 3 + rng_below(rng, EACH - 3)) {
            int32_t item = (int32_t)MIN_OF(rng_below(rng, ITEMS), rng_below(rng, ITEMS));
            bool liked = user->segments_count && item % SEGMENTS == user->segments[0];
            if (!liked && rng_below(rng, 2)) { continue; }
            if (!has(user->items, user->items_count, item)) {
                user->items[user->items_count++] = item;
            }
        }
    }
}

static void add(struct segment_counts *counts, const struct user *user)
{
    assert_true(segment_counts_add(counts, user->segments, user->segments_count, user->items,
                                   user->items_count));
}

/* Counts with nothing but loops: an item below 0: users alone; a segment below 0: all. */
static uint32_t count_users(const struct user *users, int32_t segment, int32_t item)
{
    uint32_t count = 0;
    for (int u = 0; u < USERS; u++) {
        bool in = segment < 0 || has(users[u].segments, users[u].segments_count, segment);
        count += in && (item < 0 || has(users[u].items, users[u].items_count, item));
    }
    return count;
}

/* The gain from the probabilities of one user's answer, summed over the segment's users. */
static double naive_gain(const struct user *users, int32_t segment, int32_t item)
{
    double n = count_users(users, segment, -1), all = USERS;
    double p = count_users(users, -1, item) / all;
    double r = (count_users(users, segment, item) + SEGMENT_SMOOTHING * p) /
               (n + SEGMENT_SMOOTHING);
    double bits = r * (log2(r) - log2(p)) + (1.0 - r) * (log2(1.0 - r) - log2(1.0 - p));
    return (r > p ? 1.0 : -1.0) * n * bits * log(2.0);
}

static void check_list(const struct user *users, struct segment_counts *counts, int32_t segment,
                       size_t gains_max, size_t users_max, uint32_t least)
{
    struct segment_item list[ITEMS];
    uint32_t rest, most_left = 0;
    const struct segment_list_settings settings = {gains_max, users_max, least, before, NULL};
    size_t count = segment_counts_list(counts, segment, &settings, list, &rest), better = 0;
    bool named[ITEMS] = {false};
    for (size_t k = 0; k < count; k++) {
        const struct segment_item *one = &list[k];
        assert_false(named[one->item]);
        named[one->item] = true;
        assert_int_equal(one->users, count_users(users, segment, one->item));
        assert_int_equal(one->all_users, count_users(users, -1, one->item));
        assert_true(one->users >= least);
        assert_true(fabs(one->gain - naive_gain(users, segment, one->item)) < 1e-9);
        assert_true(!k || list[k - 1].gain > one->gain ||
                    (list[k - 1].gain == one->gain && list[k - 1].item < one->item));
    }
    for (int32_t item = 0; item < ITEMS; item++) {
        uint32_t acted = count_users(users, segment, item);
        if (named[item]) { continue; }
        most_left = MAX_OF(most_left, acted);
        better += acted >= least && count && naive_gain(users, segment, item) > list[0].gain;
    }
    assert_int_equal(rest, most_left);
    assert_true(!gains_max || better == 0);
}

static void test_counts_and_lists_are_those_of_loops(void **state)
{
    uint64_t rng = 3;
    struct user users[USERS];
    make_users(users, &rng);
    struct segment_counts *counts = segment_counts_new(1 << 20);
    for (int u = 0; u < USERS; u++) { add(counts, &users[u]); }
    assert_int_equal(segment_counts_all_users(counts), USERS);
    assert_int_equal(segment_counts_segments(counts), SEGMENTS);
    for (int32_t s = 0; s < SEGMENTS; s++) {
        assert_int_equal(segment_counts_users(counts, s), count_users(users, s, -1));
        check_list(users, counts, s, 5, 10, 3);
        check_list(users, counts, s, 0, 10, 1);
        check_list(users, counts, s, 10, 0, 8);
        check_list(users, counts, s, ITEMS, ITEMS, 1);
    }
    segment_counts_free(counts);
}

static void test_the_order_of_users_does_not_matter(void **state)
{
    uint64_t rng = 5;
    struct user users[USERS];
    struct segment_item lists[2][ITEMS];
    uint32_t rest[2];
    const struct segment_list_settings settings = {10, 10, 3, before, NULL};
    make_users(users, &rng);
    struct segment_counts *counts[2] = {segment_counts_new(1 << 20), segment_counts_new(1 << 20)};
    for (int u = 0; u < USERS; u++) {
        add(counts[0], &users[u]);
        add(counts[1], &users[(u * 7 + 11) % USERS]);
    }
    for (int32_t s = 0; s < SEGMENTS; s++) {
        size_t one = segment_counts_list(counts[0], s, &settings, lists[0], &rest[0]);
        assert_int_equal(segment_counts_list(counts[1], s, &settings, lists[1], &rest[1]), one);
        assert_int_equal(rest[0], rest[1]);
        for (size_t k = 0; k < one; k++) {
            assert_int_equal(lists[0][k].item, lists[1][k].item);
            assert_true(lists[0][k].gain == lists[1][k].gain);
        }
    }
    segment_counts_free(counts[0]);
    segment_counts_free(counts[1]);
}

static void test_memory_is_bounded(void **state)
{
    enum { BYTES = 1 << 16 };
    struct segment_counts *counts = segment_counts_new(BYTES);
    int32_t users = 0;
    for (bool fits = true; fits; users += fits) {
        int32_t segments[] = {users % 50, 50 + users % 3}, items[4];
        for (int32_t k = 0; k < 4; k++) { items[k] = users * 4 + k; }
        fits = segment_counts_add(counts, segments, 2, items, 4);
        assert_true(segment_counts_bytes(counts) <= BYTES);
        assert_true(users < BYTES);
    }
    assert_true(users > 50);
    segment_counts_free(counts);
}

static void test_extremes(void **state)
{
    assert_true(segment_gain(0.0, 10.0, 0.0, 10.0) == 0.0);
    assert_true(segment_gain(10.0, 10.0, 10.0, 10.0) == 0.0);
    assert_true(segment_gain(0.0, 1e6, 1.0, 2e6) <= 0.0);
    assert_true(isfinite(segment_gain(4e9, 4e9, 4e9, 8e9)));
    struct segment_counts *counts = segment_counts_new(1 << 16);
    struct segment_item none[1];
    uint32_t rest = 7;
    const struct segment_list_settings settings = {1, 0, 1, before, NULL};
    assert_int_equal(segment_counts_list(counts, 3, &settings, none, &rest), 0);
    assert_int_equal(rest, 0);
    assert_true(segment_counts_add(counts, NULL, 0, NULL, 0));
    assert_int_equal(segment_counts_all_users(counts), 1);
    segment_counts_free(counts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_and_lists_are_those_of_loops),
        cmocka_unit_test(test_the_order_of_users_does_not_matter),
        cmocka_unit_test(test_memory_is_bounded),
        cmocka_unit_test(test_extremes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
