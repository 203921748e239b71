#include "base/base.h"
#include "base/directory.h"
#include "stream/state/table_store.h"

#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

static char dir[64];

static int setup(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof(dir), "/tmp/freshet-store-XXXXXX");
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

static int count_of(struct table_store *store)
{
    int count = 0;
    assert_int_equal(table_store_scan(store, 2, count_one, &count), 0);
    return count;
}

/* Opens partition 2 of a topic that reaches from low to end; returns where reading begins. */
static int64_t open_store(struct table_store **ret_store, int64_t low, int64_t end)
{
    int64_t from = -7;
    *ret_store = table_store_new(dir);
    assert_int_equal(table_store_open(*ret_store, 2, low, end, &from), 0);
    return from;
}

static void put(struct table_store *store, const char *key, const char *value, int64_t offset)
{
    struct slice bytes = value ? slice_str(value) : slice_of(NULL, 0);
    assert_int_equal(table_store_put(store, 2, slice_str(key), bytes, offset), 0);
}

static void test_reopened(void **state)
{
    struct table_store *store;
    assert_int_equal(open_store(&store, 3, 50), 3);
    put(store, "a", "one", 3);
    put(store, "b", "two", 4);
    put(store, "a", NULL, 9);
    assert_int_equal(table_store_flush(store), 0);
    put(store, "c", "three", 10); /* not flushed: read again */
    table_store_free(store);
    assert_int_equal(open_store(&store, 3, 50), 10);
    assert_int_equal(count_of(store), 1);
    table_store_free(store);
    assert_int_equal(open_store(&store, 10, 10), 10);
    assert_int_equal(count_of(store), 1);
    table_store_free(store);
}

/* What was read without anything to put is not read again, and what was put does not come back. */
static void test_passed(void **state)
{
    struct table_store *store;
    assert_int_equal(open_store(&store, 3, 50), 3);
    table_store_pass(store, 2, 7, 1000);
    put(store, "a", "one", 8);
    table_store_pass(store, 2, 6, 900); /* before it */
    assert_int_equal(table_store_flush(store), 0);
    table_store_free(store);
    assert_int_equal(open_store(&store, 3, 50), 9);
    table_store_pass(store, 2, 11, 2000);
    table_store_pass(store, 7, 11, 2000); /* not open */
    assert_int_equal(table_store_partitions(store), 3);
    assert_int_equal(table_store_flush(store), 0);
    table_store_free(store);
    assert_int_equal(open_store(&store, 3, 50), 12);
    assert_int_equal(table_store_bookmark(store, 2).current_ms, 2000);
    assert_int_equal(count_of(store), 1);
    table_store_free(store);
}

/* A row is read as it was put, before and after it is written out. */
static void test_read(void **state)
{
    struct table_store *store;
    struct slice row;
    (void)open_store(&store, 0, 50);
    assert_int_equal(table_store_get(store, 2, slice_str("a"), &row), -ENOENT);
    put(store, "a", "one", 3);
    assert_int_equal(table_store_get(store, 2, slice_str("a"), &row), 0);
    assert_true(slice_equal(row, slice_str("one")));
    put(store, "a", NULL, 4);
    assert_int_equal(table_store_get(store, 2, slice_str("a"), &row), -ENOENT);
    assert_int_equal(table_store_partitions(store), 3);
    assert_int_equal(table_store_get(store, 1, slice_str("a"), &row), -ENOENT); /* not open */
    assert_int_equal(table_store_get(store, 3, slice_str("a"), &row), -ENOENT);
    table_store_free(store);
}

static void fill(void)
{
    struct table_store *store;
    (void)open_store(&store, 0, 50);
    put(store, "a", "one", 20);
    assert_int_equal(table_store_flush(store), 0);
    table_store_free(store);
}

/* A store whose bookmark lies before the topic's first record, or beyond its end, is deleted. */
static void test_of_another_topic(void **state)
{
    struct table_store *store;
    fill();
    assert_int_equal(open_store(&store, 30, 50), 30);
    assert_int_equal(count_of(store), 0);
    table_store_free(store);
    assert_int_equal(directory_delete(dir), 0);
    fill();
    assert_int_equal(open_store(&store, 0, 5), 0);
    assert_int_equal(count_of(store), 0);
    table_store_free(store);
}

/* What cannot be read is deleted and read again from the topic. */
static void test_begun_again(void **state)
{
    struct table_store *store;
    fill();
    assert_int_equal(open_store(&store, 0, 50), 21);
    assert_int_equal(table_store_begin_again(store, 2, 0), 0);
    assert_int_equal(count_of(store), 0);
    put(store, "b", "two", 0);
    assert_int_equal(table_store_flush(store), 0);
    table_store_free(store);
    assert_int_equal(open_store(&store, 0, 50), 1);
    assert_int_equal(count_of(store), 1);
    table_store_free(store);
}

/* Writes all rows of a view, key=value. */
static void read_view(struct table_view *view, char text[128])
{
    struct slice key, value;
    text[0] = '\0';
    while (table_view_next(view, &key, &value) > 0) {
        size_t size = strlen(text);
        (void)snprintf(text + size, 128 - size, "%.*s=%.*s ", SLICE_ARGS(key), SLICE_ARGS(value));
    }
}

/* A view stays as it was made, in all partitions, whatever is put and flushed later. */
static void test_view(void **state)
{
    struct table_store *store;
    int64_t from;
    char text[128];
    struct slice value;
    open_store(&store, 0, 50);
    assert_int_equal(table_store_open(store, 4, 0, 50, &from), 0);
    put(store, "b", "two", 3);
    put(store, "a", "one", 5);
    assert_int_equal(table_store_put(store, 4, slice_str("c"), slice_str("three"), 8), 0);
    struct table_view *view = table_view_new(store);
    put(store, "a", NULL, 9);
    put(store, "d", "four", 10);
    assert_int_equal(table_store_flush(store), 0);
    for (int turn = 0; turn < 2; turn++) {
        read_view(view, text);
        assert_string_equal(text, "a=one b=two c=three ");
        read_view(view, text);
        assert_string_equal(text, "");
        table_view_rewind(view);
    }
    struct longs offsets = table_view_offsets(view);
    assert_int_equal(offsets.count, 5);
    assert_int_equal(offsets.at[2], 6);
    assert_int_equal(offsets.at[4], 9);
    assert_int_equal(table_view_get(view, 2, slice_str("a"), &value), 0);
    assert_true(slice_equal(value, slice_str("one")));
    assert_int_equal(table_view_get(view, 2, slice_str("d"), &value), -ENOENT);
    assert_int_equal(table_view_get(view, 2, slice_str("aa"), &value), -ENOENT);
    assert_int_equal(table_view_get(view, 3, slice_str("a"), &value), -ENOENT);
    assert_int_equal(table_view_get(view, 9, slice_str("a"), &value), -ENOENT);
    table_view_free(view);
    table_store_free(store);
}

static void test_cannot_be_opened(void **state)
{
    struct table_store *store = table_store_new("/proc/nowhere");
    int64_t from = 0;
    assert_true(table_store_open(store, 0, 0, 1, &from) < 0);
    assert_true(table_store_put(store, 0, slice_str("a"), slice_str("b"), 0) < 0);
    assert_non_null(strstr(table_store_why(store), "/proc/nowhere"));
    table_store_free(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_reopened, setup, teardown),
        cmocka_unit_test_setup_teardown(test_passed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read, setup, teardown),
        cmocka_unit_test_setup_teardown(test_of_another_topic, setup, teardown),
        cmocka_unit_test_setup_teardown(test_begun_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_view, setup, teardown),
        cmocka_unit_test(test_cannot_be_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
