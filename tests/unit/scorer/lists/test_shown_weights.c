#include "base/base.h"
#include "scorer/lists/shown_weights.h"

#include <setjmp.h>
#include <cmocka.h>

enum { DAY_MS = 86400000 };

static void test_each_exposure_counts_less_with_its_age(void **state _unused_)
{
    struct ids *ids = ids_new(10);
    struct slice items[] = {slice_str("a"), slice_str("b"), slice_str("x"), slice_str("a")};
    int64_t times_ms[] = {0, DAY_MS, DAY_MS, DAY_MS};
    int32_t places[] = {1, 11, 1, 0};
    struct shown_item found[HISTORY_SHOWN_MAX];
    const struct user_history history = {.event_time_ms = -DAY_MS,
                                         .shown_items = {items, 4},
                                         .shown_times_ms = {times_ms, 4},
                                         .shown_places = {places, 4}};
    int32_t a = ids_put(ids, items[0]), b = ids_put(ids, items[1]);
    assert_int_equal(shown_weights_find(&history, ids, 1.0, DAY_MS, found), 2);
    assert_int_equal(found[0].item, a);
    assert_true(fabsf(found[0].factor - 1.0F / 2.5F) < 1e-6F); /* a half, and one */
    assert_int_equal(found[1].item, b);
    assert_true(fabsf(found[1].factor - 1.0F / 1.5F) < 1e-6F); /* the eleventh place: a half */
    assert_int_equal(shown_weights_find(&history, ids, 0.0, DAY_MS, found), 0);
    ids_free(ids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_exposure_counts_less_with_its_age),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
