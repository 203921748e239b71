#include "base/base.h"
#include "base/xalloc.h"
#include "evaluate/mt19937.h"

#include <setjmp.h>
#include <cmocka.h>

/* Draws of Python's random.Random(seed).random(): the 1st, 2nd, 3rd and 1001st. */
static void test_python(void **state)
{
    const struct {
        uint32_t seed;
        double draws[4];
    } golden[] = {
        {1, {0.13436424411240122, 0.8474337369372327, 0.763774618976614, 0.4116430517162146}},
        {42, {0.6394267984578837, 0.025010755222666936, 0.27502931836911926,
              0.09935462460613032}},
    };
    for (size_t g = 0; g < ARRAY_COUNT(golden); g++) {
        struct mt19937 mt19937;
        mt19937_init(&mt19937, golden[g].seed);
        for (size_t k = 0; k < 3; k++) {
            assert_true(mt19937_unit(&mt19937) == golden[g].draws[k]);
        }
        for (size_t k = 0; k < 997; k++) { (void)mt19937_unit(&mt19937); }
        assert_true(mt19937_unit(&mt19937) == golden[g].draws[3]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_python)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
