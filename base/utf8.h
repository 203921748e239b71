/* Whether bytes are UTF-8 as the Unicode standard has it (table 3-7: no surrogates, nothing beyond
 * U+10FFFF, no longer form than needed). ASCII, which most ids are, is told in a few instructions.
 */
#ifndef FRESHET_BASE_UTF8_H
#define FRESHET_BASE_UTF8_H

#include "base/base.h"
#include "base/slice.h"

/* Says whether the bytes are UTF-8, character by character; utf8_valid() is the door. */
bool utf8_valid_slow(const char *data, size_t size);

/* Reads eight bytes as one number. */
static inline uint64_t utf8_word(const char *data)
{
    uint64_t word;
    memcpy(&word, data, sizeof(word));
    return word;
}

/* Says whether the bytes are UTF-8; nothing is. */
static inline bool utf8_valid(const char *data, size_t size)
{
    uint64_t bits = 0;
    if (size >= 8) {
        size_t last = size - 8;
        for (size_t i = 0; i < last; i += 8) { bits |= utf8_word(data + i); }
        bits |= utf8_word(data + last);
    } else {
        for (size_t i = 0; i < size; i++) { bits |= (uint8_t)data[i]; }
    }
    if (!(bits & 0x8080808080808080u)) { return true; }
    return utf8_valid_slow(data, size);
}

#endif
