/* The lines of a file for `freshet replay`: as they are, or the rows of a delimited file (CSV, TSV)
 * as JSON objects.
 *
 * `columns` is NAME=COLUMN with commas between them: a member NAME of the object for each column,
 * which is named as in the first line or by its number from 1; behind it may stand the unit of a
 * time (action_time.h), which becomes a number of milliseconds. Other values are texts; an empty
 * field is left out.
 */
#ifndef FRESHET_CLI_TABLE_LINES_H
#define FRESHET_CLI_TABLE_LINES_H

#include "base/reason.h"
#include "base/slice.h"

struct table_lines;

/* Opens a file. columns NULL: lines as they are. separator NUL: found in the first line. 0, or -1
 * with the reason. Free with table_lines_close(). */
int table_lines_open(const char *path, const char *columns, char separator,
                     struct table_lines **ret_lines, struct reason *reason);
/* Reads the next line that is not empty; borrowed until the next call. 1; 0 at the end; -1 with the
 * reason. */
int table_lines_next(struct table_lines *lines, struct slice *ret_line, struct reason *reason);
/* Returns the number of the line in the file, from 1. */
int64_t table_lines_number(const struct table_lines *lines);
/* Returns how many bytes of the file have been read. */
int64_t table_lines_position(const struct table_lines *lines);
/* Closes the file; takes NULL; returns NULL. */
struct table_lines *table_lines_close(struct table_lines *lines);

#endif
