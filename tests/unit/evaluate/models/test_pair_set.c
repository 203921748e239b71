#include "base/base.h"
#include "model/rng.h"
#include "evaluate/models/pair_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

enum { USERS = 60, ITEMS = 50 };

/* Beside a plain table. */
static void test_table(void **state)
{
    static bool had[USERS][ITEMS];
    struct pair_set set = {0};
    uint64_t rng = 2;
    assert_false(pair_set_has(&set, 0, 0));
    for (int turn = 0; turn < 2500; turn++) {
        int32_t user = (int32_t)rng_below(&rng, USERS), item = (int32_t)rng_below(&rng, ITEMS);
        assert_true(pair_set_add(&set, user, item) == !had[user][item]);
        had[user][item] = true;
    }
    size_t count = 0;
    for (int32_t at = 0; at < USERS * ITEMS; at++) {
        assert_true(pair_set_has(&set, at / ITEMS, at % ITEMS) == had[at / ITEMS][at % ITEMS]);
        count += had[at / ITEMS][at % ITEMS];
    }
    assert_int_equal(set.count, count);
    assert_true(pair_set_add(&set, INT32_MAX, INT32_MAX));
    pair_set_release(&set);
    assert_false(pair_set_has(&set, 0, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_table)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
