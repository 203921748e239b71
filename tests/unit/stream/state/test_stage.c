#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "stream/state/stage.h"

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
        cmocka_unit_test(test_messages_are_copied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
