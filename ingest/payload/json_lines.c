#include "base/base.h"
#include "ingest/payload/json_lines.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Returns the end of the value at the start: the first line's end at no depth. */
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
    bool lines = memchr(text.data, '\n', text.size);
    size_t size = lines ? value_end(text) : text.size;
    *rest = slice_of(text.data + size, text.size - size);
    return slice_of(text.data, size);
}
