#include "base/base.h"
#include "stream/kafka/murmur.h"

enum { MURMUR_SHIFT = 24 };
static const uint32_t MURMUR_SEED = 0x9747b28cu;
static const uint32_t MURMUR_FACTOR = 0x5bd1e995u;

static uint32_t little_endian(const unsigned char *at, size_t count)
{
    uint32_t word = 0;
    for (size_t i = 0; i < count; i++) { word |= (uint32_t)at[i] << (8 * i); }
    return word;
}

int32_t murmur2(struct slice bytes)
{
    const unsigned char *at = (const unsigned char *)bytes.data;
    size_t left = bytes.size;
    uint32_t hash = MURMUR_SEED ^ (uint32_t)bytes.size;
    for (; left >= 4; at += 4, left -= 4) {
        uint32_t word = little_endian(at, 4) * MURMUR_FACTOR;
        word ^= word >> MURMUR_SHIFT;
        hash = (hash * MURMUR_FACTOR) ^ (word * MURMUR_FACTOR);
    }
    if (left) { hash = (hash ^ little_endian(at, left)) * MURMUR_FACTOR; }
    hash = (hash ^ hash >> 13) * MURMUR_FACTOR;
    return (int32_t)(hash ^ hash >> 15);
}

int32_t murmur_partition(struct slice key, int32_t count)
{
    assert(key.data);
    assert(count > 0);
    return (murmur2(key) & INT32_MAX) % count;
}
