#include "base/base.h"
#include "base/quote.h"
#include "base/utf8.h"
#include "serve/console/html.h"

enum { BAR_UNITS = 72 };

static const char replacement[] = "\xEF\xBF\xBD";

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
    size_t bytes = utf8_length(text.data[0]);
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

void html_number(struct buf *out, int64_t number)
{
    buf_printf(out, "%" PRId64, number);
}

void html_place(struct buf *out, int64_t place)
{
    if (place > 0) {
        html_number(out, place);
    } else {
        html_put(out, "–");
    }
}

void html_real(struct buf *out, double number, int digits)
{
    buf_printf(out, "%.*f", digits, isfinite(number) ? number : 0.0);
}

void html_measure(struct buf *out, double number, int digits)
{
    if (isnan(number)) {
        html_put(out, "–");
    } else {
        html_real(out, number, digits);
    }
}

void html_bar(struct buf *out, double part)
{
    html_put(out, "<svg class=\"bar\" viewBox=\"0 0 72 4\" aria-hidden=\"true\"><rect "
                  "width=\"72\" height=\"4\"/><rect height=\"4\" width=\"");
    html_real(out, part * BAR_UNITS, 1);
    html_put(out, "\"/></svg>");
}
