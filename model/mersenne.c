#include "base/base.h"
#include "model/mersenne.h"

enum { MIDDLE = 397 };

/* Mixes two neighbouring words down; `i` never reaches 0 in the array's own numbering. */
static uint32_t stir(uint32_t last)
{
    return last ^ (last >> 30);
}

void mersenne_init(struct mersenne *mersenne, uint32_t seed)
{
    uint32_t *w = mersenne->words;
    w[0] = 19650218U;
    for (uint32_t i = 1; i < MERSENNE_WORDS; i++) { w[i] = 1812433253U * stir(w[i - 1]) + i; }
    uint32_t i = 1;
    for (uint32_t k = MERSENNE_WORDS; k > 0; k--) {
        w[i] = (w[i] ^ (stir(w[i - 1]) * 1664525U)) + seed;
        if (++i == MERSENNE_WORDS) {
            w[0] = w[MERSENNE_WORDS - 1];
            i = 1;
        }
    }
    for (uint32_t k = MERSENNE_WORDS - 1; k > 0; k--) {
        w[i] = (w[i] ^ (stir(w[i - 1]) * 1566083941U)) - i;
        if (++i == MERSENNE_WORDS) {
            w[0] = w[MERSENNE_WORDS - 1];
            i = 1;
        }
    }
    w[0] = 0x80000000U;
    mersenne->at = MERSENNE_WORDS;
}

static void refill(struct mersenne *mersenne)
{
    uint32_t *w = mersenne->words;
    for (uint32_t i = 0; i < MERSENNE_WORDS; i++) {
        uint32_t y = (w[i] & 0x80000000U) | (w[(i + 1) % MERSENNE_WORDS] & 0x7fffffffU);
        w[i] = w[(i + MIDDLE) % MERSENNE_WORDS] ^ (y >> 1) ^ (y & 1U ? 0x9908b0dfU : 0U);
    }
    mersenne->at = 0;
}

static uint32_t next(struct mersenne *mersenne)
{
    if (mersenne->at == MERSENNE_WORDS) { refill(mersenne); }
    uint32_t y = mersenne->words[mersenne->at++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680U;
    y ^= (y << 15) & 0xefc60000U;
    return y ^ (y >> 18);
}

double mersenne_unit(struct mersenne *mersenne)
{
    uint32_t high = next(mersenne) >> 5, low = next(mersenne) >> 6;
    return (high * 67108864.0 + low) / 9007199254740992.0;
}
