/* Wide: sixteen floats at a time, in plain C, on any x86-64.
 *
 * The types are the compilers' vector extensions, so that gcc and clang make the same code. With
 * gcc a function marked WIDE is compiled three times, for AVX-512, AVX2 with FMA and the base
 * instruction set, and the loader picks the one for the processor. Sixteen lanes are kept whatever
 * the processor has, so sums are taken in the same order everywhere; results differ between
 * processors only by what fused multiply-adds round less.
 *
 * Inline functions only: they become part of the WIDE function that calls them.
 */
#ifndef FRESHET_MODEL_TRANSFORMER_WIDE_H
#define FRESHET_MODEL_TRANSFORMER_WIDE_H

#include "base/base.h"

enum { WIDE_LANES = 16 };

typedef float wide __attribute__((vector_size(64)));
typedef int32_t wide_int __attribute__((vector_size(64)));
typedef uint32_t wide_bits __attribute__((vector_size(64)));

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WIDE_ONE_VERSION
#endif
/* With a sanitizer there is one version, because the loader picks before the sanitizer is ready;
 * also with clang, which passes no vectors between versions, not even to what it inlines. */
#if defined(__x86_64__) && !defined(__clang__) && !defined(WIDE_ONE_VERSION)
#define WIDE __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define WIDE
#endif
#define WIDE_INLINE static inline __attribute__((always_inline, unused))

WIDE_INLINE wide wide_load(const float *from)
{
    wide x;
    memcpy(&x, from, sizeof(x));
    return x;
}

WIDE_INLINE void wide_store(float *to, wide x)
{
    memcpy(to, &x, sizeof(x));
}

/* Loads n < 16 numbers, `rest` in the other lanes. */
WIDE_INLINE wide wide_load_some(const float *from, size_t n, float rest)
{
    float part[WIDE_LANES];
    for (size_t i = 0; i < WIDE_LANES; i++) { part[i] = i < n ? from[i] : rest; }
    return wide_load(part);
}

/* Stores the first n < 16 lanes. */
WIDE_INLINE void wide_store_some(float *to, size_t n, wide x)
{
    float part[WIDE_LANES];
    wide_store(part, x);
    for (size_t i = 0; i < n; i++) { to[i] = part[i]; }
}

WIDE_INLINE wide wide_all(float x)
{
    return (wide){0} + x;
}

/* Takes b where the mask (all ones or zeros a lane) is set, a elsewhere. */
WIDE_INLINE wide wide_pick(wide_int mask, wide a, wide b)
{
    return (wide)(((wide_int)a & ~mask) | ((wide_int)b & mask));
}

WIDE_INLINE wide wide_sqrt(wide x)
{
    float part[WIDE_LANES];
    wide_store(part, x);
    for (size_t i = 0; i < WIDE_LANES; i++) { part[i] = sqrtf(part[i]); }
    return wide_load(part);
}

WIDE_INLINE wide wide_max(wide a, wide b)
{
    return wide_pick(b > a, a, b);
}

/* The lanes moved down by `by`, those that fall out coming in on top. */
#define WIDE_TURNED(x, by)                                                                         \
    __builtin_shufflevector(x, x, (by), (by) + 1, (by) + 2, (by) + 3, (by) + 4, (by) + 5,          \
                            (by) + 6, (by) + 7, (by) + 8, (by) + 9, (by) + 10, (by) + 11,          \
                            (by) + 12, (by) + 13, (by) + 14, (by) + 15)

WIDE_INLINE float wide_sum(wide x)
{
    x += WIDE_TURNED(x, 8);
    x += WIDE_TURNED(x, 4);
    x += WIDE_TURNED(x, 2);
    x += WIDE_TURNED(x, 1);
    return x[0];
}

WIDE_INLINE float wide_highest(wide x)
{
    x = wide_max(x, WIDE_TURNED(x, 8));
    x = wide_max(x, WIDE_TURNED(x, 4));
    x = wide_max(x, WIDE_TURNED(x, 2));
    x = wide_max(x, WIDE_TURNED(x, 1));
    return x[0];
}

/* e^x to 2 units in the last place for -87 <= x <= 88, and its value at the nearer end beyond.
 * x = n ln 2 + r with |r| <= ln 2 / 2; e^r by a minimax polynomial (the coefficients of Cephes'
 * expf, Moshier 1989), n added to the exponent's bits. */
WIDE_INLINE wide wide_exp(wide x)
{
    x = wide_max(x, wide_all(-87.0f));
    x = wide_pick(x > 88.0f, x, wide_all(88.0f));
    const float magic = 12582912.0f; /* 1.5 * 2^23: adding it leaves the integer in low bits */
    wide shifted = x * 1.44269504088896341f + magic;
    wide n = shifted - magic;
    wide r = x - n * 0.693359375f;
    r = r + n * 2.12194440e-4f;
    wide p = wide_all(1.9875691500e-4f);
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    return (wide)((wide_bits)p + ((wide_bits)shifted << 23));
}

#endif
