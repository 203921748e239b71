#include "base/base.h"
#include "base/decimal.h"

enum { DIGITS_MAX = 160, ZEROS_MAX = 1 + DECIMAL_SCALE_MAX };

/* Divides the magnitude by ten, in place; returns the remainder. */
static unsigned divide(uint8_t *bytes, size_t size)
{
    unsigned rest = 0;
    for (size_t i = 0; i < size; i++) {
        unsigned value = rest << 8 | bytes[i];
        bytes[i] = (uint8_t)(value / 10);
        rest = value % 10;
    }
    return rest;
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i]) { return false; }
    }
    return true;
}

static void negate(uint8_t *bytes, size_t size)
{
    unsigned carry = 1;
    for (size_t i = size; i-- > 0;) {
        carry += (uint8_t)~bytes[i];
        bytes[i] = (uint8_t)carry;
        carry >>= 8;
    }
}

/* Writes the digits last first; returns their number, at least `least`. */
static size_t write_digits(uint8_t *bytes, size_t size, size_t least, char *digits)
{
    size_t count = 0;
    while (!is_zero(bytes, size) || count < least) {
        digits[count++] = (char)('0' + divide(bytes, size));
    }
    return count;
}

size_t decimal_write(struct slice bytes, int scale, char ret_text[DECIMAL_TEXT_MAX])
{
    uint8_t magnitude[DECIMAL_BYTES_MAX];
    char digits[DIGITS_MAX + ZEROS_MAX];
    if (!bytes.size || bytes.size > sizeof(magnitude)) { return 0; }
    if (scale > DECIMAL_SCALE_MAX || scale < -DECIMAL_SCALE_MAX) { return 0; }
    memcpy(magnitude, bytes.data, bytes.size);
    bool negative = magnitude[0] & 0x80;
    if (negative) { negate(magnitude, bytes.size); }
    size_t behind = scale > 0 ? (size_t)scale : 0, size = 0;
    size_t count = write_digits(magnitude, bytes.size, behind + 1, digits);
    if (negative) { ret_text[size++] = '-'; }
    for (size_t i = count; i-- > 0;) {
        ret_text[size++] = digits[i];
        if (i == behind && behind) { ret_text[size++] = '.'; }
    }
    bool zero = count == 1 && digits[0] == '0';
    for (int i = 0; i < -scale && !zero; i++) { ret_text[size++] = '0'; }
    assert(size < DECIMAL_TEXT_MAX);
    ret_text[size] = '\0';
    return size;
}

bool decimal_whole(struct slice *number)
{
    const char *point = number->size ? memchr(number->data, '.', number->size) : NULL;
    if (!point) { return true; }
    for (const char *at = point + 1; at < number->data + number->size; at++) {
        if (*at != '0') { return false; }
    }
    number->size = (size_t)(point - number->data);
    return true;
}

static int sextet(char c)
{
    if (c >= 'A' && c <= 'Z') { return c - 'A'; }
    if (c >= 'a' && c <= 'z') { return c - 'a' + 26; }
    if (c >= '0' && c <= '9') { return c - '0' + 52; }
    if (c == '+' || c == '-') { return 62; }
    return c == '/' || c == '_' ? 63 : -1;
}

int base64_decode(struct slice text, char *ret_bytes, size_t most)
{
    uint32_t bits = 0;
    size_t count = 0, size = 0;
    while (text.size && text.data[text.size - 1] == '=' && count < 2) {
        text.size--;
        count++;
    }
    if (!text.size || text.size % 4 == 1) { return -EINVAL; }
    int held = 0;
    for (size_t i = 0; i < text.size; i++) {
        int value = sextet(text.data[i]);
        if (value < 0) { return -EINVAL; }
        bits = bits << 6 | (uint32_t)value;
        held += 6;
        if (held < 8) { continue; }
        held -= 8;
        if (size == most) { return -EINVAL; }
        ret_bytes[size++] = (char)(bits >> held & 0xff);
    }
    return (int)size;
}
