/* Table reader: reads the tables that lists are made from into live tables. Rows of items and the
 * catalogue are kept on disk, so a start reads only what came since; vectors, models and rules, of
 * which the newest count, and vectors of contents are read whole. Worker's thread.
 */
#ifndef FRESHET_SERVE_TABLE_READER_H
#define FRESHET_SERVE_TABLE_READER_H

#include "serve/live_tables.h"
#include "stream/worker.h"

enum table_kind {
    TABLE_ROWS,
    TABLE_ITEMS,
    TABLE_VECTORS,
    TABLE_MODELS,
    TABLE_CONTENT,
    TABLE_RULES,
    TABLE_CANDIDATES,
    TABLE_PROFILES,
    TABLE_GROUPS,
    TABLES_COUNT,
};

struct table_reader;

/* Makes it over live tables, borrowed, with what is kept in a directory. 0, or -errno with the
 * refusal set. Free with table_reader_free(). */
int table_reader_new(struct run *run, struct live_tables *live, const char *path,
                     struct table_reader **ret_reader);
/* Takes NULL; returns NULL. */
struct table_reader *table_reader_free(struct table_reader *reader);
/* For the worker's resume(). */
int64_t table_reader_resume(struct table_reader *reader, struct run *run, enum table_kind kind,
                            int input, int32_t partition, int64_t low, int64_t end);
/* Takes a record. */
enum verdict table_reader_take(struct table_reader *reader, struct run *run, enum table_kind kind,
                               const struct record *rec);
/* Notes that a record, and those before it, need not be read again. */
void table_reader_pass(struct table_reader *reader, enum table_kind kind, const struct record *rec);
/* Writes out what was put; 0 or -errno. */
int table_reader_flush(struct table_reader *reader);

#endif
