#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "stream/places.h"
#include "stream/wire.h"

static void test_finds_what_it_made(void **state _unused_)
{
    struct places places = {0};
    struct place *place = places_find(&places, "a", 0);
    assert_int_equal(place->position, OFFSET_NONE);
    assert_int_equal(place->appended, OFFSET_NONE);
    place->position = 7;
    for (int32_t p = 1; p < 50; p++) { places_find(&places, "a", p)->position = 7 + p; }
    assert_int_equal(places_find(&places, "b", 0)->position, OFFSET_NONE);
    for (int32_t p = 0; p < 50; p++) {
        assert_int_equal(places_find(&places, "a", p)->position, 7 + p);
    }
    assert_int_equal(places.count, 51);
    places_forget_positions(&places);
    assert_int_equal(places_find(&places, "a", 3)->position, OFFSET_NONE);
    places_release(&places);
    assert_int_equal(places.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_finds_what_it_made)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
