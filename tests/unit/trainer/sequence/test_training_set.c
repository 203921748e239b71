#include "base/base.h"
#include "base/xalloc.h"
#include "trainer/sequence/training_set.h"

#include <setjmp.h>
#include <cmocka.h>

enum { LENGTH = 4, ITEMS = 10, STEPS = 3000, USERS = 60 };

static struct training_set *with_items(size_t bytes_max)
{
    struct training_set *training_set = training_set_new(LENGTH, bytes_max);
    for (uint64_t i = 0; i < ITEMS; i++) { training_set_add_item(training_set, 1000 + i); }
    return training_set;
}

static size_t read_user(struct training_set *training_set, uint64_t user, int32_t *ret_items)
{
    size_t count, read = 0;
    struct roster_entry *roster = training_set_roster(training_set, 0, &count);
    for (size_t i = 0; i < count; i++) {
        if (roster[i].user == user) {
            read = training_set_read(training_set, &roster[i], ret_items, NULL, LENGTH);
        }
    }
    free(roster);
    return read;
}

static void test_keeps_the_newest(void **state)
{
    struct training_set *training_set = with_items(1 << 20);
    const int32_t items[] = {1, 2, 3, 4, 5, 6};
    int32_t read[LENGTH];
    training_set_put(training_set, 7, items, NULL, 6, 6);
    assert_int_equal(read_user(training_set, 7, read), LENGTH);
    assert_memory_equal(read, items + 2, sizeof(read));
    training_set_put(training_set, 7, items, NULL, 2, 5); /* late: fewer actions than are known */
    assert_int_equal(read_user(training_set, 7, read), LENGTH);
    assert_int_equal(training_set_arrived(training_set), 6);
    training_set_put(training_set, 7, items, NULL, 2, 8);
    assert_int_equal(read_user(training_set, 7, read), 2);
    assert_int_equal(training_set_arrived(training_set), 8);
    training_set_remove(training_set, 7);
    assert_int_equal(read_user(training_set, 7, read), 0);
    assert_int_equal(training_set_users(training_set), 0);
    training_set_free(training_set);
}

/* Against an array of users: any order of puts and removals. */
static void test_many(void **state)
{
    struct training_set *training_set = with_items(1 << 20);
    int32_t held[USERS];
    memset(held, 0xff, sizeof(held));
    uint64_t rng = 1;
    for (int step = 0; step < STEPS; step++) {
        rng = rng * 6364136223846793005U + 1442695040888963407U;
        uint64_t user = (rng >> 33) % USERS;
        int32_t item = (int32_t)((rng >> 50) % ITEMS);
        /* Fingerprints that collide in the index. */
        if (rng >> 60 < 5) {
            training_set_remove(training_set, user * 4096);
            held[user] = -1;
        } else {
            training_set_put(training_set, user * 4096, &item, NULL, 1, step + 1);
            held[user] = item;
        }
    }
    size_t found = 0, count;
    struct roster_entry *roster = training_set_roster(training_set, 0, &count);
    for (uint64_t user = 0; user < USERS; user++) {
        if (held[user] < 0) { continue; }
        int32_t read[LENGTH];
        assert_int_equal(roster[found].user, user * 4096); /* sorted */
        assert_int_equal(training_set_read(training_set, &roster[found++], read, NULL, LENGTH), 1);
        assert_int_equal(read[0], held[user]);
    }
    assert_int_equal(found, count);
    free(roster);
    training_set_free(training_set);
}

static void test_who_changed(void **state)
{
    struct training_set *training_set = with_items(1 << 20);
    const int32_t item = 3;
    size_t count;
    training_set_put(training_set, 1, &item, NULL, 1, 1);
    training_set_put(training_set, 2, &item, NULL, 1, 1);
    uint64_t stamp = training_set_stamp(training_set);
    training_set_put(training_set, 1, &item, NULL, 1, 2);
    struct roster_entry *roster = training_set_roster(training_set, stamp, &count);
    assert_int_equal(count, 1);
    assert_int_equal(roster[0].user, 1);
    free(roster);
    training_set_free(training_set);
}

static void test_bounded(void **state)
{
    enum { BYTES = 4096 };
    struct training_set *training_set = with_items(BYTES);
    const int32_t items[] = {1, 2, 3, 4};
    for (uint64_t user = 1; user <= 200; user++) {
        training_set_put(training_set, user, items, NULL, 4, 4);
    }
    assert_true(training_set_bytes(training_set) <= BYTES);
    assert_int_equal((int64_t)training_set_users(training_set) + training_set_dropped(training_set),
                     200);
    assert_true(training_set_users(training_set) > 10);
    int32_t read[LENGTH];
    assert_int_equal(read_user(training_set, 200, read), 4);
    assert_int_equal(read_user(training_set, 1, read), 0);
    training_set_free(training_set);
}

/* Weights go with their actions; those of others' making stay within bounds, and equal ones of 1
 * take no memory. */
static void test_weights(void **state)
{
    struct training_set *training_set = with_items(1 << 20);
    const int32_t items[] = {1, 2, 3, 4, 5, 6};
    const float ones[] = {1, 1, 1, 1, 1, 1}, few[] = {9, 9, 1, 5, 1, 2.5f};
    const float hostile[] = {NAN, INFINITY, -1, 0};
    int32_t read[LENGTH];
    float weights[LENGTH];
    size_t count;
    training_set_put(training_set, 7, items, ones, 6, 6);
    size_t bytes = training_set_bytes(training_set);
    training_set_put(training_set, 7, items, NULL, 6, 6);
    assert_int_equal(training_set_bytes(training_set), bytes);
    training_set_put(training_set, 7, items, few, 6, 6);
    assert_int_equal(training_set_bytes(training_set), bytes + LENGTH * sizeof(float));
    struct roster_entry *roster = training_set_roster(training_set, 0, &count);
    assert_int_equal(training_set_read(training_set, roster, read, weights, 3), 3);
    assert_memory_equal(read, items + 3, 3 * sizeof(*read));
    assert_memory_equal(weights, few + 3, 3 * sizeof(*weights));
    training_set_put(training_set, 7, items, hostile, 4, 6);
    assert_int_equal(training_set_read(training_set, roster, read, weights, LENGTH), LENGTH);
    for (size_t i = 0; i < LENGTH; i++) {
        float want = i == 1 ? TRAINING_SET_WEIGHT_MAX : TRAINING_SET_WEIGHT_MIN;
        assert_true(weights[i] == want);
    }
    training_set_put(training_set, 7, items, ones, 4, 6);
    assert_int_equal(training_set_bytes(training_set), bytes);
    free(roster);
    training_set_free(training_set);
}

/* Totals come from a topic that others can write to: none makes the sum overflow, or shrink. */
static void test_totals_of_others(void **state)
{
    static const int64_t totals[] = {INT64_MAX, INT64_MIN, -1, INT64_C(1) << 53, INT64_MAX, 3};
    struct training_set *training_set = with_items(1 << 20);
    const int32_t items[] = {1, 2};
    int64_t before = 0;
    for (uint64_t user = 1; user <= 600; user++) {
        training_set_put(training_set, user, items, NULL, 2, totals[user % ARRAY_COUNT(totals)]);
        training_set_put(training_set, user, items, NULL, 2,
                         totals[user / 7 % ARRAY_COUNT(totals)]);
        assert_true(training_set_arrived(training_set) >= before);
        before = training_set_arrived(training_set);
    }
    assert_true(before > 0 && before <= 600 * TRAINING_SET_TOTAL_MAX);
    training_set_free(training_set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keeps_the_newest),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_who_changed),
        cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_totals_of_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
