#include "base/base.h"
#include "base/delimited.h"

void delimited_row_init(struct delimited_row *row, size_t bytes_max)
{
    row->count = 0;
    buf_init(&row->unquoted, bytes_max);
}

void delimited_row_release(struct delimited_row *row)
{
    buf_release(&row->unquoted);
}

static bool is_line_end(char c)
{
    return c == '\n' || c == '\r';
}

/* Reads a field in quotes; `at` stands behind the first one. Returns where it ends, NULL: it does
 * not. */
static const char *read_quoted(struct delimited_row *row, const char *at, const char *end,
                               struct slice *ret_field)
{
    const char *first = at;
    char *copy = NULL;
    for (; at < end; at++) {
        if (*at != '"') { continue; }
        bool doubled = at + 1 < end && at[1] == '"';
        if (doubled && !copy) { copy = row->unquoted.data + row->unquoted.size; }
        if (copy) { buf_append(&row->unquoted, first, (size_t)(at - first) + doubled); }
        if (!doubled) {
            size_t size = (size_t)(at - first);
            *ret_field = copy ? slice_of(copy, (size_t)(row->unquoted.data + row->unquoted.size -
                                                        copy))
                              : slice_of(first, size);
            return at + 1;
        }
        at++;
        first = at + 1;
    }
    return NULL;
}

static const char *read_plain(const char *at, const char *end, char separator,
                              struct slice *ret_field)
{
    const char *first = at;
    while (at < end && *at != separator && !is_line_end(*at)) { at++; }
    *ret_field = slice_of(first, (size_t)(at - first));
    return at;
}

/* Takes the line's end, if it stands here. */
static const char *skip_line_end(const char *at, const char *end)
{
    if (at < end && *at == '\r') { at++; }
    if (at < end && *at == '\n') { at++; }
    return at;
}

int delimited_row_read(struct delimited_row *row, struct delimited_format format,
                       struct slice *rest)
{
    const char *at = rest->data, *end = rest->data + rest->size;
    row->count = 0;
    buf_clear(&row->unquoted);
    if (!rest->size) { return -ENODATA; }
    /* Room for all: pointers into the buffer stay valid. */
    if (format.quotes && !buf_reserve(&row->unquoted, rest->size)) { return -E2BIG; }
    for (;;) {
        if (row->count == DELIMITED_FIELDS_MAX) { return -E2BIG; }
        struct slice *field = &row->fields[row->count];
        bool quoted = format.quotes && at < end && *at == '"';
        row->quoted[row->count++] = quoted;
        at = quoted ? read_quoted(row, at + 1, end, field)
                    : read_plain(at, end, format.separator, field);
        if (!at) { return -EBADMSG; }
        if (at == end || is_line_end(*at)) { break; }
        if (*at != format.separator) { return -EBADMSG; }
        at++;
    }
    at = skip_line_end(at, end);
    *rest = slice_of(at, (size_t)(end - at));
    return 0;
}

int delimited_row_find(const struct delimited_row *row, const char *text)
{
    size_t size = strlen(text);
    for (size_t i = 0; i < row->count; i++) {
        if (row->fields[i].size == size && !strncasecmp(row->fields[i].data, text, size)) {
            return (int)i;
        }
    }
    return -1;
}
