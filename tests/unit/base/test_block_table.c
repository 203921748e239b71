#include "base/base.h"
#include "base/block_table.h"
#include "base/xalloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { NAMES = 200, ROUNDS = 20000 };

struct block {
    struct block_head head;
    uint32_t name_size, value;
    char name[];
};

static struct slice name_of(const struct block_head *head)
{
    const struct block *block = (const struct block *)head;
    return slice_of(block->name, block->name_size);
}

static struct block_head *make(struct slice name, uint32_t value)
{
    struct block *block = xcalloc(1, sizeof(*block) + name.size);
    *block = (struct block){.head.bytes = (uint32_t)(sizeof(*block) + name.size),
                            .name_size = (uint32_t)name.size,
                            .value = value};
    assert_ptr_equal(block_append(block->name, name), block->name + name.size);
    return &block->head;
}

static const struct block *find(const struct block_table *table, struct slice name)
{
    return (const struct block *)block_table_find(table, name);
}

/* Random puts and removals, beside an array by number. */
static void test_it_is_a_plain_array(void **state)
{
    uint32_t naive[NAMES] = {0}, rng = 1; /* 0: it is not there */
    struct block_table table;
    block_table_init(&table, SIZE_MAX, name_of);
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        char text[16];
        rng = rng * 1664525 + 1013904223;
        uint32_t number = (rng >> 8) % NAMES;
        struct slice name = slice_of(text, (size_t)snprintf(text, sizeof(text), "n%u", number));
        if (rng >> 30) {
            assert_true(block_table_put(&table, make(name, round)));
            naive[number] = round;
        } else {
            assert_int_equal(block_table_remove(&table, name), naive[number] != 0);
            naive[number] = 0;
        }
    }
    size_t count = 0, bytes = table.bytes;
    for (uint32_t number = 0; number < NAMES; number++) {
        char text[16];
        struct slice name = slice_of(text, (size_t)snprintf(text, sizeof(text), "n%u", number));
        const struct block *block = find(&table, name);
        assert_int_equal(block ? block->value : 0, naive[number]);
        count += naive[number] != 0;
    }
    assert_int_equal(table.count, count);
    for (size_t at = 0; at < table.count; at++) {
        assert_ptr_equal(find(&table, name_of(table.at[at])), table.at[at]);
    }
    while (table.count) { assert_true(block_table_remove(&table, name_of(table.at[0]))); }
    assert_true(bytes > 0 && table.bytes == 0);
    block_table_release(&table);
}

static void test_no_room(void **state)
{
    struct block_table table;
    block_table_init(&table, 100, name_of);
    assert_true(block_table_put(&table, make(slice_str("a"), 1)));
    assert_false(block_table_put(&table, make(slice_str("a text that is longer than the room, "
                                                        "with a place in array and index"), 2)));
    assert_int_equal(table.count, 1);
    assert_true(block_table_put(&table, make(slice_str("a"), 3)));
    assert_int_equal(find(&table, slice_str("a"))->value, 3);
    assert_true(table.bytes <= 100);
    block_table_release(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_is_a_plain_array),
        cmocka_unit_test(test_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
