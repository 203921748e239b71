#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/xalloc.h"
#include "stream/state/stage.h"
#include "stream/state/store_directory.h"

#include <unistd.h>

enum { KEYS = 5000 };

static struct slice name(char *into, size_t size, int number)
{
    return slice_of(into, (size_t)snprintf(into, size, "key-%d", number));
}

static void test_last_put_wins(void **state _unused_)
{
    struct stage stage;
    char key[32], value[32];
    stage_init(&stage);
    assert_null(stage_find(&stage, slice_str("key-1")));
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < KEYS; i++) {
            int length = snprintf(value, sizeof(value), "%d/%d", round, i);
            stage_put(&stage, name(key, sizeof(key), i), slice_of(value, (size_t)length));
        }
    }
    assert_int_equal(stage.puts_count, KEYS);
    for (int i = 0; i < KEYS; i++) {
        (void)snprintf(value, sizeof(value), "2/%d", i);
        const struct put *put = stage_find(&stage, name(key, sizeof(key), i));
        assert_non_null(put);
        assert_true(slice_equal(put->value, slice_str(value)));
    }
    stage_put(&stage, slice_str("key-7"), slice_of(NULL, 0));
    assert_null(stage_find(&stage, slice_str("key-7"))->value.data);
    stage_clear(&stage);
    assert_int_equal(stage.puts_count, 0);
    assert_int_equal(stage_bytes(&stage), 0);
    assert_null(stage_find(&stage, slice_str("key-1")));
    stage_release(&stage);
}

/* What the store gets of a stage is what it gets of the puts one by one. */
static void test_store_gets_all_puts(void **state _unused_)
{
    struct stage stage;
    struct store *store = NULL;
    char path[] = "/tmp/freshet-stage-XXXXXX", *why = NULL;
    assert_non_null(mkdtemp(path));
    _cleanup_(xfreep) char *at = xprintf("%s/0", path);
    const struct store_limits limits = {.write_buffer_bytes = 1 << 20,
                                        .block_cache_bytes = 1 << 20};
    assert_int_equal(store_open(at, &limits, &store, &why), 0);
    struct store_batch *batch = store_batch_new();
    char key[32], value[32];
    stage_init(&stage);
    stage_store(&stage, batch); /* nothing */
    for (int i = 0; i < 2 * KEYS; i++) {
        int number = (i * 7919) % KEYS; /* each twice, in no order */
        int length = snprintf(value, sizeof(value), "%d", i);
        stage_put(&stage, name(key, sizeof(key), number), slice_of(value, (size_t)length));
    }
    stage_put(&stage, slice_str("key-7"), slice_of(NULL, 0));
    stage_store(&stage, batch);
    assert_int_equal(store_apply(store, batch, &(struct bookmark){0}), 0);
    for (int i = 0; i < KEYS; i++) {
        struct slice found, wanted = stage_find(&stage, name(key, sizeof(key), i))->value;
        int result = store_get(store, name(key, sizeof(key), i), &found);
        assert_int_equal(result, wanted.data ? 0 : -ENOENT);
        if (wanted.data) { assert_true(slice_equal(found, wanted)); }
    }
    store_batch_free(batch);
    stage_release(&stage);
    store_close(store);
    assert_int_equal(store_wipe(at), 0);
    assert_int_equal(rmdir(path), 0);
}

static void test_messages_are_copied(void **state _unused_)
{
    struct stage stage;
    char bytes[] = "value";
    stage_init(&stage);
    for (int i = 0; i < 200; i++) {
        const struct message message = {
            .topic = "t", .partition = i, .key = slice_of(NULL, 0), .value = slice_of(bytes, 5)};
        stage_send(&stage, &message);
    }
    memset(bytes, 'x', 5);
    assert_int_equal(stage.messages_count, 200);
    assert_true(slice_equal(stage.messages[199].value, slice_str("value")));
    assert_null(stage.messages[0].key.data);
    stage_release(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_last_put_wins),
        cmocka_unit_test(test_store_gets_all_puts),
        cmocka_unit_test(test_messages_are_copied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
