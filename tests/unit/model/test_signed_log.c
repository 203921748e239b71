/* The signed logarithm against the C library's. */
#include "base/base.h"
#include "model/rng.h"
#include "model/signed_log.h"

#include <float.h>
#include <setjmp.h>
#include <cmocka.h>

enum { MANY = 20000 };

static float naive(float z)
{
    return copysignf((float)log1p(fabs((double)z)), z);
}

/* Numbers of all sizes, in arrays of all lengths. */
static void test_against_library(void **state)
{
    static float z[MANY], got[MANY];
    uint64_t rng = 3;
    for (size_t k = 0; k < MANY; k++) {
        float size = expf(60.0F * (float)rng_unit(&rng) - 40.0F);
        z[k] = rng_below(&rng, 2) ? size : -size;
        if (k % 3 == 0) { z[k] = 3.0F * (float)rng_normal(&rng); }
    }
    for (size_t from = 0, count = 0; from + count < MANY; from += count++) {
        memcpy(got, z + from, count * sizeof(*z));
        got[count] = 7.0F;
        signed_log(got, count);
        assert_true(got[count] == 7.0F);
        for (size_t k = 0; k < count; k++) {
            float want = naive(z[from + k]);
            assert_true(fabsf(got[k] - want) <= 2.0F * FLT_EPSILON * fabsf(want));
        }
    }
}

static void test_edges(void **state)
{
    float z[] = {0.0F, -0.0F, NAN, INFINITY, -INFINITY, FLT_MAX, FLT_MIN, -1.0F, 1e-30F};
    signed_log(z, ARRAY_COUNT(z));
    assert_true(z[0] == 0.0F && !signbit(z[0]));
    assert_true(z[1] == 0.0F && signbit(z[1]));
    assert_true(isnan(z[2]));
    assert_true(z[3] == z[5] && z[4] == -z[5] && fabsf(z[5] - 88.7228F) < 1e-4F);
    assert_true(z[6] == FLT_MIN && z[8] == 1e-30F);
    assert_true(fabsf(z[7] + logf(2.0F)) < 1e-7F);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_library),
        cmocka_unit_test(test_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
