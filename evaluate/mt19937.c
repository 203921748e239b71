#include "base/base.h"
#include "evaluate/mt19937.h"

enum { MIDDLE = 397 };

/* Mixes two neighbouring words down; `i` never reaches 0 in the array's own numbering. */
static uint32_t stir(uint32_t last)
{
    return last ^ (last >> 30);
}

void mt19937_init(struct mt19937 *mt19937, uint32_t seed)
{
    uint32_t *w = mt19937->words;
    w[0] = 19650218U;
    for (uint32_t i = 1; i < MT19937_WORDS; i++) { w[i] = 1812433253U * stir(w[i - 1]) + i; }
    uint32_t i = 1;
    for (uint32_t k = MT19937_WORDS; k > 0; k--) {
        w[i] = (w[i] ^ (stir(w[i - 1]) * 1664525U)) + seed;
        if (++i == MT19937_WORDS) {
            w[0] = w[MT19937_WORDS - 1];
            i = 1;
        }
    }
    for (uint32_t k = MT19937_WORDS - 1; k > 0; k--) {
        w[i] = (w[i] ^ (stir(w[i - 1]) * 1566083941U)) - i;
        if (++i == MT19937_WORDS) {
            w[0] = w[MT19937_WORDS - 1];
            i = 1;
        }
    }
    w[0] = 0x80000000U;
    mt19937->at = MT19937_WORDS;
}

static void refill(struct mt19937 *mt19937)
{
    uint32_t *w = mt19937->words;
    for (uint32_t i = 0; i < MT19937_WORDS; i++) {
        uint32_t y = (w[i] & 0x80000000U) | (w[(i + 1) % MT19937_WORDS] & 0x7fffffffU);
        w[i] = w[(i + MIDDLE) % MT19937_WORDS] ^ (y >> 1) ^ (y & 1U ? 0x9908b0dfU : 0U);
    }
    mt19937->at = 0;
}

static uint32_t next(struct mt19937 *mt19937)
{
    if (mt19937->at == MT19937_WORDS) { refill(mt19937); }
    uint32_t y = mt19937->words[mt19937->at++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680U;
    y ^= (y << 15) & 0xefc60000U;
    return y ^ (y >> 18);
}

double mt19937_unit(struct mt19937 *mt19937)
{
    uint32_t high = next(mt19937) >> 5, low = next(mt19937) >> 6;
    return (high * 67108864.0 + low) / 9007199254740992.0;
}
