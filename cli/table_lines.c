#include "base/base.h"
#include "base/delimited.h"
#include "base/line_file.h"
#include "base/number.h"
#include "base/quote.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "cli/action_time.h"
#include "cli/table_lines.h"

enum { COLUMNS_MAX = 64, NAME_BYTES_MAX = 64, ROW_BYTES_MAX = 8 << 20 };

struct column {
    char name[NAME_BYTES_MAX];
    char unit[NAME_BYTES_MAX]; /* of a time; empty: a text */
    int index;
};

struct table_lines {
    char *path;
    struct line_file *file;
    bool delimited;
    struct delimited_format format;
    struct column columns[COLUMNS_MAX];
    size_t columns_count;
    struct delimited_row row;
    struct buf joined; /* a row of several lines */
    struct buf json;
    int64_t number;
    bool first_is_data;
    struct slice first;
};

struct table_lines *table_lines_close(struct table_lines *lines)
{
    if (!lines) { return NULL; }
    line_file_close(lines->file);
    delimited_row_release(&lines->row);
    buf_release(&lines->joined);
    buf_release(&lines->json);
    free(lines->path);
    free(lines);
    return NULL;
}

/* ---- Columns ---- */

static char separator_of(struct slice line)
{
    size_t commas = 0, semicolons = 0;
    for (size_t i = 0; i < line.size; i++) {
        if (line.data[i] == '\t') { return '\t'; }
        commas += line.data[i] == ',';
        semicolons += line.data[i] == ';';
    }
    return semicolons > commas ? ';' : ',';
}

static int find_column(struct table_lines *lines, const char *text, struct column *column,
                       struct reason *reason)
{
    const char *at = text;
    int64_t number;
    column->index = delimited_row_find(&lines->row, text);
    if (column->index >= 0) {
        lines->first_is_data = false;
        return 0;
    }
    if (number_read(&at, &number) && !*at && number >= 1 && number <= (int64_t)lines->row.count) {
        column->index = (int)number - 1;
        return 0;
    }
    bool within = lines->first.size &&
                  memmem(lines->first.data, lines->first.size, text, strlen(text)) != NULL;
    return reason_give(reason, "%s: --columns: there is no column %.60s; the first line is "
                       "\"%.*s\"%s", lines->path, text,
                       (int)MIN_OF(lines->first.size, (size_t)100), lines->first.data,
                       within ? "; hint: --separator says what stands between columns" : "");
}

static int take_column(struct table_lines *lines, struct slice part, struct reason *reason)
{
    const char *equals = memchr(part.data, '=', part.size);
    size_t name = equals ? (size_t)(equals - part.data) : 0;
    if (!name || name >= NAME_BYTES_MAX || lines->columns_count == COLUMNS_MAX) {
        return reason_give(reason, "--columns wants NAME=COLUMN with commas between them, at most "
                           "%d", COLUMNS_MAX);
    }
    struct column *column = &lines->columns[lines->columns_count++];
    memcpy(column->name, part.data, name);
    _cleanup_(xfreep) char *text = xprintf("%.*s", (int)(part.size - name - 1), equals + 1);
    char *colon = strchr(text, ':');
    if (colon && delimited_row_find(&lines->row, text) < 0) {
        (void)snprintf(column->unit, sizeof(column->unit), "%s", colon + 1);
        *colon = '\0';
    }
    return find_column(lines, text, column, reason);
}

static int take_columns(struct table_lines *lines, const char *columns, char separator,
                        struct reason *reason)
{
    int rc = line_file_next(lines->file, &lines->first, reason);
    if (rc < 0) { return -1; }
    if (rc == 0) { return reason_give(reason, "%s: it is empty", lines->path); }
    lines->delimited = true;
    lines->first_is_data = true;
    char found = separator ? separator : separator_of(lines->first);
    lines->format = (struct delimited_format){found, found != '\t'};
    struct slice rest = lines->first;
    if (delimited_row_read(&lines->row, lines->format, &rest)) {
        return reason_give(reason, "%s: line 1 is no row of columns", lines->path);
    }
    for (const char *at = columns; *at;) {
        size_t size = strcspn(at, ",");
        if (take_column(lines, slice_of(at, size), reason)) { return -1; }
        at += size + (at[size] == ',');
    }
    return 0;
}

int table_lines_open(const char *path, const char *columns, char separator,
                     struct table_lines **ret_lines, struct reason *reason)
{
    struct table_lines *lines = xcalloc(1, sizeof(*lines));
    lines->path = xstrdup(path);
    delimited_row_init(&lines->row, ROW_BYTES_MAX);
    buf_init(&lines->joined, ROW_BYTES_MAX);
    buf_init(&lines->json, 2 * ROW_BYTES_MAX);
    int rc = line_file_open(path, &lines->file, reason);
    if (!rc && columns) { rc = take_columns(lines, columns, separator, reason); }
    if (rc) {
        table_lines_close(lines);
        return -1;
    }
    *ret_lines = lines;
    return 0;
}

int64_t table_lines_number(const struct table_lines *lines)
{
    return lines->number;
}

int64_t table_lines_position(const struct table_lines *lines)
{
    return line_file_position(lines->file);
}

/* ---- Rows ---- */

static int next_line(struct table_lines *lines, struct slice *ret_line, struct reason *reason)
{
    if (lines->first_is_data) {
        lines->first_is_data = false;
        *ret_line = lines->first;
        return 1;
    }
    return line_file_next(lines->file, ret_line, reason);
}

/* Splits a line; one that ends within quotes goes on in the next. */
static int split(struct table_lines *lines, struct slice line, struct reason *reason)
{
    struct slice rest = line;
    int rc = delimited_row_read(&lines->row, lines->format, &rest);
    buf_clear(&lines->joined);
    while (rc == -EBADMSG && !buf_failed(&lines->joined)) {
        buf_append(&lines->joined, line.data, line.size);
        buf_append(&lines->joined, "\n", 1);
        int more = line_file_next(lines->file, &line, reason);
        if (more < 0) { return -1; }
        if (more == 0) { break; }
        size_t before = lines->joined.size;
        buf_append(&lines->joined, line.data, line.size + 1);
        rest = slice_of(lines->joined.data, lines->joined.size - 1);
        if (!buf_failed(&lines->joined)) {
            rc = delimited_row_read(&lines->row, lines->format, &rest);
        }
        lines->joined.size = before;
    }
    return rc ? reason_give(reason, "%s: line %" PRId64 ": a quote is not closed, text stands "
                            "behind one, or there are too many columns",
                            lines->path, lines->number) : 0;
}

static int put_member(struct table_lines *lines, const struct column *column, struct slice field,
                      struct reason *reason)
{
    int64_t ms;
    struct buf *json = &lines->json;
    buf_append(json, ",", json->size > 1);
    quote_json(json, slice_str(column->name), QUOTE_EITHER);
    buf_append(json, ":", 1);
    if (!column->unit[0]) {
        quote_json(json, field, QUOTE_EITHER);
        return 0;
    }
    if (action_time_read(column->unit, field, &ms)) {
        bool text = strcmp(column->unit, "iso8601") != 0 &&
                    action_time_read("iso8601", field, &ms) == 0;
        return reason_give(reason, "%s: line %" PRId64 ": %s is no time of the unit %s: \"%.*s\"%s",
                           lines->path, lines->number, column->name, column->unit,
                           (int)MIN_OF(field.size, (size_t)40), field.data,
                           text ? "; hint: write :iso8601" : "");
    }
    buf_printf(json, "%" PRId64, ms);
    return 0;
}

static int write_row(struct table_lines *lines, struct reason *reason)
{
    buf_clear(&lines->json);
    buf_append(&lines->json, "{", 1);
    for (size_t i = 0; i < lines->columns_count; i++) {
        const struct column *column = &lines->columns[i];
        if ((size_t)column->index >= lines->row.count) {
            return reason_give(reason, "%s: line %" PRId64 " has %zu columns", lines->path,
                               lines->number, lines->row.count);
        }
        struct slice field = lines->row.fields[column->index];
        if (field.size && put_member(lines, column, field, reason)) { return -1; }
    }
    buf_append(&lines->json, "}", 1);
    return buf_failed(&lines->json) ? reason_give(reason, "%s: line %" PRId64 " is too long",
                                                  lines->path, lines->number) : 0;
}

int table_lines_next(struct table_lines *lines, struct slice *ret_line, struct reason *reason)
{
    struct slice line;
    int rc;
    do {
        rc = next_line(lines, &line, reason);
        if (rc <= 0) { return rc; }
        lines->number = line_file_number(lines->file);
    } while (!line.size);
    if (!lines->delimited) {
        *ret_line = line;
        return 1;
    }
    if (split(lines, line, reason) || write_row(lines, reason)) { return -1; }
    *ret_line = buf_slice(&lines->json);
    return 1;
}
