/* With u = 1 + x = 2^e m, m between the roots of 1/2 and of 2:
 *
 *     log(1 + x) = e ln 2 + log m + (x - (u - 1)) / u
 *
 * The last part is what rounding has taken from u. log m is by the polynomial of fdlibm's logf (Sun
 * Microsystems, 1993): with f = m - 1 and s = f / (2 + f), it is f - f^2 / 2 + s (f^2 / 2 + R(s)).
 * Eight numbers at a time, without a branch.
 */
#include "base/base.h"
#include "model/lanes.h"
#include "model/signed_log.h"

#include <float.h>

typedef float eight __attribute__((vector_size(32), aligned(4), may_alias));
typedef int32_t eight_bits __attribute__((vector_size(32), aligned(4), may_alias));

_Static_assert((int)LANES == 8, "eight numbers at a time");

/* Takes b where the mask is set, a elsewhere. */
static inline eight_bits pick(eight_bits mask, eight_bits a, eight_bits b)
{
    return (a & ~mask) | (b & mask);
}

/* Computes the logarithms of eight numbers in place. */
static inline __attribute__((always_inline)) void replace(float z[static LANES])
{
    enum { SIGN = INT32_MIN, ONE = 0x3f800000, ROOT = 0x3f3504f3, FRACTION = 0x007fffff };
    eight_bits *at = (eight_bits *)z;
    const eight_bits sign = *at & SIGN, size = *at & ~SIGN, most = {0};
    const eight_bits largest = most + 0x7f7fffff, infinite = most + 0x7f800000;
    const eight_bits bounded = pick(size == infinite, size, largest);
    const eight x = (eight)bounded, u = x + 1.0F;
    const eight_bits moved = (eight_bits)u + (ONE - ROOT);
    const eight e = __builtin_convertvector((moved >> 23) - 127, eight);
    const eight f = (eight)((moved & FRACTION) + ROOT) - 1.0F;
    const eight s = f / (f + 2.0F), ss = s * s, half = 0.5F * f * f;
    const eight even = ss * ss * (0.40000972152F + ss * ss * 0.24279078841F);
    const eight odd = ss * (0.66666662693F + ss * ss * 0.28498786688F);
    const eight lost = (x - (u - 1.0F)) / u;
    const eight log = s * (half + (even + odd)) + (e * 9.0580006145e-6F + lost) - half + f +
                      e * 6.9313812256e-1F;
    *at = (eight_bits)log | sign;
}

LANED void signed_log(float *z, size_t count)
{
    size_t k = 0;
    for (; k + LANES <= count; k += LANES) { replace(z + k); }
    if (k == count) { return; }
    float rest[LANES] = {0};
    memcpy(rest, z + k, (count - k) * sizeof(*z));
    replace(rest);
    memcpy(z + k, rest, (count - k) * sizeof(*z));
}
