/* A text is read in one pass. peek() hides continuation lines, so that everything above it sees one
 * logical line; find_property() skips blank lines and comments before that. Escapes are decoded
 * into the key and value buffers, which have a maximum. After a fault the rest of the logical line
 * is skipped, and reading goes on.
 */
#include "base/base.h"
#include "stream/config/properties.h"

enum { END = -1 };

void properties_reader_init(struct properties_reader *reader, struct slice text)
{
    *reader = (struct properties_reader){.text = text, .line = 1};
    buf_init(&reader->key, PROPERTY_KEY_MAX);
    buf_init(&reader->value, PROPERTY_VALUE_MAX);
}

void properties_reader_release(struct properties_reader *reader)
{
    buf_release(&reader->key);
    buf_release(&reader->value);
}

/* ---- Bytes of one logical line: peek() crosses continuations ---- */

static int byte_at(const struct properties_reader *reader, size_t at)
{
    return at < reader->text.size ? (unsigned char)reader->text.data[at] : END;
}

static bool is_blank(int byte)
{
    return byte == ' ' || byte == '\t' || byte == '\f';
}

static bool is_newline(int byte)
{
    return byte == '\n' || byte == '\r';
}

static void skip_blanks(struct properties_reader *reader)
{
    while (is_blank(byte_at(reader, reader->at))) { reader->at++; }
}

static void skip_newline(struct properties_reader *reader)
{
    int first = byte_at(reader, reader->at);
    if (!is_newline(first)) { return; }
    reader->at += first == '\r' && byte_at(reader, reader->at + 1) == '\n' ? 2 : 1;
    reader->line++;
}

/* Returns the next byte of the logical line without taking it; END at its end. */
static int peek(struct properties_reader *reader)
{
    while (byte_at(reader, reader->at) == '\\' && is_newline(byte_at(reader, reader->at + 1))) {
        reader->at++;
        skip_newline(reader);
        skip_blanks(reader);
    }
    int byte = byte_at(reader, reader->at);
    return is_newline(byte) ? END : byte;
}

static void skip_line_blanks(struct properties_reader *reader)
{
    while (is_blank(peek(reader))) { reader->at++; }
}

static void skip_logical_line(struct properties_reader *reader)
{
    for (int byte; (byte = peek(reader)) != END;) {
        reader->at += byte == '\\' && byte_at(reader, reader->at + 1) != END ? 2 : 1;
    }
    skip_newline(reader);
}

/* Goes to the first byte of the next property; false at the end of the text. */
static bool find_property(struct properties_reader *reader)
{
    for (;;) {
        skip_blanks(reader);
        int byte = byte_at(reader, reader->at);
        if (byte == END) { return false; }
        if (byte == '#' || byte == '!') {
            while (byte != END && !is_newline(byte)) { byte = byte_at(reader, ++reader->at); }
        } else if (!is_newline(byte)) {
            return true;
        }
        skip_newline(reader);
    }
}

/* ---- Escapes ---- */

static int hex_unit(struct properties_reader *reader)
{
    int unit = 0;
    for (int i = 0; i < 4; i++) {
        static const char digits[] = "0123456789abcdef0123456789ABCDEF";
        int byte = byte_at(reader, reader->at);
        const char *found = byte > 0 ? strchr(digits, byte) : NULL;
        if (!found) { return -EINVAL; }
        unit = unit << 4 | (int)((found - digits) & 15);
        reader->at++;
    }
    return unit;
}

static int append_utf8(struct buf *out, int code)
{
    static const unsigned char leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    if (code == 0) { return -EINVAL; }
    int size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (int i = 0; i < size; i++) {
        int bits = code >> (6 * (size - 1 - i));
        unsigned char byte = (unsigned char)(i == 0 && size == 1 ? bits
                                             : i == 0           ? bits | leads[size]
                                                                : (bits & 0x3f) | 0x80);
        buf_append(out, &byte, 1);
    }
    return 0;
}

/* Reads what follows \u: four hexadecimal digits, or two such escapes for a code above U+FFFF. */
static int append_unicode(struct properties_reader *reader, struct buf *out)
{
    int code = hex_unit(reader);
    if (code < 0 || (code >= 0xdc00 && code <= 0xdfff)) { return -EINVAL; }
    if (code < 0xd800 || code > 0xdbff) { return append_utf8(out, code); }
    if (byte_at(reader, reader->at) != '\\' || byte_at(reader, reader->at + 1) != 'u') {
        return -EINVAL;
    }
    reader->at += 2;
    int low = hex_unit(reader);
    if (low < 0xdc00 || low > 0xdfff) { return -EINVAL; }
    return append_utf8(out, 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00));
}

static int append_escape(struct properties_reader *reader, struct buf *out)
{
    int byte = byte_at(reader, ++reader->at);
    if (byte == END) { return 0; } /* a backslash at the end of the text */
    reader->at++;
    if (byte == 'u') { return append_unicode(reader, out); }
    char plain = (char)(byte == 't' ? '\t' : byte == 'n' ? '\n' : byte == 'r' ? '\r'
                                           : byte == 'f' ? '\f' : byte);
    buf_append(out, &plain, 1);
    return 0;
}

static const char *read_byte(struct properties_reader *reader, int byte, struct buf *out)
{
    bool escaped = byte == '\\';
    if (byte == 0 || (escaped && byte_at(reader, reader->at + 1) == 0)) {
        return "a NUL byte; the file must be text";
    }
    if (escaped) {
        return append_escape(reader, out) ? "\\u must be followed by four hexadecimal digits of a "
                                            "Unicode character" : NULL;
    }
    char plain = (char)byte;
    buf_append(out, &plain, 1);
    reader->at++;
    return NULL;
}

/* ---- One property ---- */

static const char *read_key(struct properties_reader *reader)
{
    for (int byte; (byte = peek(reader)) != END && byte != '=' && byte != ':' && !is_blank(byte);) {
        const char *fault = read_byte(reader, byte, &reader->key);
        if (fault) { return fault; }
    }
    buf_append(&reader->key, "", 1);
    if (buf_failed(&reader->key)) { return "the key is longer than 255 bytes"; }
    _Static_assert(PROPERTY_KEY_MAX == 256, "the text above names the limit");
    return reader->key.size == 1 ? "the key is empty; write key=value" : NULL;
}

static const char *read_value(struct properties_reader *reader)
{
    size_t kept = 0; /* size without the blanks at the end that are not escaped */
    for (int byte; (byte = peek(reader)) != END;) {
        const char *fault = read_byte(reader, byte, &reader->value);
        if (fault) { return fault; }
        if (!is_blank(byte)) { kept = reader->value.size; }
    }
    if (!buf_failed(&reader->value)) { reader->value.size = kept; }
    buf_append(&reader->value, "", 1);
    _Static_assert(PROPERTY_VALUE_MAX == 64 << 10, "the text below names the limit");
    return buf_failed(&reader->value) ? "the value is longer than 65535 bytes" : NULL;
}

/* Says whether the separator is a colon. */
static bool skip_separator(struct properties_reader *reader)
{
    skip_line_blanks(reader);
    int byte = peek(reader);
    if (byte == '=' || byte == ':') { reader->at++; }
    skip_line_blanks(reader);
    return byte == ':';
}

int properties_next(struct properties_reader *reader, struct property_line *ret_line)
{
    buf_clear(&reader->key);
    buf_clear(&reader->value);
    if (!find_property(reader)) { return 0; }
    int line = reader->line;
    bool colon = false;
    const char *fault = read_key(reader);
    if (!fault) {
        colon = skip_separator(reader);
        fault = read_value(reader);
    }
    skip_logical_line(reader);
    *ret_line = (struct property_line){.line = line, .colon = colon, .fault = fault};
    if (fault) { return -EINVAL; }
    ret_line->key = reader->key.data;
    ret_line->value = reader->value.data;
    return 1;
}

bool properties_find(struct slice text, const char *key, struct buf *value)
{
    struct properties_reader reader;
    struct property_line line;
    bool found = false;
    int rc;
    buf_clear(value);
    properties_reader_init(&reader, text);
    while (!found && (rc = properties_next(&reader, &line)) != 0) {
        if (rc < 0 || strcmp(line.key, key) != 0) { continue; }
        found = true;
        buf_append(value, line.value, strlen(line.value));
    }
    properties_reader_release(&reader);
    return found;
}
