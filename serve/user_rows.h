/* User rows: the newest row of every user of a table, on disk: lists, histories.
 *
 * The worker's thread writes rows, other threads read them; each call takes a lock. Rows are in
 * this program's own schema: a codec of the reader's own decodes them.
 */
#ifndef FRESHET_SERVE_USER_ROWS_H
#define FRESHET_SERVE_USER_ROWS_H

#include "base/buf.h"
#include "stream/worker.h"

struct user_rows;

/* Makes a table in a directory; free with user_rows_free(), which writes out what is not. */
struct user_rows *user_rows_new(const char *path);
struct user_rows *user_rows_free(struct user_rows *rows);
/* For the worker's resume(): opens a partition and returns the offset to read from. */
int64_t user_rows_resume(struct user_rows *rows, struct run *run, int input, int32_t partition,
                          int64_t low, int64_t end);
/* Puts the row of a record's key (a null value: removes it), encoded as it is to be read; 0 or
 * -errno: see user_rows_why(). */
int user_rows_put(struct user_rows *rows, const struct record *rec, struct slice row);
/* Notes that a record, and those before it, need not be read again. */
void user_rows_pass(struct user_rows *rows, const struct record *rec);
/* Appends the row of a user to out: 0, -ENOENT, or another -errno. */
int user_rows_read(struct user_rows *rows, struct slice user, struct buf *out);
/* Writes out what was put; 0 or -errno. */
int user_rows_flush(struct user_rows *rows);
/* Appends the last failure, which may be one of a read. */
void user_rows_why(struct user_rows *rows, struct buf *out);

#endif
