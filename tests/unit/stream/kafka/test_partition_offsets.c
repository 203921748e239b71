#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "stream/kafka/partition_offsets.h"
#include "stream/kafka/wire.h"

static void test_finds_what_it_made(void **state _unused_)
{
    struct partition_offsets offsets = {0};
    struct partition_offset *entry = partition_offsets_find(&offsets, "a", 0);
    assert_int_equal(entry->position, OFFSET_NONE);
    assert_int_equal(entry->appended, OFFSET_NONE);
    entry->position = 7;
    for (int32_t p = 1; p < 50; p++) { partition_offsets_find(&offsets, "a", p)->position = 7 + p; }
    assert_int_equal(partition_offsets_find(&offsets, "b", 0)->position, OFFSET_NONE);
    for (int32_t p = 0; p < 50; p++) {
        assert_int_equal(partition_offsets_find(&offsets, "a", p)->position, 7 + p);
    }
    assert_int_equal(offsets.count, 51);
    partition_offsets_forget_positions(&offsets);
    assert_int_equal(partition_offsets_find(&offsets, "a", 3)->position, OFFSET_NONE);
    partition_offsets_release(&offsets);
    assert_int_equal(offsets.count, 0);
}

static void test_counts_records_of_others(void **state _unused_)
{
    struct partition_offsets offsets = {0};
    struct partition_offset *entry = partition_offsets_find(&offsets, "a", 0);
    static const int64_t ours[] = {5, 6, 7, 9, 10, 8, 40};
    static const uint64_t others[] = {0, 0, 0, 1, 1, 2, 3}; /* 8: a broker lost 9 and 10 */
    for (size_t i = 0; i < ARRAY_COUNT(ours); i++) {
        partition_offset_append(entry, ours[i]);
        assert_int_equal(entry->others, others[i]);
    }
    assert_int_equal(entry->appended, 40);
    partition_offset_append(entry, -1001); /* the broker had it already, and does not say where */
    partition_offset_append(entry, 42);
    assert_int_equal(entry->others, 3);
    partition_offsets_release(&offsets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_what_it_made),
        cmocka_unit_test(test_counts_records_of_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
