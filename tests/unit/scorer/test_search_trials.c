/* What lists with and without a search teach: from the action that followed the list, once. */
#include "base/base.h"
#include "scorer/search_trials.h"

#include <setjmp.h>
#include <cmocka.h>

enum { ITEMS = 30 };

struct world {
    struct ids *ids;
    struct search_trials trials;
    struct mixture mixture;
    struct slice items[1];
    float weights[1];
    int64_t offsets[1];
    struct user_history before, after;
    struct recommendation_list list;
};

static const struct searched_tops tops = {
    .counts = {3, 3},
    .items = {[SEARCHED_WITHOUT] = {1, 2, 3}, [SEARCHED_WITH] = {7, 1, 2}},
};

static void begin(struct world *world, const char *item, float weight)
{
    *world = (struct world){.weights = {weight}, .offsets = {5}};
    world->ids = ids_new(ITEMS);
    for (int n = 0; n < ITEMS; n++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "i%02d", n);
        (void)ids_put(world->ids, slice_str(id));
    }
    mixture_init(&world->mixture);
    world->items[0] = slice_str(item);
    world->before = (struct user_history){.user_id = slice_str("u"), .input_offset = 4};
    world->after = world->before;
    world->after.input_offset = 5;
    world->after.items = (struct slices){world->items, 1};
    world->after.weights = (struct floats){world->weights, 1};
    world->after.offsets = (struct longs){world->offsets, 1};
    world->list = (struct recommendation_list){.user_id = slice_str("u"), .input_offset = 4};
}

static bool learn(struct world *world)
{
    return search_trials_learn(&world->trials, &world->mixture, world->ids, &world->list,
                               &world->after);
}

static void end(struct world *world)
{
    search_trials_release(&world->trials);
    ids_free(world->ids);
}

static void test_what_followed(void **state)
{
    static struct world world;
    begin(&world, "i07", 1.0F);
    assert_false(learn(&world)); /* nothing is kept */
    search_trials_keep(&world.trials, &world.before, NULL);
    assert_false(learn(&world));
    search_trials_keep(&world.trials, &world.before, &tops);
    assert_true(learn(&world));
    assert_true(world.mixture.search_asked == 1.0 && world.mixture.search_ahead == 2.0);
    assert_false(learn(&world)); /* once */
    end(&world);
    begin(&world, "i01", 1.0F); /* a place further down */
    search_trials_keep(&world.trials, &world.before, &tops);
    assert_true(learn(&world));
    assert_true(world.mixture.search_ahead < 0.0 && world.mixture.search_ahead > -0.5);
    end(&world);
    begin(&world, "i03", 1.0F);
    search_trials_keep(&world.trials, &world.before, &tops);
    assert_true(learn(&world));
    assert_true(world.mixture.search_ahead == -1.5); /* HR and NDCG of the third place */
    end(&world);
    begin(&world, "never", 1.0F);
    search_trials_keep(&world.trials, &world.before, &tops);
    assert_true(learn(&world));
    assert_true(world.mixture.search_ahead == 0.0 && world.mixture.search_asked == 1.0);
    end(&world);
}

static void test_what_teaches_nothing(void **state)
{
    static struct world world;
    begin(&world, "i07", 0.0F); /* a dislike */
    search_trials_keep(&world.trials, &world.before, &tops);
    assert_false(learn(&world));
    end(&world);
    begin(&world, "i07", 1.0F); /* another list of the user */
    search_trials_keep(&world.trials, &world.before, &tops);
    world.list.input_offset = 3;
    assert_false(learn(&world));
    world.list.input_offset = 4;
    world.list.input_partition = 1;
    assert_false(learn(&world));
    world.list.input_partition = 0;
    world.after.user_id = slice_str("another");
    assert_false(learn(&world));
    world.after.user_id = slice_str("u");
    world.after.items.count = world.after.weights.count = world.after.offsets.count = 0;
    assert_false(learn(&world)); /* no action */
    assert_true(world.mixture.search_asked == 0.0);
    end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_followed),
        cmocka_unit_test(test_what_teaches_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
