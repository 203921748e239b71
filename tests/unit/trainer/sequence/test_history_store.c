#include "base/base.h"
#include "base/directory.h"
#include "trainer/sequence/history_store.h"

#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

static char dir[64];

static int setup(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof(dir), "/tmp/freshet-shelves-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
    return directory_delete(dir);
}

static int count_one(void *arg, struct slice key, struct slice value)
{
    ++*(int *)arg;
    return 0;
}

static int count_of(struct history_store *shelves)
{
    int count = 0;
    assert_int_equal(history_store_scan(shelves, 2, count_one, &count), 0);
    return count;
}

/* Opens partition 2 of a topic that reaches from low to end; tells where reading begins. */
static int64_t open_partition_store(struct history_store **ret_shelves, int64_t low, int64_t end)
{
    int64_t from = -7;
    *ret_shelves = history_store_new(dir);
    assert_int_equal(history_store_open(*ret_shelves, 2, low, end, &from), 0);
    return from;
}

static void put(struct history_store *shelves, const char *key, const char *value, int64_t offset)
{
    struct slice bytes = value ? slice_str(value) : slice_of(NULL, 0);
    assert_int_equal(history_store_put(shelves, 2, slice_str(key), bytes, offset), 0);
}

static void test_goes_on_where_it_was(void **state)
{
    struct history_store *shelves;
    assert_int_equal(open_partition_store(&shelves, 3, 50), 3);
    put(shelves, "a", "one", 3);
    put(shelves, "b", "two", 4);
    put(shelves, "a", NULL, 9);
    assert_int_equal(history_store_flush(shelves), 0);
    put(shelves, "c", "three", 10); /* not flushed: read again */
    history_store_free(shelves);
    assert_int_equal(open_partition_store(&shelves, 3, 50), 10);
    assert_int_equal(count_of(shelves), 1);
    history_store_free(shelves);
    assert_int_equal(open_partition_store(&shelves, 10, 10), 10);
    assert_int_equal(count_of(shelves), 1);
    history_store_free(shelves);
}

static void fill(void)
{
    struct history_store *shelves;
    (void)open_partition_store(&shelves, 0, 50);
    put(shelves, "a", "one", 20);
    assert_int_equal(history_store_flush(shelves), 0);
    history_store_free(shelves);
}

/* What is behind the topic's first record, or beyond its end, is thrown away. */
static void test_does_not_fit(void **state)
{
    struct history_store *shelves;
    fill();
    assert_int_equal(open_partition_store(&shelves, 30, 50), 30);
    assert_int_equal(count_of(shelves), 0);
    history_store_free(shelves);
    assert_int_equal(directory_delete(dir), 0);
    fill();
    assert_int_equal(open_partition_store(&shelves, 0, 5), 0);
    assert_int_equal(count_of(shelves), 0);
    history_store_free(shelves);
}

static void test_cannot_be_opened(void **state)
{
    struct history_store *shelves = history_store_new("/proc/nowhere");
    int64_t from = 0;
    assert_true(history_store_open(shelves, 0, 0, 1, &from) < 0);
    assert_true(history_store_put(shelves, 0, slice_str("a"), slice_str("b"), 0) < 0);
    assert_non_null(strstr(history_store_why(shelves), "/proc/nowhere"));
    history_store_free(shelves);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_goes_on_where_it_was, setup, teardown),
        cmocka_unit_test_setup_teardown(test_does_not_fit, setup, teardown),
        cmocka_unit_test(test_cannot_be_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
