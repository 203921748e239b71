#include "base/base.h"
#include "base/crash.h"
#include "base/xalloc.h"

#include <setjmp.h>
#include <cmocka.h>

static void note_death(void *arg)
{
    (*(int *)arg)++;
}

static void pass_some(int times)
{
    for (int i = 0; i < times; i++) {
        CRASH_POINT("test.here");
        CRASH_POINT("test.there");
    }
}

static int setup(void **state)
{
    crash_reset();
    crash_arm(NULL, 0, NULL, NULL);
    crash_watch(true);
    return 0;
}

static int teardown(void **state)
{
    crash_watch(false);
    return 0;
}

static void test_nth_pass_once(void **state)
{
    int deaths = 0;
    crash_arm("test.there", 3, note_death, &deaths);
    pass_some(2);
    assert_int_equal(deaths, 0);
    pass_some(1);
    assert_int_equal(deaths, 1);
    pass_some(5);
    assert_int_equal(deaths, 1);
    assert_int_equal(crash_passed("test.here"), 8);
}

static void test_any_point_but_allocations(void **state)
{
    int deaths = 0;
    crash_arm("*", 2, note_death, &deaths);
    free(xmalloc(10));
    free(xmalloc(10));
    assert_int_equal(crash_passed("allocation"), 2);
    assert_int_equal(deaths, 0);
    pass_some(1);
    assert_int_equal(deaths, 1);
}

static void test_unwatched_and_sheltered(void **state)
{
    int deaths = 0;
    crash_arm("test.here", 1, note_death, &deaths);
    crash_watch(false);
    pass_some(1);
    crash_watch(true);
    CRASH_SHELTER(1);
    pass_some(1);
    CRASH_SHELTER(-1);
    assert_int_equal(deaths, 0);
    assert_int_equal(crash_passed("test.here"), 0);
    pass_some(1);
    assert_int_equal(deaths, 1);
}

static void test_names_in_order_without_repeats(void **state)
{
    bool here = false;
    CRASH_POINT("test.here");
    for (size_t i = 0; crash_name(i); i++) {
        if (i) { assert_true(strcmp(crash_name(i - 1), crash_name(i)) < 0); }
        here = here || strcmp(crash_name(i), "test.here") == 0;
    }
    assert_true(here);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nth_pass_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_any_point_but_allocations, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unwatched_and_sheltered, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names_in_order_without_repeats, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
