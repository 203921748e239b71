/* Numbers for tests of kernels: seeded draws, and comparison with a naive result in double. */
#ifndef FRESHET_TESTS_UNIT_NUMBERS_H
#define FRESHET_TESTS_UNIT_NUMBERS_H

#include "base/base.h"
#include "base/xalloc.h"

#include <setjmp.h>

#include <cmocka.h>

/* Draws from 0 up to 1: a linear congruence, of which the high bits are used (Knuth's MMIX). */
static inline double draw(uint64_t *rng)
{
    *rng = *rng * 6364136223846793005ull + 1442695040888963407ull;
    return (double)(*rng >> 11) * 0x1p-53;
}

/* Makes n numbers from -size to size; the caller frees. */
static inline float *draw_many(uint64_t *rng, size_t n, double size)
{
    float *x = xcalloc(n + 1, sizeof(*x));
    for (size_t i = 0; i < n; i++) { x[i] = (float)(size * (2.0 * draw(rng) - 1.0)); }
    return x;
}

static inline float *zeros(size_t n)
{
    return xcalloc(n + 1, sizeof(float));
}

/* Fails unless got is within `share` of want, on the scale of 1 or of want if that is larger. */
static inline void near_to(double got, double want, double share, const char *what, size_t at)
{
    if (!(fabs(got - want) <= share * fmax(1.0, fabs(want)))) {
        fail_msg("%s %zu: %.9g, not %.9g", what, at, got, want);
    }
}

#endif
