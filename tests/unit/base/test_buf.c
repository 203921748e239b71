#include "base/base.h"
#include "base/buf.h"

#include <setjmp.h>
#include <cmocka.h>

static void test_appends(void **state)
{
    struct buf buf;
    buf_init(&buf, 1000);
    assert_int_equal(buf_slice(&buf).size, 0);
    assert_non_null(buf_slice(&buf).data);
    buf_append(&buf, NULL, 0);
    buf_append(&buf, "abc", 3);
    buf_printf(&buf, "-%d-%s", 42, "x");
    assert_true(slice_equal(buf_slice(&buf), slice_str("abc-42-x")));
    char *at = buf_reserve(&buf, 2);
    memcpy(at, "yz", 2);
    buf.size += 2;
    assert_true(slice_equal(buf_slice(&buf), slice_str("abc-42-xyz")));
    assert_false(buf_failed(&buf));
    buf_release(&buf);
    assert_int_equal(buf.max, 1000);
    buf_append(&buf, "again", 5);
    assert_int_equal(buf.size, 5);
    buf_release(&buf);
}

static void test_growth_keeps_the_content(void **state)
{
    struct buf buf;
    buf_init(&buf, 100000);
    for (int i = 0; i < 100000; i++) { buf_append(&buf, &(char){(char)(i % 251)}, 1); }
    assert_false(buf_failed(&buf));
    for (int i = 0; i < 100000; i++) { assert_int_equal((uint8_t)buf.data[i], i % 251); }
    assert_true(buf.capacity <= buf.max);
    size_t capacity = buf.capacity;
    buf_clear(&buf);
    assert_int_equal(buf.size, 0);
    assert_int_equal(buf.capacity, capacity);
    buf_release(&buf);
}

/* Past the maximum nothing is appended, and the failure stays until the next clear. */
static void test_maximum(void **state)
{
    struct buf buf;
    buf_init(&buf, 10);
    buf_append(&buf, "0123456789", 10);
    assert_false(buf_failed(&buf));
    buf_append(&buf, "", 0);
    assert_false(buf_failed(&buf));
    buf_append(&buf, "x", 1);
    assert_true(buf_failed(&buf));
    assert_true(slice_equal(buf_slice(&buf), slice_str("0123456789")));
    buf_clear(&buf);
    assert_false(buf_failed(&buf));
    buf_append(&buf, "0123456", 7);
    assert_null(buf_reserve(&buf, SIZE_MAX));
    assert_true(buf_failed(&buf));
    assert_int_equal(buf.size, 7);
    buf_clear(&buf);
    buf_printf(&buf, "%s", "this is longer than ten");
    assert_true(buf_failed(&buf));
    assert_int_equal(buf.size, 0);
    buf_release(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_appends),
        cmocka_unit_test(test_growth_keeps_the_content),
        cmocka_unit_test(test_maximum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
