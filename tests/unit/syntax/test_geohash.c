#include "base/base.h"
#include "syntax/geohash.h"

#include <setjmp.h>
#include <cmocka.h>

static void texts_are_those_that_are_known(void **state _unused_)
{
    static const struct {
        double latitude, longitude;
        const char *text;
    } cases[] = {{57.64911, 10.40744, "u4pru"}, {42.6, -5.6, "ezs42"}, {0, 0, "s0000"},
                 {-90, -180, "00000"}, {90, 180, "zzzzz"}, {48.1374, 11.5755, "u281z"}};
    char text[GEOHASH_BYTES];
    for (size_t k = 0; k < ARRAY_COUNT(cases); k++) {
        assert_true(geohash_write(cases[k].latitude, cases[k].longitude, text));
        assert_memory_equal(text, cases[k].text, GEOHASH_BYTES);
    }
    assert_false(geohash_write(90.1, 0, text));
    assert_false(geohash_write(0, -181, text));
    assert_false(geohash_write((double)NAN, 0, text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(texts_are_those_that_are_known)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
