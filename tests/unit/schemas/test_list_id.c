#include "base/base.h"
#include "schemas/list_id.h"

#include <setjmp.h>
#include <cmocka.h>

static struct recommendation_list a_list(void)
{
    static int64_t offsets[] = {7, 9};
    static struct slice items[2];
    items[0] = slice_str("x");
    items[1] = slice_str("y");
    return (struct recommendation_list){
        .user_id = slice_str("u"), .generation = slice_str("g2"), .items = {items, 2},
        .input_partition = 1, .input_offset = 5, .row_offsets = {offsets, 2},
        .rules_offset = -1, .as_of_ms = 1000};
}

static bool same(const struct recommendation_list *a, const struct recommendation_list *b)
{
    struct list_id x = list_id_make(a, slice_str("main")), y = list_id_make(b, slice_str("main"));
    return slice_equal(slice_of(x.text, x.size), slice_of(y.text, y.size));
}

static void test_an_id_is_of_all_that_makes_a_list(void **state _unused_)
{
    struct recommendation_list list = a_list(), other = a_list();
    int64_t later[] = {7, 10};
    assert_true(same(&list, &other));
    other.user_id = slice_str("v");
    assert_false(same(&list, &other));
    other = a_list(), other.generation = slice_str("");
    assert_false(same(&list, &other));
    other = a_list(), other.input_offset++;
    assert_false(same(&list, &other));
    other = a_list(), other.row_offsets.at = later;
    assert_false(same(&list, &other));
    other = a_list(), other.rules_offset = 3;
    assert_false(same(&list, &other));
    other = a_list(), other.as_of_ms++;
    assert_false(same(&list, &other));
}

/* A request's list has no offsets: two visitors of one moment have different items. */
static void test_without_offsets_the_items_count(void **state _unused_)
{
    struct recommendation_list list = a_list(), other = a_list();
    other.items.count = list.row_offsets.count = other.row_offsets.count = 0;
    assert_false(same(&list, &other));
}

static void test_placement_and_generation_are_read_from_an_id(void **state _unused_)
{
    struct recommendation_list list = a_list();
    struct slice names[] = {slice_str("basket"), slice_str("mail_2")}, placement, generation;
    struct list_ids ids;
    list.placements = (struct slices){names, 2};
    list_ids_set(&ids, &list);
    assert_true(list_id_read(list.list_id, &placement, &generation));
    assert_true(slice_equal(placement, slice_str("main")));
    assert_true(slice_equal(generation, slice_str("g2")));
    assert_int_equal(2, list.placement_list_ids.count);
    assert_true(list_id_read(list.placement_list_ids.at[1], &placement, &generation));
    assert_true(slice_equal(placement, slice_str("mail_2")));
}

static void test_other_texts_are_no_ids(void **state _unused_)
{
    static const char *const texts[] = {
        "", ":", "::", "main", "main:", "main::", "main::0123456789abcde", "::0123456789abcdef",
        "main::0123456789ABCDEF", "ma in::0123456789abcdef", "main:g{}:0123456789abcdef",
        "main:g:0:0123456789abcdef", "main::0123456789abcdef0"};
    struct slice placement, generation;
    for (size_t k = 0; k < ARRAY_COUNT(texts); k++) {
        assert_false(list_id_read(slice_str(texts[k]), &placement, &generation));
    }
    assert_false(list_id_read(slice_of(NULL, 0), &placement, &generation));
    assert_true(list_id_read(slice_str("main::0123456789abcdef"), &placement, &generation));
    assert_int_equal(0, generation.size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_id_is_of_all_that_makes_a_list),
        cmocka_unit_test(test_without_offsets_the_items_count),
        cmocka_unit_test(test_placement_and_generation_are_read_from_an_id),
        cmocka_unit_test(test_other_texts_are_no_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
