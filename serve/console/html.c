#include "base/base.h"
#include "base/quote.h"
#include "base/utf8.h"
#include "serve/console/html.h"

static const char replacement[] = "\xEF\xBF\xBD";

static size_t character_bytes(char first)
{
    uint8_t byte = (uint8_t)first;
    return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

static const char *entity(char character)
{
    switch (character) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return NULL;
    }
}

/* Appends the first character of a text that is not empty; returns its bytes. */
static size_t put_character(struct buf *out, struct slice text)
{
    size_t bytes = character_bytes(text.data[0]);
    if (bytes > text.size || !utf8_valid(text.data, bytes)) {
        buf_append(out, replacement, sizeof(replacement) - 1);
        return 1;
    }
    size_t control = quote_control(text);
    const char *name = entity(text.data[0]);
    if (control) {
        buf_append(out, replacement, sizeof(replacement) - 1);
    } else if (name) {
        buf_append(out, name, strlen(name));
    } else {
        buf_append(out, text.data, bytes);
    }
    return control ? control : bytes;
}

void html_text(struct buf *out, struct slice text)
{
    while (text.size) {
        size_t bytes = put_character(out, text);
        text = slice_of(text.data + bytes, text.size - bytes);
    }
}

static bool is_plain(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_' ||
           byte == '~';
}

void html_url(struct buf *out, struct slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (is_plain(text.data[i])) {
            buf_append(out, &text.data[i], 1);
        } else {
            buf_printf(out, "%%%02X", (unsigned)(uint8_t)text.data[i]);
        }
    }
}

void html_number(struct buf *out, int64_t number)
{
    buf_printf(out, "%" PRId64, number);
}

void html_real(struct buf *out, double number, int digits)
{
    buf_printf(out, "%.*f", digits, isfinite(number) ? number : 0.0);
}
