#include "base/base.h"
#include "ingest/payload/json_lines.h"

enum { RECORD_SEPARATOR = 0x1e }; /* before each text of a JSON text sequence (RFC 7464) */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == RECORD_SEPARATOR;
}

/* Returns the end of the value at the start: at no depth, the first line's end, or where one object
 * follows the other. */
static size_t value_end(struct slice text)
{
    size_t depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (quoted) {
            if (c == '\\') { i++; }
            if (c == '"') { quoted = false; }
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if (c == '}' || c == ']') {
            depth -= depth > 0;
            if (!depth && i + 1 < text.size && text.data[i + 1] == '{') { return i + 1; }
        } else if (c == '\n' && depth == 0) {
            return i;
        }
    }
    return text.size;
}

struct slice json_lines_next(struct slice *rest)
{
    struct slice text = *rest;
    while (text.size && is_blank(*text.data)) {
        text.data++;
        text.size--;
    }
    if (!text.size) {
        *rest = text;
        return (struct slice){0};
    }
    bool several = memchr(text.data, '\n', text.size) || memmem(text.data, text.size, "}{", 2);
    size_t size = several ? value_end(text) : text.size;
    *rest = slice_of(text.data + size, text.size - size);
    return slice_of(text.data, size);
}
