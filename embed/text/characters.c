#include "base/base.h"
#include "embed/text/character_tables.h"
#include "embed/text/characters.h"

_Static_assert((int)CODE_SEVERAL_MAX <= (int)CHARACTER_BECOMES_MAX, "character_become() has room");

/* Those that the original takes for Han characters. */
static const struct code_range han_codes[] = {
    {0x3400, 0x4dbf},   {0x4e00, 0x9fff},   {0xf900, 0xfaff},   {0x20000, 0x2a6df},
    {0x2a700, 0x2b73f}, {0x2b740, 0x2b81f}, {0x2b920, 0x2ceaf}, {0x2f800, 0x2fa1f},
};

/* Hangul syllables in canonical decomposition (Unicode, 3.12). */
enum {
    HANGUL_FIRST = 0xac00, HANGUL_COUNT = 11172, HANGUL_LEADING = 0x1100, HANGUL_VOWEL = 0x1161,
    HANGUL_TRAILING = 0x11a7, HANGUL_VOWELS = 21, HANGUL_TRAILINGS = 28,
};

/* ---- UTF-8 ---- */

/* The smallest code point of a form of so many bytes: a shorter form would do for others. */
static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};

static size_t form_bytes(unsigned char first)
{
    if (first < 0x80) { return 1; }
    if (first >= 0xf0) { return first < 0xf8 ? 4 : 0; }
    if (first >= 0xe0) { return 3; }
    return first >= 0xc0 ? 2 : 0;
}

size_t character_read(struct slice text, size_t at, uint32_t *ret_code)
{
    const unsigned char *bytes = (const unsigned char *)text.data + at;
    const size_t size = form_bytes(bytes[0]);
    *ret_code = CHARACTER_INVALID;
    if (size == 0 || size > text.size - at) { return 1; }
    uint32_t code = size == 1 ? bytes[0] : bytes[0] & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        if ((bytes[i] & 0xc0) != 0x80) { return 1; }
        code = code << 6 | (bytes[i] & 0x3f);
    }
    if (code < least[size] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) { return 1; }
    *ret_code = code;
    return size;
}

size_t character_write(uint32_t code, char to[CHARACTER_BYTES_MAX])
{
    if (code < 0x80) {
        to[0] = (char)code;
        return 1;
    }
    const size_t size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--) {
        to[i] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    to[0] = (char)((0xf00u >> size) | code);
    return size;
}

/* ---- Tables ---- */

static bool is_in(uint32_t code, const struct code_range *ranges, size_t count)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (ranges[middle].last < code) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < count && ranges[low].first <= code;
}

/* Runs of step 2 may lie in one another by one code point: two runs are looked at. */
static uint32_t changed(uint32_t code)
{
    size_t low = 0, high = ARRAY_COUNT(changed_codes);
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (changed_codes[middle].first <= code) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (size_t back = 1; back <= MIN_OF(low, (size_t)2); back++) {
        const struct code_run *run = &changed_codes[low - back];
        uint32_t distance = code - run->first;
        if (distance % run->step == 0 && distance / run->step < run->count) {
            return run->to + distance;
        }
    }
    return code;
}

static const struct code_several *find_several(uint32_t code)
{
    size_t low = 0, high = ARRAY_COUNT(several_codes);
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (several_codes[middle].code < code) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool found = low < ARRAY_COUNT(several_codes) && several_codes[low].code == code;
    return found ? &several_codes[low] : NULL;
}

static size_t become_hangul(uint32_t syllable, uint32_t to[CHARACTER_BECOMES_MAX])
{
    uint32_t trailing = syllable % HANGUL_TRAILINGS;
    uint32_t rest = syllable / HANGUL_TRAILINGS;
    to[0] = HANGUL_LEADING + rest / HANGUL_VOWELS;
    to[1] = HANGUL_VOWEL + rest % HANGUL_VOWELS;
    to[2] = HANGUL_TRAILING + trailing;
    return trailing ? 3 : 2;
}

static size_t become_several(uint32_t code, uint32_t to[CHARACTER_BECOMES_MAX])
{
    const struct code_several *several = find_several(code);
    size_t count = 0;
    while (several && count < CODE_SEVERAL_MAX && several->to[count]) {
        to[count] = several->to[count];
        count++;
    }
    return count;
}

size_t character_become(uint32_t code, uint32_t to[CHARACTER_BECOMES_MAX])
{
    if (code - HANGUL_FIRST < HANGUL_COUNT) { return become_hangul(code - HANGUL_FIRST, to); }
    if (is_in(code, dropped_codes, ARRAY_COUNT(dropped_codes))) { return 0; }
    to[0] = ' ';
    if (is_in(code, blank_codes, ARRAY_COUNT(blank_codes))) { return 1; }
    to[0] = changed(code);
    if (code < 0x80 || to[0] != code) { return 1; }
    size_t count = become_several(code, to);
    return MAX_OF(count, (size_t)1);
}

bool character_is_han(uint32_t code)
{
    return code >= 0x3400 && is_in(code, han_codes, ARRAY_COUNT(han_codes));
}

bool character_is_punctuation(uint32_t code)
{
    return is_in(code, punctuation_codes, ARRAY_COUNT(punctuation_codes));
}
