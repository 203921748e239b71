#include "base/base.h"
#include "model/rng.h"
#include "scorer/lists/validity.h"

#include <setjmp.h>
#include <cmocka.h>

enum { ITEMS = 3000, STEPS = 4000, MANY = 5000 };

static void test_is_due_when_a_date_is_reached(void **state)
{
    struct validities validities;
    validities_init(&validities);
    assert_false(validities_due(&validities, 100));
    validities_put(&validities, &(struct validity){7, true, 200, 300});
    validities_put(&validities, &(struct validity){8, true, 0, 250});
    assert_false(validities_due(&validities, 199));
    assert_true(validities_due(&validities, 200));
    assert_false(validities_due(&validities, 249));
    assert_true(validities_due(&validities, 260));
    assert_true(validities_due(&validities, 300));
    assert_false(validities_due(&validities, INT64_MAX - 1));
    assert_true(validities_due(&validities, 10)); /* the clock was set back */
    validities_drop(&validities, 7);
    validities_drop(&validities, 7);
    assert_int_equal(validities.count, 1);
    assert_true(validities_due(&validities, 250));
    validities_release(&validities);
}

static void test_many_are_passed_over_seldom(void **state)
{
    struct validities validities;
    validities_init(&validities);
    (void)validities_due(&validities, 0);
    for (int32_t i = 0; i < MANY; i++) {
        validities_put(&validities, &(struct validity){i, true, i + 1, 0});
    }
    int passes = 0;
    for (int64_t now_ms = 1; now_ms <= MANY + MANY / 1000; now_ms++) {
        passes += validities_due(&validities, now_ms);
    }
    assert_true(passes >= MANY / 6 && passes <= MANY / 4);
    assert_int_equal(validities.next_ms, INT64_MAX);
    validities_release(&validities);
}

/* Against plain arrays. */
static void test_random(void **state)
{
    static int64_t from_ms[ITEMS], until_ms[ITEMS];
    static bool kept[ITEMS];
    struct validities validities;
    uint64_t rng = 1;
    size_t count = 0;
    validities_init(&validities);
    for (int step = 0; step < STEPS; step++) {
        int32_t item = (int32_t)rng_below(&rng, ITEMS);
        count -= kept[item];
        kept[item] = rng_below(&rng, 3) > 0;
        count += kept[item];
        from_ms[item] = (int64_t)rng_below(&rng, 1000);
        until_ms[item] = (int64_t)rng_below(&rng, 1000);
        if (kept[item]) {
            validities_put(&validities,
                           &(struct validity){item, true, from_ms[item], until_ms[item]});
        } else {
            validities_drop(&validities, item);
        }
        assert_int_equal(validities.count, count);
    }
    for (size_t i = 0; i < validities.count; i++) {
        int32_t item = validities.at[i].item;
        assert_true(kept[item]);
        assert_int_equal(validities.at[i].from_ms, from_ms[item]);
        assert_int_equal(validities.at[i].until_ms, until_ms[item]);
        kept[item] = false;
    }
    validities_release(&validities);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_is_due_when_a_date_is_reached),
        cmocka_unit_test(test_many_are_passed_over_seldom),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
