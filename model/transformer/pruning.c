#include "base/base.h"
#include "base/xalloc.h"
#include "model/transformer/pruning.h"

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

void pruning_cut(float *values, size_t n, float share)
{
    assert(share >= 0.0F && share <= 1.0F);
    size_t cut = (size_t)((double)share * (double)n);
    if (!cut) { return; }
    float *sizes = xcalloc(n, sizeof(*sizes));
    for (size_t i = 0; i < n; i++) { sizes[i] = fabsf(values[i]); }
    qsort(sizes, n, sizeof(*sizes), by_value);
    float bound = sizes[cut - 1];
    size_t equals = cut; /* how many numbers of the bound's magnitude become 0 */
    for (size_t i = 0; i < cut; i++) { equals -= sizes[i] < bound; }
    for (size_t i = 0; i < n; i++) {
        if (fabsf(values[i]) < bound) {
            values[i] = 0.0F;
        } else if (fabsf(values[i]) == bound && equals) {
            values[i] = 0.0F;
            equals--;
        }
    }
    free(sizes);
}

size_t pruning_kept(const float *values, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) { kept += values[i] != 0.0F; }
    return kept;
}

static size_t bitmap_size(size_t n)
{
    return (n + 7) / 8;
}

size_t pruning_packed_size(size_t n, size_t kept)
{
    return bitmap_size(n) + kept * sizeof(float);
}

void pruning_pack(const float *values, size_t n, struct buf *buf)
{
    for (size_t byte = 0; byte < bitmap_size(n); byte++) {
        uint8_t bits = 0;
        for (size_t i = 8 * byte; i < MIN_OF(8 * byte + 8, n); i++) {
            bits |= (uint8_t)((values[i] != 0.0F) << (i % 8));
        }
        buf_append(buf, &bits, 1);
    }
    for (size_t i = 0; i < n; i++) {
        if (values[i] != 0.0F) { buf_append(buf, &values[i], sizeof(values[i])); }
    }
}

bool pruning_unpack(const char *bytes, size_t n, size_t kept, float *values)
{
    size_t counted = 0;
    for (size_t byte = 0; byte < bitmap_size(n); byte++) {
        counted += (size_t)__builtin_popcount((uint8_t)bytes[byte]);
    }
    bool beyond = n % 8 && (uint8_t)bytes[n / 8] >> n % 8;
    if (counted != kept || beyond) { return false; }
    const char *at = bytes + bitmap_size(n);
    for (size_t i = 0; i < n; i++) {
        values[i] = 0.0F;
        if (!((uint8_t)bytes[i / 8] >> i % 8 & 1)) { continue; }
        memcpy(&values[i], at, sizeof(values[i]));
        at += sizeof(values[i]);
    }
    return true;
}
