#include "base/base.h"
#include "base/utf8.h"

/* The range of the second byte depends on the first: this excludes overlong forms, surrogates and
 * numbers beyond the end of Unicode. */
struct lead {
    uint8_t first, last; /* of the first byte */
    uint8_t low, high;   /* of the second byte */
    uint8_t size;
};

static const struct lead leads[] = {
    {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
    {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
    {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
};

/* Returns the size of the character at `at`, or 0 when there is none. */
static size_t character(const uint8_t *at, size_t size)
{
    if (at[0] < 0x80) { return 1; }
    for (size_t i = 0; i < ARRAY_COUNT(leads); i++) {
        const struct lead *lead = &leads[i];
        if (at[0] < lead->first || at[0] > lead->last) { continue; }
        if (size < lead->size || at[1] < lead->low || at[1] > lead->high) { return 0; }
        for (size_t k = 2; k < lead->size; k++) {
            if ((at[k] & 0xc0) != 0x80) { return 0; }
        }
        return lead->size;
    }
    return 0;
}

bool utf8_valid_slow(const char *data, size_t size)
{
    const uint8_t *at = (const uint8_t *)data;
    while (size > 0) {
        size_t step = character(at, size);
        if (step == 0) { return false; }
        at += step;
        size -= step;
    }
    return true;
}
