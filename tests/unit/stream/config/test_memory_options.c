#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "stream/config/memory_options.h"
#include "stream/config/option_table.h"
#include "stream/config/option_value.h"

#define OPTION_SETTINGS struct sizes
struct sizes {
    int64_t budget, cache, batch, buffer, plain;
};

static const struct option table[] = {
    OPTION("memory.max", BYTES, budget, "auto", OPTION_RANGE(MEMORY_LEAST, 1024 * GIB), "Budget",
           OPTION_PART(BUDGET)),
    OPTION("rows.cache.bytes", BYTES, cache, "auto", OPTION_RANGE(0, 1024 * GIB), "Rows",
           OPTION_PART(CACHE)),
    OPTION("batch.bytes.max", BYTES, batch, "auto", OPTION_RANGE(1 << 16, 1 << 20), "Batch",
           OPTION_PART(BATCH)),
    OPTION("store.write.buffer.bytes", BYTES, buffer, "auto", OPTION_RANGE(1 << 16, GIB), "Buffer",
           OPTION_PART(WRITE_BUFFERS)),
    OPTION("plain", BYTES, plain, "1k", OPTION_FREE, "No part"),
};

static struct sizes settle(const char *const *pairs, size_t count, int expected, char **ret_why)
{
    struct sizes sizes;
    const struct option_group group = {"trainer", table, ARRAY_COUNT(table), &sizes};
    struct options *options;
    struct memory_plan plan;
    assert_int_equal(options_fill(&group, 1, pairs, count, stderr, &options), 0);
    assert_int_equal(memory_options_settle(&group, 1, (int64_t)(16 * GIB), &plan, ret_why),
                     expected);
    options_free(options);
    return sizes;
}

static void auto_sizes_are_filled_in(void **state _unused_)
{
    char *why;
    struct sizes sizes = settle(NULL, 0, 0, &why);
    assert_int_equal(sizes.budget, (int64_t)(2 * GIB));
    assert_true(sizes.cache > (int64_t)GIB / 4 && sizes.cache < (int64_t)(2 * GIB));
    assert_int_equal(sizes.batch, 1 << 20); /* the option's own limit */
    assert_int_equal(sizes.buffer, MEMORY_AUTO); /* known with the partitions */
    assert_int_equal(sizes.plain, 1024);
}

static void given_sizes_stay(void **state _unused_)
{
    char *why;
    static const char *const pairs[] = {"memory.max=512m", "rows.cache.bytes=100m"};
    struct sizes sizes = settle(pairs, ARRAY_COUNT(pairs), 0, &why);
    assert_int_equal(sizes.budget, 512 << 20);
    assert_int_equal(sizes.cache, 100 << 20);
}

static void a_contradiction_is_told(void **state _unused_)
{
    char *why;
    static const char *const pairs[] = {"memory.max=512m", "rows.cache.bytes=1g"};
    (void)settle(pairs, ARRAY_COUNT(pairs), -EINVAL, &why);
    assert_non_null(strstr(why, "memory.max=512m"));
    free(why);
}

static void only_parts_may_be_auto(void **state _unused_)
{
    struct option_value value;
    assert_int_equal(option_value_parse(&table[0], "auto", &value), 0);
    assert_int_equal(value.number, MEMORY_AUTO);
    assert_int_equal(option_value_parse(&table[0], "automatic", &value), -EINVAL);
    assert_int_equal(option_value_parse(&table[0], "-1", &value), -EINVAL);
    assert_int_equal(option_value_parse(&table[0], "1m", &value), -EINVAL);
    assert_int_equal(option_value_parse(&table[4], "auto", &value), -EINVAL);
    struct buf text;
    buf_init(&text, 1024);
    option_describe(&table[2], &text);
    assert_true(slice_equal(buf_slice(&text), slice_str("a size such as 64k, 32m or 1g, from 64k "
                                                        "to 1m, or auto")));
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(auto_sizes_are_filled_in),
        cmocka_unit_test(given_sizes_stay),
        cmocka_unit_test(a_contradiction_is_told),
        cmocka_unit_test(only_parts_may_be_auto),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
