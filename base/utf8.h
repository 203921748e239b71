/* UTF-8: whether bytes are valid by the Unicode standard (table 3-7: no surrogates, nothing beyond
 * U+10FFFF, no overlong forms), and where a text may be cut. Most ids are ASCII: for those the
 * check takes a few instructions.
 */
#ifndef FRESHET_BASE_UTF8_H
#define FRESHET_BASE_UTF8_H

#include "base/base.h"
#include "base/slice.h"

/* Checks character by character; call utf8_valid() instead. */
bool utf8_valid_slow(const char *data, size_t size);

/* Reads eight bytes as one number. */
static inline uint64_t utf8_word(const char *data)
{
    uint64_t word;
    memcpy(&word, data, sizeof(word));
    return word;
}

/* Says whether the bytes are valid UTF-8. An empty string is valid. */
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

/* Returns the beginning of a text: whole characters of at most so many bytes. */
static inline struct slice utf8_beginning(struct slice text, size_t most)
{
    size_t size = MIN_OF(text.size, most);
    while (size && size < text.size && ((uint8_t)text.data[size] & 0xc0) == 0x80) { size--; }
    return slice_of(text.data, size);
}

/* Returns how many bytes a character has by its first byte, which may be none of one: 1 to 4. */
static inline size_t utf8_length(char first)
{
    uint8_t byte = (uint8_t)first;
    return byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

#endif
