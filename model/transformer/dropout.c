#include "base/base.h"
#include "model/transformer/dropout.h"
#include "model/transformer/wide.h"

enum { GROUP = 4 * WIDE_LANES }; /* numbers served by one vector of random bits */

/* Stafford's variant 13 of the finaliser of MurmurHash3, as in SplitMix64 (Steele et al. 2014). */
uint64_t dropout_key(uint64_t key, uint64_t number)
{
    uint64_t x = key + (number + 1) * 0x9e3779b97f4a7c15ull;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    return x ^ (x >> 31);
}

static uint32_t threshold_of(float rate)
{
    assert(rate >= 0.0f && rate < 1.0f);
    return MIN_OF((uint32_t)lrintf(rate * 256.0f), 255u);
}

float dropout_scale(float rate)
{
    return 256.0f / (float)(256u - threshold_of(rate));
}

/* Sixteen words of random bits for a group: a 32-bit hash of the counter with low bias (Wellons
 * 2018), its first round keyed by one half of the key and its second by the other. */
WIDE_INLINE wide_bits random_bits(uint32_t group, uint64_t key)
{
    const wide_bits lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    wide_bits x = (lane + group * WIDE_LANES) ^ (uint32_t)key;
    x ^= x >> 16;
    x *= 0x7feb352du;
    x ^= (uint32_t)(key >> 32);
    x ^= x >> 15;
    x *= 0x846ca68bu;
    x ^= x >> 16;
    return x;
}

/* Keeps the lanes of x whose byte is not below the threshold. */
WIDE_INLINE wide keep(wide x, wide_bits bits, int byte, uint32_t threshold, float scale)
{
    wide_int kept = ((bits >> (8 * byte)) & 255u) >= (wide_bits){0} + threshold;
    return (wide)((wide_int)(x * scale) & kept);
}

WIDE
void dropout_copy(float *y, const float *x, size_t n, float rate, uint64_t key)
{
    const uint32_t threshold = threshold_of(rate);
    const float scale = 256.0f / (float)(256u - threshold);
    if (threshold == 0) {
        if (y != x) { memcpy(y, x, n * sizeof(*y)); }
        return;
    }
    for (size_t at = 0; at < n; at += GROUP) {
        wide_bits bits = random_bits((uint32_t)(at / GROUP), key);
        for (int byte = 0; byte < 4; byte++) {
            size_t here = at + (size_t)byte * WIDE_LANES;
            if (here + WIDE_LANES <= n) {
                wide_store(y + here, keep(wide_load(x + here), bits, byte, threshold, scale));
            } else if (here < n) {
                wide some = wide_load_some(x + here, n - here, 0.0f);
                wide_store_some(y + here, n - here, keep(some, bits, byte, threshold, scale));
            }
        }
    }
}

void dropout(float *x, size_t n, float rate, uint64_t key)
{
    dropout_copy(x, x, n, rate, key);
}
