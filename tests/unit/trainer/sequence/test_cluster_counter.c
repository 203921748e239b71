/* Clusters of stored histories: steps of any size, memory for a part of the users, what cannot be
 * read. What the records say is compared with loops in tests/topology/test_clusters.c. */
#include "base/base.h"
#include "base/directory.h"
#include "base/xalloc.h"
#include "model/ids.h"
#include "schemas/user_history.h"
#include "stream/kafka/murmur.h"
#include "trainer/sequence/cluster_counter.h"

#include <setjmp.h>
#include <cmocka.h>

enum { USERS = 3000, PARTITIONS = 2, EACH = 20, TASTES = 4 };

struct world {
    char dir[64];
    struct schema_cache *schemas;
    struct codec *history;
    struct table_store *histories;
    struct buf out;
    struct cluster_space *published;
};

static void put_weighted(struct world *world, int user, float weight)
{
    char id[16], texts[EACH][16];
    struct slice items[EACH];
    float weights[EACH];
    int32_t actions[EACH] = {0};
    int64_t zeros[EACH] = {0};
    (void)snprintf(id, sizeof(id), "u%d", user);
    for (int k = 0; k < EACH; k++) { /* 500 items a taste */
        int item = (user * 7 + k * 13) % 500 * TASTES + user % TASTES;
        (void)snprintf(texts[k], sizeof(texts[k]), "i%d", item);
        items[k] = slice_str(texts[k]);
        weights[k] = weight;
    }
    const struct user_history history = {
        .user_id = slice_str(id), .items = {items, EACH}, .actions = {actions, EACH},
        .weights = {weights, EACH}, .event_times_ms = {zeros, EACH}, .offsets = {zeros, EACH}};
    buf_clear(&world->out);
    assert_int_equal(codec_encode(world->history, &history, &world->out), 0);
    assert_int_equal(table_store_put(world->histories, murmur_partition(slice_str(id), PARTITIONS),
                                     slice_str(id), buf_slice(&world->out), user), 0);
}

static void put_user(struct world *world, int user)
{
    put_weighted(world, user, 1.0F);
}

static void init(struct world *world)
{
    int64_t from;
    *world = (struct world){.schemas = schema_cache_new(), .published = cluster_space_new(1 << 24)};
    (void)snprintf(world->dir, sizeof(world->dir), "/tmp/freshet-clusters-XXXXXX");
    assert_non_null(mkdtemp(world->dir));
    world->history = codec_new(&user_history_contract, world->schemas);
    buf_init(&world->out, 1 << 20);
    world->histories = table_store_new(world->dir);
    for (int32_t p = 0; p < PARTITIONS; p++) {
        assert_int_equal(table_store_open(world->histories, p, 0, 9999, &from), 0);
    }
    for (int user = 0; user < USERS; user++) { put_user(world, user); }
}

static void release(struct world *world)
{
    table_store_free(world->histories);
    codec_free(world->history);
    schema_cache_free(world->schemas);
    cluster_space_free(world->published);
    buf_release(&world->out);
    assert_int_equal(directory_delete(world->dir), 0);
}

static const struct cluster_counter_settings wide = {64 << 20, 4, 8, 20, 2, 100, 5000, 1, 1000};

static enum cluster_counting count(struct world *world, struct cluster_counter *counter,
                                   size_t step)
{
    cluster_counter_begin(counter, table_view_new(world->histories));
    while (cluster_counter_state(counter) == CLUSTERS_COUNTING) {
        cluster_counter_step(counter, step);
    }
    return cluster_counter_state(counter);
}

/* Adds up a column of what the records say. */
static double sum_of(struct cluster_counter *counter)
{
    struct group_profile group;
    double sum = 0.0;
    for (size_t at = 0; cluster_counter_record(counter, at, &group); at++) {
        for (size_t k = 0; k < group.vectors.count; k++) {
            sum += (double)group.vectors.at[k] * (double)(at + 1) * (double)(k % 97);
        }
    }
    return sum;
}

static void test_steps_of_any_size(void **state)
{
    struct world world;
    init(&world);
    struct cluster_counter *counter = cluster_counter_new(&wide, world.schemas, world.published);
    assert_int_equal(count(&world, counter, SIZE_MAX), CLUSTERS_COUNTED);
    assert_int_equal(cluster_counter_users(counter), USERS);
    assert_int_equal(cluster_counter_clusters(counter), TASTES);
    double sum = sum_of(counter);
    assert_int_equal(count(&world, counter, 5000), CLUSTERS_COUNTED);
    assert_true(sum_of(counter) == sum);
    cluster_counter_free(counter);
    release(&world);
}

static void test_clusters_are_the_tastes(void **state)
{
    struct world world;
    struct group_profile group;
    int64_t users = 0;
    init(&world);
    struct cluster_counter *counter = cluster_counter_new(&wide, world.schemas, world.published);
    assert_int_equal(count(&world, counter, 100000), CLUSTERS_COUNTED);
    for (size_t at = 0; at < TASTES; at++) {
        assert_true(cluster_counter_record(counter, at, &group));
        assert_int_equal(group.kind, GROUP_CLUSTER);
        assert_int_equal(group.all_users, USERS);
        users += group.users;
        for (size_t k = 0; k < group.items.count; k++) {
            assert_int_equal(group.item_users.at[k], group.item_all_users.at[k]);
        }
    }
    assert_int_equal(users, USERS);
    cluster_counter_free(counter);
    release(&world);
}

/* Of as many users as are wanted, those with the least hashes; each with the newest items. */
static void test_users_told(void **state)
{
    struct world world;
    struct group_profile group;
    struct cluster_counter_settings few = wide;
    size_t told = 0, parts = 0;
    init(&world);
    few.users_told = 700;
    struct cluster_counter *counter = cluster_counter_new(&few, world.schemas, world.published);
    assert_int_equal(count(&world, counter, 100000), CLUSTERS_COUNTED);
    for (size_t at = 0; cluster_counter_record(counter, at, &group); at++) {
        assert_int_equal(group.user_parts, 3);
        if (group.kind != GROUP_TOLD_USERS) { continue; }
        assert_int_equal(group_profile_part(group.name), parts++);
        told += group.user_counts.count;
        for (size_t k = 0; k < group.user_counts.count; k++) {
            assert_int_equal(group.user_counts.at[k], EACH);
        }
        assert_int_equal(group.user_items.count, group.user_counts.count * EACH);
        assert_int_equal(group.user_strengths.count, 0); /* all count 1 */
    }
    assert_int_equal(told, 700);
    assert_int_equal(parts, 3);
    cluster_counter_free(counter);
    few.users_told = 0;
    counter = cluster_counter_new(&few, world.schemas, world.published);
    assert_int_equal(count(&world, counter, 100000), CLUSTERS_COUNTED);
    for (size_t at = 0; cluster_counter_record(counter, at, &group); at++) {
        assert_true(group.kind != GROUP_TOLD_USERS && group.user_parts == 0);
    }
    cluster_counter_free(counter);
    release(&world);
}

static void test_memory_for_a_part_of_the_users(void **state)
{
    struct world world;
    init(&world);
    struct cluster_counter_settings narrow = wide, none = wide;
    narrow.bytes_max = 1 << 20;
    none.bytes_max = 1 << 8;
    struct cluster_counter *counter = cluster_counter_new(&narrow, world.schemas, world.published);
    assert_int_equal(count(&world, counter, 100000), CLUSTERS_COUNTED);
    int32_t sample = cluster_counter_sample(counter);
    size_t in = 0;
    for (int user = 0; user < USERS; user++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "u%d", user);
        in += ids_fingerprint(slice_str(id)) % (UINT64_C(1) << sample) == 0;
    }
    assert_true(sample > 0);
    assert_int_equal(cluster_counter_users(counter), in);
    cluster_counter_free(counter);
    counter = cluster_counter_new(&none, world.schemas, world.published);
    assert_int_equal(count(&world, counter, 100000), CLUSTERS_FAILED);
    cluster_counter_free(counter);
    release(&world);
}

static void test_stale_and_dropped(void **state)
{
    struct world world;
    init(&world);
    struct cluster_counter *counter = cluster_counter_new(&wide, world.schemas, world.published);
    struct table_view *view = table_view_new(world.histories);
    assert_true(cluster_counter_stale(counter, view));
    cluster_counter_begin(counter, view);
    cluster_counter_step(counter, 10000);
    view = table_view_new(world.histories);
    assert_false(cluster_counter_stale(counter, view));
    cluster_counter_drop(counter);
    assert_int_equal(cluster_counter_state(counter), CLUSTERS_IDLE);
    assert_false(cluster_counter_stale(counter, view));
    table_view_free(view);
    put_user(&world, USERS);
    view = table_view_new(world.histories);
    assert_true(cluster_counter_stale(counter, view));
    table_view_free(view);
    cluster_counter_reset(counter);
    cluster_counter_free(counter);
    release(&world);
}

/* A history of a schema that nobody has told of yet: nothing is known of how many there are. One
 * that is damaged is passed over. */
static void test_histories_that_cannot_be_read(void **state)
{
    static const char unknown[] = {0, 0, 0, 0, 9, 1, 2};
    struct world world;
    init(&world);
    struct cluster_counter *counter = cluster_counter_new(&wide, world.schemas, world.published);
    int32_t partition = murmur_partition(slice_str("u4"), PARTITIONS);
    assert_int_equal(table_store_put(world.histories, partition, slice_str("u4"),
                                     slice_str("damaged"), USERS), 0);
    assert_int_equal(count(&world, counter, 100000), CLUSTERS_COUNTED);
    assert_int_equal(cluster_counter_users(counter), USERS - 1);
    assert_int_equal(table_store_put(world.histories, partition, slice_str("u4"),
                                     slice_of(unknown, sizeof(unknown)), USERS), 0);
    assert_int_equal(count(&world, counter, 100000), CLUSTERS_FAILED);
    cluster_counter_free(counter);
    release(&world);
}

/* One history, by whoever wrote it, does not change the others' clusters. */
static void test_weights_that_no_event_has(void **state)
{
    static const float wrong[] = {3e38F, 2e6F, -1.0F};
    struct world world;
    init(&world);
    struct cluster_counter *counter = cluster_counter_new(&wide, world.schemas, world.published);
    for (size_t k = 0; k < ARRAY_COUNT(wrong); k++) {
        put_weighted(&world, 4, wrong[k]);
        assert_int_equal(count(&world, counter, 100000), CLUSTERS_COUNTED);
        assert_int_equal(cluster_counter_clusters(counter), TASTES);
        assert_int_equal(cluster_counter_users(counter), USERS - 1);
        assert_true(isfinite(sum_of(counter)));
    }
    cluster_counter_free(counter);
    release(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps_of_any_size),
        cmocka_unit_test(test_clusters_are_the_tastes),
        cmocka_unit_test(test_memory_for_a_part_of_the_users),
        cmocka_unit_test(test_users_told),
        cmocka_unit_test(test_stale_and_dropped),
        cmocka_unit_test(test_histories_that_cannot_be_read),
        cmocka_unit_test(test_weights_that_no_event_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
