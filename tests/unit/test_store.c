#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/xalloc.h"
#include "stream/store.h"

#include <unistd.h>

static const struct store_limits limits = {.write_buffer_bytes = 1 << 20,
                                           .block_cache_bytes = 1 << 20};

static struct store *open_it(const char *path)
{
    struct store *store = NULL;
    char *why = NULL;
    assert_int_equal(store_open(path, &limits, &store, &why), 0);
    return store;
}

static int make_path(void **state)
{
    char pattern[] = "/tmp/freshet-store-XXXXXX";
    assert_non_null(mkdtemp(pattern));
    *state = xprintf("%s/0", pattern);
    return 0;
}

static int remove_path(void **state)
{
    char *path = *state;
    assert_int_equal(store_wipe(path), 0);
    *strrchr(path, '/') = '\0';
    assert_int_equal(rmdir(path), 0);
    free(path);
    return 0;
}

static int count_pairs(void *arg, struct slice key, struct slice value _unused_)
{
    int *count = arg;
    assert_memory_equal(key.data, "key", 3);
    return ++*count == 2 ? 77 : 0;
}

/* Writes beyond the buffer are flushed behind the worker's back: nothing of them is lost. */
static void test_large_writes_come_back(void **state)
{
    enum { WRITES = 6, PUTS = 40, VALUE_BYTES = 60000 };
    struct store *store = open_it(*state);
    struct store_batch *batch = store_batch_new();
    char *bytes = xmalloc(VALUE_BYTES);
    char key[24];
    for (int i = 0; i < WRITES * PUTS; i++) {
        (void)snprintf(key, sizeof(key), "key%d", i % (PUTS * 2));
        memset(bytes, i % 251, VALUE_BYTES);
        store_batch_put(batch, slice_str(key), slice_of(bytes, VALUE_BYTES));
        if ((i + 1) % PUTS) { continue; }
        const struct bookmark bookmark = {.changelog_offset = i, .input_offset = i};
        assert_int_equal(store_apply(store, batch, &bookmark), 0);
    }
    for (int round = 0; round < 2; round++) {
        struct bookmark read = {0};
        assert_int_equal(store_bookmark(store, &read), 0);
        assert_int_equal(read.input_offset, WRITES * PUTS - 1);
        for (int i = (WRITES - 2) * PUTS; i < WRITES * PUTS; i++) {
            struct slice value;
            (void)snprintf(key, sizeof(key), "key%d", i % (PUTS * 2));
            memset(bytes, i % 251, VALUE_BYTES);
            assert_int_equal(store_get(store, slice_str(key), &value), 0);
            assert_true(slice_equal(value, slice_of(bytes, VALUE_BYTES)));
        }
        store_close(store);
        store = round == 0 ? open_it(*state) : NULL;
    }
    free(bytes);
    store_batch_free(batch);
}

static void test_state_and_bookmark_go_together(void **state)
{
    struct store *store = open_it(*state);
    struct store_batch *batch = store_batch_new();
    struct bookmark bookmark = {.changelog_offset = 5, .input_offset = 9};
    struct slice value;
    assert_int_equal(store_bookmark(store, &bookmark), -ENOENT);
    for (int i = 0; i < 3; i++) {
        char key[8];
        (void)snprintf(key, sizeof(key), "key%d", i);
        store_batch_put(batch, slice_str(key), slice_str("v"));
    }
    assert_int_equal(store_get(store, slice_str("key0"), &value), -ENOENT);
    assert_int_equal(store_apply(store, batch, &bookmark), 0);
    store_batch_put(batch, slice_str("key0"), slice_of(NULL, 0));
    bookmark.input_offset = 10;
    assert_int_equal(store_apply(store, batch, &bookmark), 0);
    store_close(store);

    store = open_it(*state);
    struct bookmark read = {0};
    int count = 0;
    assert_int_equal(store_bookmark(store, &read), 0);
    assert_int_equal(read.input_offset, 10);
    assert_int_equal(read.changelog_offset, 5);
    assert_int_equal(store_get(store, slice_str("key0"), &value), -ENOENT);
    assert_int_equal(store_get(store, slice_str("key2"), &value), 0);
    assert_true(slice_equal(value, slice_str("v")));
    assert_int_equal(store_scan(store, count_pairs, &count), 77);
    assert_int_equal(count, 2); /* data only, never the bookmark */
    store_batch_free(batch);
    store_close(store);
}

static void test_a_second_opener_is_told_to_wait(void **state)
{
    struct store *store = open_it(*state);
    struct store *second = NULL;
    char *why = NULL;
    assert_int_equal(store_open(*state, &limits, &second, &why), -EAGAIN);
    assert_non_null(why);
    assert_null(second);
    free(why);
    store_close(store);
}

static void test_damage_is_told(void **state)
{
    store_close(open_it(*state));
    _cleanup_(xfreep) char *current = xprintf("%s/CURRENT", (char *)*state);
    FILE *file = fopen(current, "w");
    assert_non_null(file);
    fputs("nonsense", file);
    fclose(file);
    struct store *store = NULL;
    char *why = NULL;
    assert_int_equal(store_open(*state, &limits, &store, &why), -EIO);
    assert_non_null(why);
    free(why);
    assert_int_equal(store_wipe(*state), 0);
    assert_int_equal(store_wipe(*state), 0);
    store_close(open_it(*state));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_large_writes_come_back, make_path, remove_path),
        cmocka_unit_test_setup_teardown(test_state_and_bookmark_go_together, make_path,
                                        remove_path),
        cmocka_unit_test_setup_teardown(test_a_second_opener_is_told_to_wait, make_path,
                                        remove_path),
        cmocka_unit_test_setup_teardown(test_damage_is_told, make_path, remove_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
