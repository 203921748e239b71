#include "base/base.h"
#include "trainer/sequence/content_table.h"

#include <setjmp.h>
#include <cmocka.h>

static const int8_t numbers[] = {1, -2, 3, 4, -5, 6};

static struct content_vector vector_of(size_t width, float scale)
{
    return (struct content_vector){.scale = scale, .numbers = numbers, .width = width};
}

static bool put(struct content_table *table, int32_t item, const char *model, size_t width)
{
    const struct content_vector vector = vector_of(width, .5F);
    return content_table_put(table, item, slice_str(model), &vector);
}

static void test_reads_what_was_put(void **state)
{
    struct content_table *table = content_table_new();
    float vector[6];
    assert_int_equal(content_table_space(table).id, 0);
    assert_true(put(table, 7, "a", 3));
    const struct content_space space = content_table_space(table);
    assert_true(space.width == 3 && space.items == 1);
    assert_string_equal(space.model, "a");
    assert_true(content_table_read(table, 7, space.id, vector));
    assert_true(vector[0] == .5F && vector[1] == -1.0F && vector[2] == 1.5F);
    assert_false(content_table_read(table, 6, space.id, vector));
    assert_false(content_table_read(table, 8, space.id, vector));
    assert_false(content_table_read(table, -1, space.id, vector));
    assert_false(content_table_read(table, 7, space.id + 1, vector));
    const uint64_t version = content_table_version(table);
    content_table_remove(table, 7);
    content_table_remove(table, 700);
    assert_true(content_table_version(table) > version);
    assert_false(content_table_read(table, 7, space.id, vector));
    assert_int_equal(content_table_space(table).id, 0);
    assert_null(content_table_free(table));
}

/* While a catalogue is encoded anew, the space that most items are in is the one. */
static void test_the_space_of_most(void **state)
{
    enum { ITEMS = 10 };
    struct content_table *table = content_table_new();
    for (int32_t item = 0; item < ITEMS; item++) { assert_true(put(table, item, "old", 4)); }
    const uint64_t old = content_table_space(table).id;
    for (int32_t item = 0; item < ITEMS; item++) {
        assert_true(put(table, item, "new", 4));
        const struct content_space space = content_table_space(table);
        if (item < ITEMS / 2 - 1) { assert_true(space.id == old); }
        if (item >= ITEMS / 2) { assert_string_equal(space.model, "new"); }
    }
    assert_true(put(table, 0, "new", 5)); /* of another width: another space */
    assert_int_equal(content_table_space(table).items, ITEMS - 1);
    content_table_free(table);
}

/* A space that nobody is in gives way; with too many at once an item has no vector. */
static void test_spaces_are_bounded(void **state)
{
    struct content_table *table = content_table_new();
    char model[16];
    for (int i = 0; i < 3 * CONTENT_SPACES_MAX; i++) {
        (void)snprintf(model, sizeof(model), "m%d", i);
        assert_true(put(table, 0, model, 2));
    }
    for (int i = 0; i < CONTENT_SPACES_MAX + 3; i++) {
        (void)snprintf(model, sizeof(model), "n%d", i);
        assert_int_equal(put(table, i, model, 2), i < CONTENT_SPACES_MAX);
    }
    float vector[2];
    const uint64_t id = content_table_space(table).id;
    assert_int_equal(content_table_space(table).items, 1);
    assert_false(content_table_read(table, CONTENT_SPACES_MAX, id, vector));
    content_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_what_was_put),
        cmocka_unit_test(test_the_space_of_most),
        cmocka_unit_test(test_spaces_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
