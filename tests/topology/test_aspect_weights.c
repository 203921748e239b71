/* The scorer learns what items are chosen by: users who keep to one brand and do not care for tags,
 * and users who keep to one tag and do not care for brands, with the same catalogue. */
#include "base/base.h"
#include "model/candidate_set.h"
#include "model/content_aspects.h"
#include "model/rng.h"
#include "schemas/item.h"
#include "schemas/model_weights.h"
#include "schemas/user_history.h"
#include "scorer/scorer.h"
#include "tests/topology/rig.h"

#include <setjmp.h>
#include <cmocka.h>

enum { USERS = 60, GROUPS = 6, EACH = 12, ITEMS = GROUPS * EACH, STEPS = 9 };

static const char *const settings[] = {"list.length=10", "vectors.used=false", "users.used=false",
                                       "content.used=true", NULL};

struct world {
    struct rig rig;
    struct schema_cache *schemas;
    struct codec *items, *histories, *models;
    struct buf out;
    int brands[ITEMS], tags[ITEMS];
    int chosen[USERS][STEPS];
    int64_t offsets[USERS][STEPS], offset;
};

static void world_init(struct world *world)
{
    *world = (struct world){.schemas = schema_cache_new()};
    rig_init(&world->rig, 1);
    world->items = codec_new(&item_contract, world->schemas);
    world->histories = codec_new(&user_history_contract, world->schemas);
    world->models = codec_new(&model_weights_contract, world->schemas);
    buf_init(&world->out, 1 << 16);
}

static void world_release(struct world *world)
{
    rig_release(&world->rig);
    codec_free(world->items);
    codec_free(world->histories);
    codec_free(world->models);
    schema_cache_free(world->schemas);
    buf_release(&world->out);
}

static void send(struct world *world, const char *topic, struct codec *codec, const void *message,
                 struct slice key)
{
    buf_clear(&world->out);
    assert_int_equal(codec_encode(codec, message, &world->out), 0);
    memlog_append(world->rig.log, topic, PARTITION_BY_KEY, key, buf_slice(&world->out), 0);
}

/* Brands and tags of the items do not depend on one another. */
static void fill_catalogue(struct world *world)
{
    for (int i = 0; i < ITEMS; i++) {
        char id[16], brand[16], tag[16];
        struct slice tags[1];
        struct item item;
        world->brands[i] = i % GROUPS;
        world->tags[i] = i / GROUPS % GROUPS;
        (void)snprintf(id, sizeof(id), "i%02d", i);
        (void)snprintf(brand, sizeof(brand), "b%d", world->brands[i]);
        (void)snprintf(tag, sizeof(tag), "t%d", world->tags[i]);
        tags[0] = slice_str(tag);
        codec_defaults(world->items, &item);
        item.item_id = slice_str(id);
        item.brand = slice_str(brand);
        item.tags = (struct slices){tags, 1};
        send(world, "items", world->items, &item, item.item_id);
    }
}

/* Draws an item of the user's group that the user has not had. */
static int choose(const struct world *world, uint64_t *rng, const int *groups, int user, int steps)
{
    for (;;) {
        int item = (int)rng_below(rng, ITEMS);
        bool had = groups[item] != user % GROUPS;
        for (int k = 0; k < steps && !had; k++) { had = world->chosen[user][k] == item; }
        if (!had) { return item; }
    }
}

static void act(struct world *world, int user, int item, size_t step)
{
    char id[16], names[STEPS][16];
    struct slice items[STEPS];
    float weights[STEPS];
    int64_t times[STEPS] = {0};
    int32_t actions[STEPS] = {0};
    (void)snprintf(id, sizeof(id), "u%d", user);
    world->chosen[user][step] = item;
    world->offsets[user][step] = world->offset;
    for (size_t k = 0; k <= step; k++) {
        (void)snprintf(names[k], sizeof(names[k]), "i%02d", world->chosen[user][k]);
        items[k] = slice_str(names[k]);
        weights[k] = 1.0F;
    }
    const struct user_history history = {
        .user_id = slice_str(id),
        .items = {items, step + 1},
        .actions = {actions, step + 1},
        .weights = {weights, step + 1},
        .event_times_ms = {times, step + 1},
        .offsets = {world->offsets[user], step + 1},
        .events_total = (int64_t)step + 1,
        .input_offset = world->offset++,
    };
    send(world, "histories", world->histories, &history, history.user_id);
}

static void wait_for_lists(struct world *world)
{
    for (int i = 0; i < 40; i++) { rig_round(&world->rig, false); }
}

/* Reads the mixture as it was last published. */
static void read_mixture(struct world *world, struct mixture *ret_mixture)
{
    struct record record;
    struct arena *arena = arena_new(1 << 14);
    struct model_weights weights;
    assert_int_equal(memlog_newest(world->rig.log, "models", slice_str("blend/0"), &record), 0);
    assert_int_equal(codec_decode(world->models, record.value, arena, &weights, NULL), 0);
    assert_true(mixture_load(ret_mixture, weights.weights.at, weights.weights.count));
    arena_free(arena);
}

static void check(bool by_brand)
{
    struct world world;
    struct mixture mixture;
    uint64_t rng = 17;
    world_init(&world);
    fill_catalogue(&world);
    rig_start(&world.rig, &scorer_worker, 0, settings);
    wait_for_lists(&world);
    const int *groups = by_brand ? world.brands : world.tags;
    for (size_t step = 0; step < STEPS; step++) {
        for (int user = 0; user < USERS; user++) {
            act(&world, user, choose(&world, &rng, groups, user, (int)step), step);
        }
        wait_for_lists(&world);
    }
    read_mixture(&world, &mixture);
    const float *weights = mixture.parts[SEGMENT_SHORT].weights + MIXTURE_MEMBERS;
    float brand = weights[ASPECT_BRAND], tags = weights[ASPECT_TAGS];
    assert_true(by_brand ? brand > 0.3F && brand > 2.0F * tags
                         : tags > 0.3F && tags > 2.0F * brand);
    assert_true(weights[ASPECT_PRICE] == 0.0F && weights[ASPECT_TEXT] == 0.0F);
    assert_int_equal(memlog_count(world.rig.log, "dead-letters", MEMLOG_ALL), 0);
    world_release(&world);
}

static void test_by_brand(void **state)
{
    check(/* by_brand= */ true);
}

static void test_by_tag(void **state)
{
    check(/* by_brand= */ false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_brand),
        cmocka_unit_test(test_by_tag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
