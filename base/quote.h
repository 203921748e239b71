/* Texts from outside, written so that neither a log reader, a JSON parser nor a terminal is misled.
 *
 * No control character (U+0000 to U+001F, U+007F, U+0080 to U+009F) passes unescaped.
 */
#ifndef FRESHET_BASE_QUOTE_H
#define FRESHET_BASE_QUOTE_H

#include "base/base.h"
#include "base/buf.h"
#include "base/slice.h"

enum {
    QUOTE_VALUE_LEAST = 8, /* smallest buffer of quote_value() */
    QUOTE_TEXT_BYTES = 1024,
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

/* The encoding of the bytes of a JSON string: UTF-8 (the caller has checked it), Latin-1 (one byte
 * a character), or UTF-8 if the bytes are valid UTF-8 and else Latin-1. */
enum quote_bytes { QUOTE_UTF8, QUOTE_LATIN1, QUOTE_EITHER };

/* Appends the text as a JSON string, with its quotes. */
void quote_json(struct buf *out, struct slice text, enum quote_bytes bytes);

/* Says whether the text (not empty, UTF-8) begins with a control character. */
bool quote_is_control(struct slice text);

#endif
