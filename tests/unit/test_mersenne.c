#include "base/base.h"
#include "base/xalloc.h"
#include "model/mersenne.h"

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
        struct mersenne mersenne;
        mersenne_init(&mersenne, golden[g].seed);
        for (size_t k = 0; k < 3; k++) {
            assert_true(mersenne_unit(&mersenne) == golden[g].draws[k]);
        }
        for (size_t k = 0; k < 997; k++) { (void)mersenne_unit(&mersenne); }
        assert_true(mersenne_unit(&mersenne) == golden[g].draws[3]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_python)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
