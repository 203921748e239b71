#include "base/base.h"
#include "base/quote.h"
#include "base/utf8.h"

/* Control characters of more than one byte: all between two texts of the same first bytes. */
static const struct control {
    const char *first, *last;
} controls[] = {
    {"\xc2\x80", "\xc2\x9f"},         /* U+0080 to U+009F: C1 */
    {"\xd8\x9c", "\xd8\x9c"},         /* U+061C: Arabic letter mark */
    {"\xe2\x80\x8e", "\xe2\x80\x8f"}, /* U+200E, U+200F: marks of a direction */
    {"\xe2\x80\xa8", "\xe2\x80\xae"}, /* U+2028 to U+202E: separators, embeddings, overrides */
    {"\xe2\x81\xa6", "\xe2\x81\xa9"}, /* U+2066 to U+2069: isolates */
};

size_t quote_control(struct slice text)
{
    uint8_t byte = (uint8_t)text.data[0];
    if (byte < 0x80) { return byte < 0x20 || byte == 0x7f; }
    for (size_t i = 0; i < ARRAY_COUNT(controls); i++) {
        size_t size = strlen(controls[i].first);
        if (text.size >= size && memcmp(text.data, controls[i].first, size) >= 0 &&
            memcmp(text.data, controls[i].last, size) <= 0) {
            return size;
        }
    }
    return 0;
}

/* Returns the code point of a character of two or three bytes. */
static unsigned code_point(const char *text, size_t size)
{
    unsigned code = (uint8_t)text[0] & (size == 2 ? 0x1f : 0x0f);
    for (size_t i = 1; i < size; i++) { code = code << 6 | ((uint8_t)text[i] & 0x3f); }
    return code;
}

/* ---- key=value ---- */

/* Length of the printable UTF-8 character at text; 0 when its first byte must be escaped. */
static size_t printable(const unsigned char *text, size_t left)
{
    unsigned first = text[0];
    if (first == '"' || first == '\\' || quote_control(slice_of(text, left))) { return 0; }
    if (first < 0x80) { return 1; }
    size_t length = utf8_length((char)first);
    return length <= left && utf8_valid((const char *)text, length) ? length : 0;
}

/* Puts the written form of the next character into piece (5 bytes); returns how many bytes of the
 * text it stands for. */
static size_t next_piece(const unsigned char *text, size_t left, char *piece)
{
    size_t length = printable(text, left);
    if (length > 0) {
        memcpy(piece, text, length);
        piece[length] = '\0';
        return length;
    }
    if (text[0] == '"' || text[0] == '\\') {
        (void)snprintf(piece, 5, "\\%c", text[0]);
    } else if (text[0] == '\n') {
        memcpy(piece, "\\n", 3);
    } else {
        (void)snprintf(piece, 5, "\\x%02x", text[0]);
    }
    return 1;
}

/* Writes the escaped text up to room bytes, in whole pieces; says whether all of it was written. */
static bool write_pieces(const char *text, size_t length, char *into, size_t room, size_t *ret_used)
{
    const unsigned char *at = (const unsigned char *)text;
    const unsigned char *end = at + length;
    size_t used = 0;
    while (at < end) {
        char piece[5];
        size_t taken = next_piece(at, (size_t)(end - at), piece);
        size_t size = strlen(piece);
        if (size > room - used) { break; }
        memcpy(into + used, piece, size);
        used += size;
        at += taken;
    }
    *ret_used = used;
    return at == end;
}

static bool is_plain(const char *text, size_t length)
{
    const unsigned char *at = (const unsigned char *)text;
    for (size_t i = 0; i < length;) {
        size_t taken = printable(at + i, length - i);
        if (taken == 0 || at[i] == ' ' || at[i] == '=') { return false; }
        i += taken;
    }
    return length > 0;
}

const char *quote_value(const char *text, size_t length, char *into, size_t size)
{
    assert(size >= QUOTE_VALUE_LEAST);
    const char *quote = is_plain(text, length) ? "" : "\"";
    size_t quotes = 2 * strlen(quote);
    char *body = into + strlen(quote);
    memcpy(into, quote, strlen(quote));
    size_t used;
    bool whole = write_pieces(text, length, body, size - 1 - quotes, &used);
    if (!whole) { (void)write_pieces(text, length, body, size - 1 - quotes - 3, &used); }
    (void)snprintf(body + used, size - (size_t)(body - into) - used, "%s%s", whole ? "" : "...",
                   quote);
    return into;
}

struct quoted quote_text(const char *text)
{
    struct quoted quoted;
    if (!text) { text = ""; }
    (void)quote_value(text, strlen(text), quoted.text, sizeof(quoted.text));
    return quoted;
}

/* ---- For people ---- */

/* Puts the written form of the next character into piece; returns how many bytes of the text it
 * stands for. */
static size_t next_shown(struct slice text, char *piece, size_t size)
{
    unsigned char first = (unsigned char)text.data[0];
    size_t control = quote_control(text);
    if (control > 1) {
        (void)snprintf(piece, size, "\\u%04x", code_point(text.data, control));
        return control;
    }
    size_t length = utf8_length(text.data[0]);
    if (!control && length <= text.size && utf8_valid(text.data, length)) {
        memcpy(piece, text.data, length);
        piece[length] = '\0';
        return length;
    }
    if (first == '\n') {
        (void)snprintf(piece, size, "\\n");
    } else {
        (void)snprintf(piece, size, "\\x%02x", first);
    }
    return 1;
}

void quote_screen(struct slice text, char *into, size_t size)
{
    size_t used = 0;
    while (text.size > 0) {
        char piece[8];
        size_t taken = next_shown(text, piece, sizeof(piece));
        size_t length = strlen(piece);
        if (used + length >= size) { break; }
        memcpy(into + used, piece, length);
        used += length;
        text = slice_of(text.data + taken, text.size - taken);
    }
    into[used] = '\0';
}

struct quoted quote_line(struct slice text)
{
    struct quoted quoted;
    quote_screen(text, quoted.text, sizeof(quoted.text));
    return quoted;
}

/* ---- JSON ---- */

/* Returns the letter by which JSON escapes a character, or 0. */
static char escape_letter(char byte)
{
    switch (byte) {
    case '"':
    case '\\':
        return byte;
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return 0;
    }
}

static bool needs_escape(struct slice text, enum quote_bytes bytes)
{
    uint8_t byte = (uint8_t)text.data[0];
    if (byte >= 0x80 && bytes == QUOTE_LATIN1) { return true; }
    return byte == '"' || byte == '\\' || quote_control(text) > 0;
}

/* Appends the escape of the first character; returns how many bytes of the text it stands for. */
static size_t append_escape(struct buf *out, struct slice text, enum quote_bytes bytes)
{
    char letter = escape_letter(text.data[0]);
    if (letter) {
        buf_printf(out, "\\%c", letter);
        return 1;
    }
    size_t size = bytes == QUOTE_UTF8 ? quote_control(text) : 1;
    unsigned code = size > 1 ? code_point(text.data, size) : (uint8_t)text.data[0];
    buf_printf(out, "\\u%04x", code);
    return size;
}

void quote_json(struct buf *out, struct slice text, enum quote_bytes bytes)
{
    if (bytes == QUOTE_EITHER) {
        bytes = utf8_valid(text.data, text.size) ? QUOTE_UTF8 : QUOTE_LATIN1;
    }
    buf_append(out, "\"", 1);
    for (size_t i = 0; i < text.size;) {
        size_t from = i;
        while (i < text.size && !needs_escape(slice_of(text.data + i, text.size - i), bytes)) {
            i++;
        }
        buf_append(out, text.data + from, i - from);
        if (i < text.size) {
            i += append_escape(out, slice_of(text.data + i, text.size - i), bytes);
        }
    }
    buf_append(out, "\"", 1);
}

static bool is_plain_in_shell(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("@%+=:,./_-", c));
}

void quote_shell(struct buf *out, struct slice text)
{
    size_t plain = 0;
    while (plain < text.size && is_plain_in_shell(text.data[plain])) { plain++; }
    if (plain == text.size && text.size) {
        buf_append(out, text.data, text.size);
        return;
    }
    buf_append(out, "'", 1);
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '\'') {
            buf_printf(out, "'\\''");
        } else {
            buf_append(out, text.data + i, 1);
        }
    }
    buf_append(out, "'", 1);
}

void quote_url(struct buf *out, struct slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '.' || c == '_' || c == '~';
        if (plain) {
            buf_append(out, &c, 1);
        } else {
            buf_printf(out, "%%%02X", (unsigned)(uint8_t)c);
        }
    }
}
