#include "base/base.h"
#include "base/xalloc.h"
#include "features/links.h"

#include <setjmp.h>
#include <cmocka.h>

static void put(struct link_list *list, const char *id, int32_t most)
{
    link_list_put(list, slice_str(id), most);
}

static void assert_list(const struct link_list *list, const char *const *want, int32_t count)
{
    assert_int_equal(list->count, count);
    for (int32_t i = 0; i < count; i++) {
        assert_true(slice_equal(list->at[i], slice_str(want[i])));
    }
}

static void the_newest_stand_last(void **state)
{
    struct links links;
    links_init(&links);
    struct link_list *list = &links.into;
    assert_int_equal(links_bytes(&links), 0);
    put(list, "a", 3);
    put(list, "b", 3);
    put(list, "a", 3);
    assert_list(list, (const char *const[]){"b", "a"}, 2);
    put(list, "c", 3);
    put(list, "d", 3);
    assert_list(list, (const char *const[]){"a", "c", "d"}, 3);
    assert_true(link_list_remove(list, slice_str("c")));
    assert_false(link_list_remove(list, slice_str("c")));
    assert_list(list, (const char *const[]){"a", "d"}, 2);
    link_list_put(list, list->at[0], 3); /* bytes of the list itself */
    assert_list(list, (const char *const[]){"d", "a"}, 2);
    assert_true(links_bytes(&links) >= 2);
    links_release(&links);
    assert_list(list, NULL, 0);
}

static void events_follow_the_last_link(void **state)
{
    struct links links;
    links_init(&links);
    put(&links.into, "a", 3);
    assert_int_equal(links_target(&links).size, 0); /* it was dropped */
    put(&links.into, "b", 3);
    links.merged_ms = 5;
    assert_true(slice_equal(links_target(&links), slice_str("b")));
    assert_true(link_list_remove(&links.into, slice_str("b")));
    assert_true(link_list_remove(&links.into, slice_str("a")));
    assert_int_equal(links_target(&links).size, 0);
    links_release(&links);
    assert_int_equal(links.merged_ms, MERGED_NEVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_stand_last),
        cmocka_unit_test(events_follow_the_last_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
