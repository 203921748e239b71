/* The order compared with z-scores in doubles; no guesses; too little to scale by. */
#include "base/base.h"
#include "model/rng.h"
#include "scorer/lists/suiting_items.h"

#include <setjmp.h>
#include <cmocka.h>

enum { ITEMS = 60, OLD = 40, D = 3, FEATURES = 12, NEW = ITEMS - OLD, ALONE = ITEMS - 1 };

struct world {
    struct ids *ids;
    struct content_scores *content;
    struct cluster_space *space;
    struct guessed_factors *guessed;
};

static void init(struct world *world)
{
    uint64_t rng = 5;
    float factors[OLD * D];
    struct slice items[OLD];
    const struct cluster_version version = {1, 1, 1, 0};
    *world = (struct world){.ids = ids_new(1000), .space = cluster_space_new(1 << 20)};
    world->content = content_scores_new(ITEMS, 20, world->ids);
    world->guessed = guessed_factors_new(world->content, world->space, world->ids);
    for (int32_t i = 0; i < ITEMS; i++) {
        char id[8];
        uint32_t features[3];
        (void)snprintf(id, sizeof(id), "i%d", i);
        assert_int_equal(ids_put(world->ids, slice_str(id)), i);
        for (size_t k = 0; k < 3; k++) { features[k] = (uint32_t)rng_below(&rng, FEATURES); }
        if (i != ALONE) { (void)content_scores_describe(world->content, i, features, 3); }
    }
    for (size_t k = 0; k < ARRAY_COUNT(factors); k++) { factors[k] = (float)rng_normal(&rng); }
    for (int32_t i = 0; i < OLD; i++) { items[i] = ids_text(world->ids, i); }
    assert_null(cluster_space_put_factors(world->space, version, 0, (struct slices){items, OLD},
                                          (struct floats){factors, OLD * D}));
    assert_null(cluster_space_put_cluster(world->space, version, slice_str("1"),
                                          (struct floats){factors, D}));
}

static void release(struct world *world)
{
    guessed_factors_free(world->guessed);
    content_scores_free(world->content);
    cluster_space_free(world->space);
    ids_free(world->ids);
}

/* Says whether anything can be guessed. */
static bool find(struct world *world, int32_t item)
{
    const float weight = 1.0F;
    const int32_t *items;
    (void)content_scores_find(world->content, &item, &weight, 1, &items);
    return guessed_factors_begin(world->guessed, &item, &weight, 1);
}

static void add_scaled(const double *scores, const bool *known, double weight, double *sums)
{
    double n = 0.0, mean = 0.0, squares = 0.0;
    for (size_t k = 0; k < NEW; k++) { n += known[k]; }
    for (size_t k = 0; k < NEW; k++) { mean += known[k] ? scores[k] / n : 0.0; }
    for (size_t k = 0; k < NEW; k++) {
        squares += known[k] ? (scores[k] - mean) * (scores[k] - mean) : 0.0;
    }
    for (size_t k = 0; k < NEW && squares > 0.0; k++) {
        sums[k] += known[k] ? weight * (scores[k] - mean) / sqrt(squares / n) : 0.0;
    }
}

static void test_the_order_is_that_of_both(void **state _unused_)
{
    struct world world;
    int32_t items[NEW];
    struct topk_entry order[NEW];
    init(&world);
    for (int32_t k = 0; k < NEW; k++) { items[k] = OLD + k; }
    for (int32_t had = 0; had < OLD; had++) {
        double like[NEW], guesses[NEW], sums[NEW] = {0};
        bool all[NEW], known[NEW];
        assert_true(find(&world, had));
        for (size_t k = 0; k < NEW; k++) {
            float guess = 0.0F;
            like[k] = (double)content_scores_compare(world.content, items[k]).score;
            all[k] = true;
            known[k] = guessed_factors_score(world.guessed, items[k], &guess);
            guesses[k] = (double)guess;
        }
        assert_false(known[NEW - 1]);
        add_scaled(like, all, 1.0, sums);
        add_scaled(guesses, known, 3.0, sums);
        suiting_items_order(world.content, world.guessed, items, NEW, order);
        for (size_t k = 0; k < NEW; k++) {
            assert_true(fabs(order[k].score - sums[order[k].item - OLD]) < 1e-4);
            assert_true(k == 0 || order[k - 1].score >= order[k].score);
        }
    }
    release(&world);
}

static void test_without_guesses_likeness_decides(void **state _unused_)
{
    struct world world;
    int32_t items[NEW];
    struct topk_entry order[NEW];
    init(&world);
    for (int32_t k = 0; k < NEW; k++) { items[k] = OLD + k; }
    (void)find(&world, 1);
    suiting_items_order(world.content, NULL, items, NEW, order);
    for (size_t k = 0; k < NEW; k++) {
        assert_true(order[k].score ==
                    (double)content_scores_compare(world.content, order[k].item).score);
        assert_true(k == 0 || order[k - 1].score >= order[k].score);
        assert_true(k == 0 || order[k - 1].score > order[k].score ||
                    order[k - 1].item < order[k].item);
    }
    assert_false(find(&world, ITEMS - 2)); /* it has no factor */
    release(&world);
}

/* One item, or equal ones, have no deviation. */
static void test_nothing_to_scale_by(void **state _unused_)
{
    struct world world;
    const int32_t twice[] = {OLD, OLD};
    struct topk_entry order[2];
    init(&world);
    assert_true(find(&world, 1));
    suiting_items_order(world.content, world.guessed, twice, 1, order);
    assert_true(order[0].score == 0.0 && order[0].item == OLD);
    suiting_items_order(world.content, world.guessed, twice, 2, order);
    assert_true(order[0].score == 0.0 && order[1].score == 0.0);
    suiting_items_order(world.content, world.guessed, twice, 0, order);
    release(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_order_is_that_of_both),
        cmocka_unit_test(test_without_guesses_likeness_decides),
        cmocka_unit_test(test_nothing_to_scale_by),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
