#include "base/base.h"
#include "features/searches.h"

#include <setjmp.h>
#include <cmocka.h>

static bool add(struct searches *searches, int64_t time_ms, const char *text, int32_t most)
{
    return searches_add(searches, time_ms, (uint64_t)time_ms, slice_str(text), most);
}

static void assert_text(const struct searches *searches, int32_t at, const char *text)
{
    assert_true(slice_equal(searches_text(searches, at), slice_str(text)));
}

static void test_order_and_repeats_do_not_matter(void **state _unused_)
{
    static const int64_t times[] = {5, 3, 9, 3, 7, 5, 1};
    struct searches one = {0}, other = {0};
    char text[16];
    for (size_t i = 0; i < ARRAY_COUNT(times); i++) {
        int64_t back = times[ARRAY_COUNT(times) - 1 - i];
        (void)snprintf(text, sizeof(text), "text %d", (int)times[i]);
        (void)add(&one, times[i], text, 3);
        (void)snprintf(text, sizeof(text), "text %d", (int)back);
        (void)add(&other, back, text, 3);
    }
    assert_int_equal(one.count, 3);
    assert_int_equal(other.count, 3);
    assert_memory_equal(one.at, other.at, 3 * sizeof(*one.at));
    assert_text(&one, 0, "text 5");
    assert_text(&one, 2, "text 9");
    assert_false(add(&one, 9, "text 9", 3));
    assert_false(add(&one, 4, "too old", 3));
    assert_false(add(&one, 10, "", 3));
    assert_false(add(&one, 10, "none is kept", 0));
    searches_release(&one);
    searches_release(&other);
}

static void test_taking(void **state _unused_)
{
    struct searches searches = {0};
    assert_true(add(&searches, 1, "sea", 5));
    assert_true(add(&searches, 2, "moon", 5));
    assert_true(add(&searches, 3, "sea", 5));
    assert_true(add(&searches, 4, "sea", 5));
    assert_false(searches_take_text(&searches, slice_str("town"), 9));
    assert_true(searches_take_text(&searches, slice_str("sea"), 3));
    assert_int_equal(searches.count, 2);
    assert_text(&searches, 0, "moon");
    assert_text(&searches, 1, "sea");
    assert_false(searches_take(&searches, 3));
    assert_true(searches_take(&searches, 4));
    assert_true(searches_take(&searches, 2));
    assert_int_equal(searches.count, 0);
    searches_release(&searches);
}

/* A long text counts by whole characters. */
static void test_long_text(void **state _unused_)
{
    struct searches searches = {0};
    char text[SEARCH_TEXT_BYTES_MAX + 10];
    memset(text, 'x', sizeof(text));
    memcpy(text + SEARCH_TEXT_BYTES_MAX - 1, "\xc3\xa9", 2);
    struct slice whole = slice_of(text, sizeof(text));
    assert_true(searches_add(&searches, 1, 1, whole, 5));
    assert_int_equal(searches_text(&searches, 0).size, SEARCH_TEXT_BYTES_MAX - 1);
    assert_true(searches_take_text(&searches, whole, 1));
    searches_release(&searches);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_and_repeats_do_not_matter),
        cmocka_unit_test(test_taking),
        cmocka_unit_test(test_long_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
