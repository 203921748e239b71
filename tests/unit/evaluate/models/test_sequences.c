#include "base/base.h"
#include "base/xalloc.h"
#include "model/rng.h"
#include "evaluate/models/sequences.h"

#include <setjmp.h>
#include <cmocka.h>

static void test_sort_keeps_equals(void **state)
{
    uint64_t rng = 3;
    for (size_t count = 0; count < 70; count++) {
        struct user_action actions[70];
        for (size_t at = 0; at < count; at++) {
            actions[at] =
                (struct user_action){.ts_ms = (int64_t)rng_below(&rng, 9), .item = (int32_t)at};
        }
        sequences_sort(actions, count);
        for (size_t at = 1; at < count; at++) {
            assert_true(actions[at - 1].ts_ms <= actions[at].ts_ms);
            if (actions[at - 1].ts_ms == actions[at].ts_ms) {
                assert_true(actions[at - 1].item < actions[at].item);
            }
        }
    }
}

static void test_build(void **state)
{
    const struct user_action actions[] = {
        {.user = 2, .item = 1}, {.user = 0, .item = 0}, {.user = 2, .item = 3},
        {.user = 2, .item = 1}, {.user = 0, .item = 2},
    };
    struct sequences sequences;
    sequences_build(&sequences, actions, 5, 3, 4);
    size_t count;
    const struct user_action *of = sequences_of(&sequences, 0, &count);
    assert_int_equal(count, 2);
    assert_int_equal(of[0].item, 0);
    assert_int_equal(of[1].item, 2);
    (void)sequences_of(&sequences, 1, &count);
    assert_int_equal(count, 0);
    of = sequences_of(&sequences, 2, &count);
    assert_int_equal(count, 3);
    assert_int_equal(of[1].item, 3);
    assert_int_equal(of[2].item, 1);
    sequences_release(&sequences);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sort_keeps_equals),
        cmocka_unit_test(test_build),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
