/* Texts from outside, written so that neither a log reader, a JSON parser nor a terminal is misled.
 *
 * No control character passes unescaped: neither those that steer a terminal (U+0000 to U+001F,
 * U+007F, U+0080 to U+009F) nor those that break a line or turn the direction of writing (U+2028,
 * U+2029; U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069).
 */
#ifndef FRESHET_BASE_QUOTE_H
#define FRESHET_BASE_QUOTE_H

#include "base/base.h"
#include "base/buf.h"
#include "base/slice.h"

enum {
    QUOTE_VALUE_LEAST = 8, /* smallest buffer of quote_value() */
    QUOTE_TEXT_BYTES = 2048,
};

/* Quotes the value of a `key=value` pair: plain if it needs no quotes, else "..." with \" \\ \n
 * \xNN escaped. Writes at most size-1 bytes and a NUL; a longer text is cut and ends in "...".
 * Returns into. */
const char *quote_value(const char *text, size_t length, char *into, size_t size);

/* Quotes a text inside a call: `env_log(..., "why=%s", quote_text(why).text)`. NULL means "". */
struct quoted {
    char text[QUOTE_TEXT_BYTES];
};
struct quoted quote_text(const char *text);

/* Writes a text for people: control characters and bytes that are not UTF-8 as \n, \xNN or \uNNNN,
 * all else as it is. Writes at most size-1 bytes and a NUL; a longer text is cut. */
void quote_screen(struct slice text, char *into, size_t size);
/* The same inside a call, cut at QUOTE_TEXT_BYTES: `printf("%s", quote_line(title).text)`. */
struct quoted quote_line(struct slice text);

/* The encoding of the bytes of a JSON string: UTF-8 (the caller has checked it), Latin-1 (one byte
 * a character), or UTF-8 if the bytes are valid UTF-8 and else Latin-1. */
enum quote_bytes { QUOTE_UTF8, QUOTE_LATIN1, QUOTE_EITHER };

/* Appends the text as a JSON string, with its quotes. */
void quote_json(struct buf *out, struct slice text, enum quote_bytes bytes);

/* Returns the bytes of the control character with which the text (not empty) begins; 0: none. */
size_t quote_control(struct slice text);

/* Appends a text as one word of a POSIX shell: plain if it needs no quotes, else in '...'. */
void quote_shell(struct buf *out, struct slice text);

/* Appends a text as one part of a URL (RFC 3986): %XX but for letters, digits and -._~ */
void quote_url(struct buf *out, struct slice text);

#endif
