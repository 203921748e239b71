/* A count of more users than its memory holds is one of a part of them, which a hash chooses. */
#include "base/base.h"
#include "base/directory.h"
#include "model/ids.h"
#include "schemas/user_history.h"
#include "stream/kafka/murmur.h"
#include "trainer/sequence/segment_counter.h"

#include <setjmp.h>
#include <cmocka.h>

enum { USERS = 3000, PARTITIONS = 2, ITEMS_EACH = 30 };

struct world {
    char dir[64];
    struct schema_cache *schemas;
    struct codec *history, *profile;
    struct table_store *histories, *profiles;
    struct buf out;
};

static void open_tables(struct world *world)
{
    char path[96];
    int64_t from;
    (void)snprintf(path, sizeof(path), "%s/histories", world->dir);
    assert_int_equal(directory_make(path), 0);
    world->histories = table_store_new(path);
    (void)snprintf(path, sizeof(path), "%s/profiles", world->dir);
    assert_int_equal(directory_make(path), 0);
    world->profiles = table_store_new(path);
    for (int32_t p = 0; p < PARTITIONS; p++) {
        assert_int_equal(table_store_open(world->histories, p, 0, 9999, &from), 0);
        assert_int_equal(table_store_open(world->profiles, p, 0, 9999, &from), 0);
    }
}

static void put_user(struct world *world, int user)
{
    char id[16], texts[ITEMS_EACH][16];
    struct slice items[ITEMS_EACH], tag = slice_str(user % 2 ? "odd" : "even");
    float weights[ITEMS_EACH];
    int32_t actions[ITEMS_EACH] = {0};
    int64_t zeros[ITEMS_EACH] = {0};
    (void)snprintf(id, sizeof(id), "u%d", user);
    for (int k = 0; k < ITEMS_EACH; k++) {
        (void)snprintf(texts[k], sizeof(texts[k]), "i%d", (user * 7 + k * 13) % 5000);
        items[k] = slice_str(texts[k]);
        weights[k] = 1.0F;
    }
    int32_t partition = murmur_partition(slice_str(id), PARTITIONS);
    const struct user_history history = {
        .user_id = slice_str(id), .items = {items, ITEMS_EACH}, .actions = {actions, ITEMS_EACH},
        .weights = {weights, ITEMS_EACH}, .event_times_ms = {zeros, ITEMS_EACH},
        .offsets = {zeros, ITEMS_EACH}};
    const struct user_profile profile = {.user_id = slice_str(id), .tags = {&tag, 1}};
    buf_clear(&world->out);
    assert_int_equal(codec_encode(world->history, &history, &world->out), 0);
    assert_int_equal(table_store_put(world->histories, partition, slice_str(id),
                                     buf_slice(&world->out), user), 0);
    buf_clear(&world->out);
    assert_int_equal(codec_encode(world->profile, &profile, &world->out), 0);
    assert_int_equal(table_store_put(world->profiles, user % PARTITIONS, slice_str(id),
                                     buf_slice(&world->out), user), 0);
}

static void init(struct world *world)
{
    *world = (struct world){.schemas = schema_cache_new()};
    (void)snprintf(world->dir, sizeof(world->dir), "/tmp/freshet-segments-XXXXXX");
    assert_non_null(mkdtemp(world->dir));
    world->history = codec_new(&user_history_contract, world->schemas);
    world->profile = codec_new(&user_profile_contract, world->schemas);
    buf_init(&world->out, 1 << 20);
    open_tables(world);
    for (int user = 0; user < USERS; user++) { put_user(world, user); }
}

static void release(struct world *world)
{
    table_store_free(world->histories);
    table_store_free(world->profiles);
    codec_free(world->history);
    codec_free(world->profile);
    schema_cache_free(world->schemas);
    buf_release(&world->out);
    assert_int_equal(directory_delete(world->dir), 0);
}

static enum segment_counting count(struct world *world, struct segment_counter *counter,
                                   size_t step)
{
    segment_counter_begin(counter, table_view_new(world->histories),
                          table_view_new(world->profiles));
    while (segment_counter_state(counter) == SEGMENTS_COUNTING) {
        segment_counter_step(counter, step);
    }
    return segment_counter_state(counter);
}

static int64_t sampled(int32_t sample, int remainder)
{
    int64_t users = 0;
    for (int user = 0; user < USERS; user++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "u%d", user);
        bool in = ids_fingerprint(slice_str(id)) % (UINT64_C(1) << sample) == 0;
        users += in && (remainder < 0 || user % 2 == remainder);
    }
    return users;
}

static void check(struct segment_counter *counter, int32_t least_sample)
{
    struct group_profile group;
    int32_t sample = segment_counter_sample(counter);
    assert_true(sample >= least_sample);
    for (size_t s = 0; s < 2; s++) {
        assert_int_equal(segment_counter_record(counter, s, &group), 0);
        assert_true(slice_equal(group.name, slice_str(s ? "odd" : "even")));
        assert_int_equal(group.sample, sample);
        assert_int_equal(group.users, sampled(sample, (int)s));
        assert_int_equal(group.all_users, sampled(sample, -1));
    }
    assert_int_equal(segment_counter_record(counter, 2, &group), -ENOENT);
}

static void test_memory_for_a_part_of_the_users(void **state)
{
    struct world world;
    init(&world);
    const struct segment_counter_settings wide = {64 << 20, 10, 5, 1, 100},
                                          narrow = {1 << 20, 10, 5, 1, 100},
                                          none = {1 << 8, 10, 5, 1, 100};
    struct segment_counter *counter = segment_counter_new(&wide, world.schemas);
    assert_int_equal(count(&world, counter, 100), SEGMENTS_COUNTED);
    check(counter, 0);
    assert_int_equal(segment_counter_sample(counter), 0);
    segment_counter_free(counter);
    counter = segment_counter_new(&narrow, world.schemas);
    assert_int_equal(count(&world, counter, 7), SEGMENTS_COUNTED);
    check(counter, 1);
    segment_counter_free(counter);
    counter = segment_counter_new(&none, world.schemas);
    assert_int_equal(count(&world, counter, 1000), SEGMENTS_FAILED);
    segment_counter_free(counter);
    release(&world);
}

/* The most frequent segments count; what comes while it counts does not. */
static void test_views_and_bounds(void **state)
{
    struct world world;
    struct group_profile group;
    init(&world);
    put_user(&world, USERS); /* an even one more */
    const struct segment_counter_settings one = {64 << 20, 1, 5, 1, 10};
    struct segment_counter *counter = segment_counter_new(&one, world.schemas);
    segment_counter_begin(counter, table_view_new(world.histories),
                          table_view_new(world.profiles));
    segment_counter_step(counter, 100);
    put_user(&world, USERS + 2);
    assert_int_equal(table_store_flush(world.profiles), 0);
    while (segment_counter_state(counter) == SEGMENTS_COUNTING) {
        segment_counter_step(counter, 1000);
    }
    assert_int_equal(segment_counter_record(counter, 0, &group), 0);
    assert_true(slice_equal(group.name, slice_str("even")));
    assert_int_equal(group.users, USERS / 2 + 1);
    assert_int_equal(group.items.count, 10);
    assert_int_equal(segment_counter_record(counter, 1, &group), -ENOENT);
    struct table_view *histories = table_view_new(world.histories);
    struct table_view *profiles = table_view_new(world.profiles);
    assert_true(segment_counter_stale(counter, histories, profiles));
    segment_counter_begin(counter, histories, profiles);
    histories = table_view_new(world.histories);
    profiles = table_view_new(world.profiles);
    assert_false(segment_counter_stale(counter, histories, profiles));
    segment_counter_reset(counter);
    assert_true(segment_counter_stale(counter, histories, profiles));
    table_view_free(histories);
    table_view_free(profiles);
    segment_counter_free(counter);
    release(&world);
}

/* A history of a schema that nobody has told of yet: nothing is known of how many there are. One
 * that is damaged is passed over. */
static void test_histories_that_cannot_be_read(void **state)
{
    static const char unknown[] = {0, 0, 0, 0, 9, 1, 2};
    struct world world;
    struct group_profile group;
    init(&world);
    const struct segment_counter_settings wide = {64 << 20, 10, 5, 1, 100};
    struct segment_counter *counter = segment_counter_new(&wide, world.schemas);
    int32_t partition = murmur_partition(slice_str("u4"), PARTITIONS);
    assert_int_equal(table_store_put(world.histories, partition, slice_str("u4"),
                                     slice_str("damaged"), USERS), 0);
    assert_int_equal(count(&world, counter, 100), SEGMENTS_COUNTED);
    assert_int_equal(segment_counter_record(counter, 0, &group), 0);
    assert_int_equal(group.users, USERS / 2 - 1);
    assert_int_equal(table_store_put(world.histories, partition, slice_str("u4"),
                                     slice_of(unknown, sizeof(unknown)), USERS + 1), 0);
    assert_int_equal(count(&world, counter, 100), SEGMENTS_FAILED);
    segment_counter_free(counter);
    release(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_for_a_part_of_the_users),
        cmocka_unit_test(test_views_and_bounds),
        cmocka_unit_test(test_histories_that_cannot_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
