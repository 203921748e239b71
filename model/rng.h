/* Random numbers from a seed: the same seed gives the same numbers on every machine.
 *
 * splitmix64 (Steele, Lea, Flood, OOPSLA 2014). The caller keeps the state, one number; any number
 * is a good seed.
 */
#ifndef FRESHET_MODEL_RNG_H
#define FRESHET_MODEL_RNG_H

#include "base/base.h"

/* Steps the generator; returns 64 random bits. */
static inline uint64_t rng_next(uint64_t *rng)
{
    uint64_t z = (*rng += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

/* Draws from [0, 1). */
static inline double rng_unit(uint64_t *rng)
{
    return (double)(rng_next(rng) >> 11) * 0x1p-53;
}

/* Draws from 0 .. n - 1. */
static inline size_t rng_below(uint64_t *rng, size_t n)
{
    return (size_t)(rng_next(rng) % n);
}

/* Draws from the normal distribution of mean 0 and deviation 1 (Box and Muller, 1958). */
static inline double rng_normal(uint64_t *rng)
{
    double radius = sqrt(-2.0 * log(1.0 - rng_unit(rng)));
    return radius * cos(6.283185307179586 * rng_unit(rng));
}

#endif
