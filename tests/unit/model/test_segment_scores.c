/* Scores of segments against the formula, item by item; and what two segments say of one user. */
#include "base/base.h"
#include "model/rng.h"
#include "model/segment_counts.h"
#include "model/segment_scores.h"

#include <setjmp.h>
#include <cmocka.h>

enum { ITEMS = 40, SEGMENTS = 4 };

struct world {
    int32_t items[SEGMENTS][ITEMS], users[SEGMENTS][ITEMS], all_users[SEGMENTS][ITEMS];
    struct segment_list lists[SEGMENTS];
    const struct segment_list *chosen[SEGMENTS];
};

static bool before(const void *arg _unused_, int32_t a, int32_t b)
{
    return a < b;
}

/* Each segment names some items; none that it does not name has more than `rest_users`. */
static void make_world(struct world *world, uint64_t *rng)
{
    *world = (struct world){.lists = {{0}}};
    for (int s = 0; s < SEGMENTS; s++) {
        struct segment_list *list = &world->lists[s];
        *list = (struct segment_list){.users = 100.0 + 50.0 * s, .all_users = 1000.0,
                                      .rest_users = (double)rng_below(rng, 20),
                                      .items = world->items[s], .item_users = world->users[s],
                                      .item_all_users = world->all_users[s]};
        for (int32_t item = 0; item < ITEMS; item++) {
            if (rng_below(rng, 2)) { continue; }
            world->items[s][list->count] = item;
            world->users[s][list->count] = 10 + (int32_t)rng_below(rng, 60);
            world->all_users[s][list->count++] = 50 + item * 20;
        }
        world->chosen[s] = list;
    }
}

static double lift_of(const struct segment_list *list, int32_t item)
{
    double p = (50.0 + item * 20.0) / list->all_users, users = list->rest_users;
    bool named = false;
    for (size_t k = 0; k < list->count; k++) {
        if (list->items[k] != item) { continue; }
        users = list->item_users[k];
        named = true;
    }
    double lift = (users + SEGMENT_SMOOTHING * p) / (list->users + SEGMENT_SMOOTHING) / p;
    return named ? lift : MIN_OF(lift, 1.0);
}

static bool is_named(const struct world *world, size_t segments, int32_t item)
{
    for (size_t s = 0; s < segments; s++) {
        for (size_t k = 0; k < world->lists[s].count; k++) {
            if (world->lists[s].items[k] == item) { return true; }
        }
    }
    return false;
}

static void check_score(const struct world *world, size_t segments,
                        const struct segment_score *score)
{
    double product = 1.0, gains = 0.0, most = 1.0;
    int32_t behind = SEGMENT_NONE;
    for (size_t s = 0; s < segments; s++) {
        double lift = lift_of(&world->lists[s], score->item);
        product *= lift;
        gains += lift > 1.0 ? log(lift) : 0.0;
        if (lift > most) {
            most = lift;
            behind = (int32_t)s;
        }
    }
    double p = (50.0 + score->item * 20.0) / 1000.0;
    double wanted = log(p * pow(product, pow((double)segments, -SEGMENT_POWER)));
    assert_true(fabs(wanted - (double)score->score) < 1e-5);
    assert_int_equal(score->segment, behind);
    assert_true(fabs((double)score->share - (gains > 0.0 ? log(most) / gains : 0.0)) < 1e-5);
}

static void test_scores_are_those_of_the_formula(void **state)
{
    uint64_t rng = 9;
    struct segment_scores *scores = segment_scores_new(before, NULL);
    for (int i = 0; i < 200; i++) {
        struct world world;
        const struct segment_score *found;
        size_t segments = 1 + (size_t)i % SEGMENTS, named = 0;
        make_world(&world, &rng);
        size_t count = segment_scores_find(scores, world.chosen, segments, &found);
        for (size_t k = 0; k < count; k++) {
            check_score(&world, segments, &found[k]);
            assert_true(!k || found[k - 1].score > found[k].score ||
                        (found[k - 1].score == found[k].score &&
                         found[k - 1].item < found[k].item));
        }
        for (int32_t item = 0; item < ITEMS; item++) { named += is_named(&world, segments, item); }
        assert_int_equal(count, named);
    }
    segment_scores_free(scores);
}

/* An item that both segments like goes before those that one of them likes. */
static void test_two_segments(void **state)
{
    const int32_t all[] = {100, 100, 100}, items[] = {0, 1, 2};
    const int32_t women[] = {40, 40, 10}, germans[] = {40, 10, 40};
    const struct segment_list lists[] = {
        {100.0, 1000.0, 0.0, items, women, all, 3}, {100.0, 1000.0, 0.0, items, germans, all, 3}};
    const struct segment_list *const both[] = {&lists[0], &lists[1]};
    const struct segment_score *found;
    struct segment_scores *scores = segment_scores_new(before, NULL);
    assert_int_equal(segment_scores_find(scores, both, 2, &found), 3);
    assert_int_equal(found[0].item, 0);
    assert_int_equal(found[0].segment, 0);
    assert_true(fabs((double)found[0].share - 0.5) < 1e-6);
    assert_int_equal(found[1].item, 1);
    assert_int_equal(found[2].segment, 1);
    assert_true(found[2].item_users == 40.0F);
    segment_scores_free(scores);
}

static void test_nothing(void **state)
{
    const int32_t items[] = {-1, 3}, all[] = {5, 0}, users[] = {5, 0};
    const struct segment_list list = {10.0, 100.0, 0.0, items, users, all, 2};
    const struct segment_list *const one[] = {&list};
    const struct segment_score *found;
    struct segment_scores *scores = segment_scores_new(before, NULL);
    assert_int_equal(segment_scores_find(scores, NULL, 0, &found), 0);
    assert_int_equal(segment_scores_find(scores, one, 1, &found), 0);
    segment_scores_free(scores);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scores_are_those_of_the_formula),
        cmocka_unit_test(test_two_segments),
        cmocka_unit_test(test_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
