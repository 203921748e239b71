/* Lanes: arithmetic on vectors of floats whose length is a multiple of eight, eight at a time, in
 * the same order on every machine. Compilers turn it into vector instructions. */
#ifndef FRESHET_MODEL_LANES_H
#define FRESHET_MODEL_LANES_H

#include "base/base.h"

enum { LANES = 8 };

/* With gcc, a function marked LANED is compiled twice, for AVX2 and for the base instruction set,
 * and the loader picks the one for the processor. AVX2 alone has no fused multiply-adds, so results
 * are the same on every processor. With a sanitizer there is one version, because the loader picks
 * before that is ready. */
#if defined(__x86_64__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) &&                \
    !defined(__SANITIZE_THREAD__)
#define LANED __attribute__((target_clones("avx2", "default")))
#else
#define LANED
#endif

/* Rounds a length up. */
static inline size_t lanes_round(size_t k)
{
    return (k + LANES - 1) / LANES * LANES;
}

/* p . q, summed lane by lane. */
static inline float lanes_dot(const float *p, const float *q, size_t k)
{
    float lanes[LANES] = {0};
    for (size_t at = 0; at < k; at += LANES) {
        for (size_t lane = 0; lane < LANES; lane++) { lanes[lane] += p[at + lane] * q[at + lane]; }
    }
    float sum = 0.0F;
    for (size_t lane = 0; lane < LANES; lane++) { sum += lanes[lane]; }
    return sum;
}

/* Sums numbers and their squares, lane by lane. */
static inline void lanes_sums(const float *p, size_t count, double *ret_sum, double *ret_squares)
{
    double sums[LANES] = {0}, squares[LANES] = {0}, sum = 0.0, square = 0.0;
    for (size_t at = 0; at < count; at += LANES) {
        const size_t end = MIN_OF(count - at, (size_t)LANES);
        for (size_t lane = 0; lane < end; lane++) {
            const double number = (double)p[at + lane];
            sums[lane] += number;
            squares[lane] += number * number;
        }
    }
    for (size_t lane = 0; lane < LANES; lane++) {
        sum += sums[lane];
        square += squares[lane];
    }
    *ret_sum = sum;
    *ret_squares = square;
}

/* p = kept p + by q; p and q do not overlap. */
static inline void lanes_mix(float *restrict p, const float *restrict q, size_t k, float by,
                             float kept)
{
    for (size_t at = 0; at < k; at += LANES) {
        for (size_t lane = 0; lane < LANES; lane++) {
            p[at + lane] = kept * p[at + lane] + by * q[at + lane];
        }
    }
}

#endif
