/* The file is opened twice: once for its first rows, which decide how all are read, and once for
 * all. What is decided: the separator, whether the first line has names, and the column of each
 * role. A file with blanks needs no columns: the first word is the user, all others are items.
 */
#include "base/base.h"
#include "base/delimited.h"
#include "base/line_file.h"
#include "base/xalloc.h"
#include "evaluate/action_rows.h"
#include "evaluate/column_guess.h"

enum { ROW_BYTES_MAX = 1 << 20 };

struct action_rows {
    const struct action_format *format;
    char *path;
    struct line_file *file;
    struct column_layout layout;
    struct delimited_row row;
    struct buf joined;  /* a row of several lines */
    struct slice words; /* what is left of a line with blanks */
    struct slice user;  /* of that line */
    bool alone;         /* no item of that line yet */
    int64_t row_line;
};

static int broken_row(struct action_rows *rows, int rc, struct reason *reason)
{
    return reason_give(reason, "%s: line %" PRId64 " %s", rows->path, rows->row_line,
                       rc == -E2BIG ? "has too many columns, or is too long"
                                    : "has a quote that is not closed, or text behind one");
}

/* Reads a row; one with a line end in quotes is put together. 1, 0 or -1. */
static int read_row(struct action_rows *rows, struct reason *reason)
{
    struct slice line;
    int rc = line_file_next(rows->file, &line, reason);
    if (rc <= 0) { return rc; }
    rows->row_line = line_file_number(rows->file);
    int split = column_layout_split(&rows->layout, &rows->row, line);
    buf_clear(&rows->joined);
    while (split == -EBADMSG) {
        buf_append(&rows->joined, line.data, line.size);
        buf_append(&rows->joined, "\n", 1);
        if (buf_failed(&rows->joined)) { return broken_row(rows, -EBADMSG, reason); }
        rc = line_file_next(rows->file, &line, reason);
        if (rc < 0) { return rc; }
        if (rc == 0) { return broken_row(rows, -EBADMSG, reason); }
        struct buf *joined = &rows->joined;
        size_t before = joined->size;
        buf_append(joined, line.data, line.size + 1);
        if (buf_failed(joined)) { return broken_row(rows, -EBADMSG, reason); }
        split = column_layout_split(&rows->layout, &rows->row,
                                    slice_of(joined->data, joined->size - 1));
        joined->size = before;
    }
    if (split == -ENODATA) { rows->row.count = 0; }
    return split == -E2BIG ? broken_row(rows, split, reason) : 1;
}

/* ---- Opening ---- */

static int decide(struct action_rows *rows, struct reason *reason)
{
    struct column_guess *guess = column_guess_new(rows->path, rows->format, &rows->layout);
    struct slice line;
    int rc = line_file_next(rows->file, &line, reason);
    while (rc > 0 && !line.size) { rc = line_file_next(rows->file, &line, reason); }
    if (rc > 0) { rc = column_guess_first(guess, line, reason) ? -1 : 1; }
    for (int i = 0; rc > 0 && i < COLUMN_GUESS_ROWS && rows->layout.separator != ' '; i++) {
        rc = read_row(rows, reason);
        if (rc > 0 && rows->row.count) { column_guess_row(guess, &rows->row); }
    }
    if (rc >= 0) { rc = column_guess_decide(guess, reason); }
    column_guess_free(guess);
    return rc;
}

static int reopen(struct action_rows *rows, struct reason *reason)
{
    rows->file = line_file_close(rows->file);
    return line_file_open(rows->path, &rows->file, reason);
}

int action_rows_open(const char *path, const struct action_format *format,
                     struct action_rows **ret_rows, struct reason *reason)
{
    struct action_rows *rows = xcalloc(1, sizeof(*rows));
    rows->format = format;
    rows->path = xstrdup(path);
    delimited_row_init(&rows->row, ROW_BYTES_MAX);
    buf_init(&rows->joined, ROW_BYTES_MAX);
    if (line_file_open(path, &rows->file, reason) || decide(rows, reason) ||
        reopen(rows, reason)) {
        action_rows_close(rows);
        return -1;
    }
    *ret_rows = rows;
    return 0;
}

struct action_rows *action_rows_close(struct action_rows *rows)
{
    if (!rows) { return NULL; }
    line_file_close(rows->file);
    delimited_row_release(&rows->row);
    buf_release(&rows->joined);
    free(rows->path);
    free(rows);
    return NULL;
}

int64_t action_rows_line(const struct action_rows *rows)
{
    return rows->row_line;
}

bool action_rows_named(const struct action_rows *rows)
{
    return rows->format->columns != NULL;
}

/* ---- Rows ---- */

static struct slice next_word(struct slice *words)
{
    struct slice rest = *words;
    while (rest.size && *rest.data == ' ') { rest = slice_of(rest.data + 1, rest.size - 1); }
    size_t size = 0;
    if (!rest.size) { return *words = (struct slice){0}; }
    while (size < rest.size && rest.data[size] != ' ') { size++; }
    *words = slice_of(rest.data + size, rest.size - size);
    return slice_of(rest.data, size);
}

/* Reads the next item of a line with blanks, or of the next line. */
static int next_of_sequence(struct action_rows *rows, struct action_row *ret_row,
                            struct reason *reason)
{
    for (;;) {
        struct slice item = next_word(&rows->words);
        if (item.size || rows->alone) {
            *ret_row = (struct action_row){.user = rows->user, .item = item, .rating = 1.0F};
            rows->alone = false;
            return 1;
        }
        int rc = line_file_next(rows->file, &rows->words, reason);
        if (rc <= 0) { return rc; }
        rows->row_line = line_file_number(rows->file);
        rows->user = next_word(&rows->words);
        rows->alone = rows->user.size > 0;
    }
}

static struct slice field_at(const struct action_rows *rows, int column)
{
    if (column < 0 || (size_t)column >= rows->row.count) { return (struct slice){0}; }
    return rows->row.fields[column];
}

static int wrong_field(struct action_rows *rows, const char *what, struct slice field,
                       struct reason *reason)
{
    return reason_give(reason, "%s: line %" PRId64 " %s: \"%.*s\"", rows->path, rows->row_line,
                       what, (int)MIN_OF(field.size, (size_t)40), field.data);
}

static int read_fields(struct action_rows *rows, struct action_row *ret_row, struct reason *reason)
{
    const struct column_layout *layout = &rows->layout;
    struct slice rating = field_at(rows, layout->rating), time = field_at(rows, layout->time);
    double number = 1.0;
    *ret_row = (struct action_row){.user = field_at(rows, layout->user),
                                   .item = field_at(rows, layout->item)};
    if (column_is_none(ret_row->user)) { ret_row->user = (struct slice){0}; }
    if (column_is_none(ret_row->item)) { ret_row->item = (struct slice){0}; }
    if (rating.data) {
        bool known = column_number(rating, &number) && isfinite((float)number);
        if (!known) { return wrong_field(rows, "has a rating that is no number", rating, reason); }
        ret_row->rated = true;
    }
    ret_row->rating = (float)number;
    if (!time.data) { return 1; }
    if (column_layout_time(layout, rows->format, time, &ret_row->ts_ms)) {
        return wrong_field(rows, layout->unit[0] == 's' && !layout->unit[1]
                                     ? "has a time that is no number of seconds"
                                     : "has a time that is not of its unit", time, reason);
    }
    ret_row->timed = true;
    return 1;
}

int action_rows_next(struct action_rows *rows, struct action_row *ret_row, struct reason *reason)
{
    if (rows->layout.separator == ' ') { return next_of_sequence(rows, ret_row, reason); }
    for (;;) {
        int rc = read_row(rows, reason);
        if (rc <= 0) { return rc; }
        if (!rows->row.count || (rows->row.count == 1 && !rows->row.fields[0].size)) { continue; }
        if (rows->layout.names) {
            rows->layout.names = false; /* the first line is read once */
            continue;
        }
        return read_fields(rows, ret_row, reason);
    }
}
