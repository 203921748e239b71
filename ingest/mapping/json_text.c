#include "base/base.h"
#include "base/utf8.h"
#include "ingest/mapping/json_text.h"

/* Limits the depth and the number of values of a text, which need not be valid JSON. Each comma,
 * container and key counts as a value. */
static enum json_fault bounds(struct slice text)
{
    size_t depth = 0, values = 1;
    bool quoted = false;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (quoted) {
            if (c == '\\') { i++; }
            if (c == '"') { quoted = false; }
            continue;
        }
        switch (c) {
        case '"':
            quoted = true;
            break;
        case '{':
        case '[':
            values++;
            if (++depth > JSON_DEPTH_MAX) { return JSON_TOO_DEEP; }
            break;
        case '}':
        case ']':
            depth -= depth > 0;
            break;
        case ',':
            if (++values > JSON_VALUES_MAX) { return JSON_TOO_MANY_VALUES; }
            break;
        default:
            break;
        }
    }
    return values > JSON_VALUES_MAX ? JSON_TOO_MANY_VALUES : JSON_FINE;
}

static enum json_fault fault_of(enum json_error_code code)
{
    switch (code) {
    case json_error_invalid_utf8:
        return JSON_NOT_UTF8;
    case json_error_stack_overflow:
        return JSON_TOO_DEEP;
    case json_error_duplicate_key:
        return JSON_DUPLICATE_KEY;
    case json_error_numeric_overflow:
        return JSON_NUMBER_TOO_LARGE;
    default:
        return JSON_BAD_SYNTAX;
    }
}

enum json_fault json_text_parse(struct slice text, json_t **ret_document, char *where,
                                size_t where_size)
{
    assert(text.data && where_size > 0);
    where[0] = '\0';
    if (!utf8_valid(text.data, text.size)) { return JSON_NOT_UTF8; }
    enum json_fault fault = bounds(text);
    if (fault) { return fault; }
    json_error_t error;
    size_t flags = JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY;
    json_t *document = json_loadb(text.data, text.size, flags, &error);
    if (document) {
        *ret_document = document;
        return JSON_FINE;
    }
    /* The parser quotes the text after "near"; users' data must not be logged. */
    const char *near = strstr(error.text, " near ");
    int length = near ? (int)(near - error.text) : (int)strnlen(error.text, sizeof(error.text));
    fault = fault_of(json_error_code(&error));
    if (fault == JSON_DUPLICATE_KEY) { length = 0; }
    (void)snprintf(where, where_size, "byte %d%s%.*s", error.position, length ? ": " : "", length,
                   error.text);
    return fault;
}

json_t *json_text_within(const json_t *text)
{
    static const char blanks[] = " \t\r\n";
    char where[1];
    struct slice whole = slice_of(json_string_value(text), json_string_length(text));
    struct slice inner = whole;
    while (inner.size && strchr(blanks, *inner.data)) {
        inner.data++;
        inner.size--;
    }
    while (inner.size && strchr(blanks, inner.data[inner.size - 1])) { inner.size--; }
    if (inner.size < 2) { return NULL; }
    char first = inner.data[0], last = inner.data[inner.size - 1];
    if (!(first == '{' && last == '}') && !(first == '[' && last == ']')) { return NULL; }
    json_t *document = NULL;
    return json_text_parse(whole, &document, where, sizeof(where)) ? json_null() : document;
}
