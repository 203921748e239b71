#include "base/base.h"
#include "base/xalloc.h"
#include "sequence/pool.h"

#include <setjmp.h>
#include <cmocka.h>

enum { LENGTH = 4, ITEMS = 10, STEPS = 3000, USERS = 60 };

static struct pool *with_items(size_t bytes_max)
{
    struct pool *pool = pool_new(LENGTH, bytes_max);
    for (uint64_t i = 0; i < ITEMS; i++) { pool_add_item(pool, 1000 + i); }
    return pool;
}

static size_t read_user(struct pool *pool, uint64_t user, int32_t *ret_items)
{
    size_t count, read = 0;
    struct pool_place *places = pool_roster(pool, 0, &count);
    for (size_t i = 0; i < count; i++) {
        if (places[i].user == user) { read = pool_read(pool, &places[i], ret_items, LENGTH); }
    }
    free(places);
    return read;
}

static void test_keeps_the_newest(void **state)
{
    struct pool *pool = with_items(1 << 20);
    const int32_t items[] = {1, 2, 3, 4, 5, 6};
    int32_t read[LENGTH];
    pool_put(pool, 7, items, 6, 6);
    assert_int_equal(read_user(pool, 7, read), LENGTH);
    assert_memory_equal(read, items + 2, sizeof(read));
    pool_put(pool, 7, items, 2, 5); /* late: fewer actions than are known */
    assert_int_equal(read_user(pool, 7, read), LENGTH);
    assert_int_equal(pool_arrived(pool), 6);
    pool_put(pool, 7, items, 2, 8);
    assert_int_equal(read_user(pool, 7, read), 2);
    assert_int_equal(pool_arrived(pool), 8);
    pool_remove(pool, 7);
    assert_int_equal(read_user(pool, 7, read), 0);
    assert_int_equal(pool_users(pool), 0);
    pool_free(pool);
}

/* Against an array of users: any order of puts and removals. */
static void test_many(void **state)
{
    struct pool *pool = with_items(1 << 20);
    int32_t held[USERS];
    memset(held, 0xff, sizeof(held));
    uint64_t dice = 1;
    for (int step = 0; step < STEPS; step++) {
        dice = dice * 6364136223846793005U + 1442695040888963407U;
        uint64_t user = (dice >> 33) % USERS;
        int32_t item = (int32_t)((dice >> 50) % ITEMS);
        /* Fingerprints that meet in one slot of the index. */
        if (dice >> 60 < 5) {
            pool_remove(pool, user * 4096);
            held[user] = -1;
        } else {
            pool_put(pool, user * 4096, &item, 1, step + 1);
            held[user] = item;
        }
    }
    size_t there = 0, count;
    struct pool_place *places = pool_roster(pool, 0, &count);
    for (uint64_t user = 0; user < USERS; user++) {
        if (held[user] < 0) { continue; }
        int32_t read[LENGTH];
        assert_int_equal(places[there].user, user * 4096); /* sorted */
        assert_int_equal(pool_read(pool, &places[there++], read, LENGTH), 1);
        assert_int_equal(read[0], held[user]);
    }
    assert_int_equal(there, count);
    free(places);
    pool_free(pool);
}

static void test_who_changed(void **state)
{
    struct pool *pool = with_items(1 << 20);
    const int32_t item = 3;
    size_t count;
    pool_put(pool, 1, &item, 1, 1);
    pool_put(pool, 2, &item, 1, 1);
    uint64_t stamp = pool_stamp(pool);
    pool_put(pool, 1, &item, 1, 2);
    struct pool_place *places = pool_roster(pool, stamp, &count);
    assert_int_equal(count, 1);
    assert_int_equal(places[0].user, 1);
    free(places);
    pool_free(pool);
}

static void test_bounded(void **state)
{
    enum { BYTES = 4096 };
    struct pool *pool = with_items(BYTES);
    const int32_t items[] = {1, 2, 3, 4};
    for (uint64_t user = 1; user <= 200; user++) { pool_put(pool, user, items, 4, 4); }
    assert_true(pool_bytes(pool) <= BYTES);
    assert_int_equal((int64_t)pool_users(pool) + pool_dropped(pool), 200);
    assert_true(pool_users(pool) > 10);
    int32_t read[LENGTH];
    assert_int_equal(read_user(pool, 200, read), 4);
    assert_int_equal(read_user(pool, 1, read), 0);
    pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keeps_the_newest),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_who_changed),
        cmocka_unit_test(test_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
