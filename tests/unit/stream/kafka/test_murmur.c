#include "base/base.h"
#include "stream/kafka/murmur.h"

#include <setjmp.h>
#include <cmocka.h>

/* What Java's org.apache.kafka.common.utils.Utils.murmur2() gives. */
static void test_java_values(void **state)
{
    assert_int_equal(murmur2(slice_str("21")), -973932308);
    assert_int_equal(murmur2(slice_str("foobar")), -790332482);
    assert_int_equal(murmur2(slice_str("a-little-bit-long-string")), -985981536);
    assert_int_equal(murmur2(slice_str("a-little-bit-longer-string")), -1486304829);
    assert_int_equal(murmur2(slice_str("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8")),
                     -58897971);
    assert_int_equal(murmur2(slice_str("abc")), 479470107);
}

static void test_bytes_have_no_sign(void **state)
{
    const char high[] = {(char)0xff, (char)0x80, (char)0xfe, (char)0x81, (char)0x90};
    const char low[] = {0x7f, 0x00, 0x7e, 0x01, 0x10};
    assert_int_not_equal(murmur2(slice_of(high, 5)), murmur2(slice_of(low, 5)));
    assert_int_equal(murmur2(slice_of(high, 0)), murmur2(slice_str("")));
}

static void test_partition_ignores_the_sign(void **state)
{
    assert_int_equal(murmur_partition(slice_str("21"), 1000), (-973932308 & INT32_MAX) % 1000);
    assert_int_equal(murmur_partition(slice_str("abc"), 10), 7);
    assert_int_equal(murmur_partition(slice_str("abc"), 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_java_values),
        cmocka_unit_test(test_bytes_have_no_sign),
        cmocka_unit_test(test_partition_ignores_the_sign),
    };
    return cmocka_run_group_tests_name("murmur", tests, NULL, NULL);
}
