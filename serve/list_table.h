/* List table: the newest list of every user, on disk.
 *
 * The worker's thread writes rows, other threads read them; each call takes a lock. Rows are of the
 * contract RecommendationList, written by this program: a codec of the reader's own decodes them.
 */
#ifndef FRESHET_SERVE_LIST_TABLE_H
#define FRESHET_SERVE_LIST_TABLE_H

#include "base/buf.h"
#include "stream/worker.h"

struct list_table;

/* Makes a list table in a directory; free with list_table_free(), which writes out what is not. */
struct list_table *list_table_new(const char *path);
struct list_table *list_table_free(struct list_table *lists);
/* For the worker's resume(): opens a partition and returns the offset to read from. */
int64_t list_table_resume(struct list_table *lists, struct run *run, int input, int32_t partition,
                          int64_t low, int64_t end);
/* Puts the list of a record's key (a null value: removes it), encoded as it is to be read; 0 or
 * -errno: see list_table_why(). */
int list_table_put(struct list_table *lists, const struct record *rec, struct slice list);
/* Appends the row of a user to out: 0, -ENOENT, or another -errno. */
int list_table_read(struct list_table *lists, struct slice user, struct buf *out);
/* Writes out what was put; 0 or -errno. */
int list_table_flush(struct list_table *lists);
/* Returns the last failure; borrowed until the next one. Worker's thread. */
const char *list_table_why(const struct list_table *lists);

#endif
