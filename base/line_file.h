/* The lines of a text file, plain or gzip.
 *
 * A line ends in LF, CR LF, or in CR alone, if the file's first part has no LF. A byte order mark
 * before the first line is left out. One thread at a time.
 */
#ifndef FRESHET_BASE_LINE_FILE_H
#define FRESHET_BASE_LINE_FILE_H

#include "base/reason.h"
#include "base/slice.h"

enum { LINE_FILE_LINE_MAX = 64 << 20 }; /* bytes of a line */

struct line_file;

/* Opens a file; "-" is standard input. 0, or -1 with the reason. Free with line_file_close(). */
int line_file_open(const char *path, struct line_file **ret_file, struct reason *reason);
/* Reads the next line, without its end; borrowed until the next call, with a NUL behind it. 1; 0 at
 * the end; -1 with the reason. */
int line_file_next(struct line_file *file, struct slice *ret_line, struct reason *reason);
/* Returns the number of the line read last, from 1. */
int64_t line_file_number(const struct line_file *file);
/* Returns how many bytes of the file itself have been read. */
int64_t line_file_position(const struct line_file *file);
/* Closes the file; takes NULL; returns NULL. */
struct line_file *line_file_close(struct line_file *file);

#endif
