/* The part of cross pairs in a ranking, in a small world: items 0 and 1 were acted on; of the
 * others, transitions speak for 2 and 3, and views of 0 for 3 and 4. */
#include "base/base.h"
#include "model/counting/ranking.h"

#include <setjmp.h>
#include <cmocka.h>

enum { VIEW = 1, PURCHASE = 5, ITEMS = 6, LENGTH = 4 };

struct world {
    struct ids *ids;
    struct item_table *items;
    struct cross_table *cross;
    struct ranking *ranking;
    struct change_log changes;
    uint8_t flags[ITEMS];
    const struct ranked *list;
    size_t count;
};

static void put_item(struct world *world, int32_t item, double actions, const int32_t *neighbours,
                     const double *forwards, size_t count)
{
    static const double zeros[ITEMS];
    const struct item_row row = {.mass = actions, .actions = actions, .trend = 0,
                                 .first_users = item == 0 ? 1000 : 0, .count = count,
                                 .items = neighbours, .co_ratings = forwards,
                                 .forwards = forwards, .backwards = zeros};
    item_table_put(world->items, item, &row);
}

static void put_cross(struct world *world, int32_t kind, int32_t item, double users,
                      const struct cross_neighbour *neighbours, size_t count)
{
    const struct cross_row row = {.version = 1, .users = users, .neighbours = neighbours,
                                  .count = count};
    cross_table_put(world->cross, kind, item, &row);
}

static void world_init(struct world *world, double cross_weight, bool crossed)
{
    static const int32_t next[] = {2, 3};
    static const double forwards[] = {20, 10};
    static const struct cross_neighbour bought[] = {{3, PURCHASE, 30}, {4, PURCHASE, 30}};
    const struct item_table_settings table = {.backward_weight = 0.2, .shrink = 1,
                                              .kernel_power = 1, .neighbours_used = 10};
    const struct ranking_settings settings = {.recent_items = 5, .recency_decay = 1,
                                              .directed_weight = 1, .cross_weight = cross_weight};
    *world = (struct world){.ids = ids_new(ITEMS), .items = item_table_new(&table),
                            .cross = cross_table_new()};
    for (char id = 'a'; id < 'a' + ITEMS; id++) { (void)ids_put(world->ids, slice_of(&id, 1)); }
    world->ranking = ranking_new(&settings, world->ids, world->items);
    ranking_use_cross(world->ranking, world->cross);
    put_item(world, 0, 50, next, forwards, 2);
    for (int32_t item = 1; item < ITEMS; item++) { put_item(world, item, 50, NULL, NULL, 0); }
    if (!crossed) { return; }
    put_cross(world, VIEW, 0, 100, bought, 2);
    put_cross(world, PURCHASE, 3, 60, NULL, 0);
    put_cross(world, PURCHASE, 4, 40, NULL, 0); /* more surprising than 3 */
}

static void world_clear(struct world *world)
{
    ranking_free(world->ranking);
    cross_table_free(world->cross);
    item_table_free(world->items);
    ids_free(world->ids);
}

/* Makes the list of a user who did something on 0. */
static void list(struct world *world, int32_t kind, float weight, bool told,
                 const struct shown_item *shown)
{
    static const int32_t items[] = {1, 0};
    const float weights[] = {1.0F, weight};
    const int32_t kinds[] = {PURCHASE, kind};
    const struct ranking_request request = {
        .items = items, .weights = weights, .kinds = told ? kinds : NULL, .count = 2,
        .length = LENGTH,
        .flags = {.at = world->flags, .count = ITEMS, .changes = &world->changes},
        .shown = {shown, shown ? 1 : 0}};
    world->count = ranking_list(world->ranking, &request, &world->list);
}

static void viewers_of_one_buy_the_other(void **state _unused_)
{
    struct world world;
    world_init(&world, 2.0, true);
    list(&world, VIEW, 1.0F, true, NULL);
    assert_int_equal(world.count, 4);
    assert_int_equal(world.list[0].item, 3); /* both speak for it */
    assert_int_equal(world.list[1].item, 4);
    assert_int_equal(world.list[2].item, 2);
    assert_int_equal(world.list[0].reason, RANKED_CROSS);
    assert_int_equal(world.list[1].reason, RANKED_CROSS);
    assert_int_equal(world.list[1].because, 0);
    assert_true(world.list[1].evidence == 30.0F && world.list[1].share == 1.0F);
    assert_int_equal(world.list[2].reason, RANKED_BECAUSE);
    assert_true(world.list[1].score == 2.0F); /* the most surprising one has the whole weight */
    assert_true(world.list[0].score > 2.0F && world.list[0].share < 1.0F);
    assert_true(ranking_score(world.ranking, 4) == 2.0F);
    world_clear(&world);
}

/* Without kinds, rows, weight or such an action, it is the list without cross pairs, to the bit. */
static void elsewhere_nothing_changes(void **state _unused_)
{
    struct world plain, world;
    world_init(&plain, 0.0, false);
    list(&plain, VIEW, 1.0F, true, NULL);
    assert_int_equal(plain.count, 4);
    assert_int_equal(plain.list[0].item, 2);
    for (int way = 0; way < 4; way++) {
        world_init(&world, way == 0 ? 0.0 : 2.0, way != 1);
        list(&world, way == 2 ? PURCHASE : VIEW, 1.0F, way != 3, NULL);
        assert_int_equal(world.count, plain.count);
        for (size_t k = 0; k < plain.count; k++) {
            assert_memory_equal(&world.list[k], &plain.list[k], sizeof(plain.list[k]));
        }
        world_clear(&world);
    }
    world_clear(&plain);
}

static void dislikes_say_nothing_and_shown_items_count_less(void **state _unused_)
{
    const struct shown_item shown = {.item = 4, .factor = 0.75F};
    struct world world;
    world_init(&world, 2.0, true);
    list(&world, VIEW, 0.0F, true, NULL);
    for (size_t k = 0; k < world.count; k++) {
        assert_int_not_equal(world.list[k].reason, RANKED_CROSS);
    }
    list(&world, VIEW, 1.0F, true, &shown);
    assert_int_equal(world.list[1].item, 4);
    assert_true(fabsf(world.list[1].score - 1.5F) < 1e-5F);
    world_clear(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(viewers_of_one_buy_the_other),
        cmocka_unit_test(elsewhere_nothing_changes),
        cmocka_unit_test(dislikes_say_nothing_and_shown_items_count_less),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
