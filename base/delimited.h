/* Rows of text whose fields stand between separators: CSV (RFC 4180) and TSV.
 *
 * With quotes, a field that begins with one ends at the next that is not doubled, and may hold
 * separators and line ends. Without, every byte but the separator and the line end is the field's.
 * A line ends in LF, CR LF or CR.
 */
#ifndef FRESHET_BASE_DELIMITED_H
#define FRESHET_BASE_DELIMITED_H

#include "base/buf.h"
#include "base/slice.h"

enum { DELIMITED_FIELDS_MAX = 1024 }; /* of one row */

struct delimited_format {
    char separator;
    bool quotes;
};

struct delimited_row {
    struct slice fields[DELIMITED_FIELDS_MAX]; /* borrowed from the text or from `unquoted` */
    bool quoted[DELIMITED_FIELDS_MAX];
    size_t count;
    struct buf unquoted; /* fields with doubled quotes */
};

/* Makes an empty row; one text may have bytes_max bytes. Free with delimited_row_release(). */
void delimited_row_init(struct delimited_row *row, size_t bytes_max);
/* Frees the memory. */
void delimited_row_release(struct delimited_row *row);
/* Takes the first row off *rest. 0; -ENODATA: nothing is left; -EBADMSG: a quote is not closed, or
 * a closed one is not followed by a separator; -E2BIG: too many fields. */
int delimited_row_read(struct delimited_row *row, struct delimited_format format,
                       struct slice *rest);
/* Finds a field by its text, in any case; -1: there is none. */
int delimited_row_find(const struct delimited_row *row, const char *text);

#endif
