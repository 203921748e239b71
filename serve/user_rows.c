/* A key's partition is that of the producer, so a read looks into one store. A row that was put is
 * seen by the next read: the table store writes out what waits before it reads. The lock is held
 * for one RocksDB call; opening a partition may take longer, and happens before this copy is
 * ready, or when the topic gets partitions. */
#include "base/base.h"
#include "base/xalloc.h"
#include "serve/user_rows.h"
#include "stream/kafka/murmur.h"
#include "stream/stored_table.h"

#include <pthread.h>

struct user_rows {
    pthread_mutex_t lock;
    struct table_store *store;
};

struct user_rows *user_rows_new(const char *path)
{
    struct user_rows *rows = xcalloc(1, sizeof(*rows));
    pthread_mutex_init(&rows->lock, NULL);
    rows->store = table_store_new(path);
    return rows;
}

struct user_rows *user_rows_free(struct user_rows *rows)
{
    if (!rows) { return NULL; }
    (void)table_store_flush(rows->store);
    table_store_free(rows->store);
    pthread_mutex_destroy(&rows->lock);
    free(rows);
    return NULL;
}

int64_t user_rows_resume(struct user_rows *rows, struct run *run, int input, int32_t partition,
                          int64_t low, int64_t end)
{
    pthread_mutex_lock(&rows->lock);
    int64_t from = stored_table_resume(run, rows->store, input, partition, low, end, NULL, NULL);
    pthread_mutex_unlock(&rows->lock);
    return from;
}

int user_rows_put(struct user_rows *rows, const struct record *rec, struct slice value)
{
    pthread_mutex_lock(&rows->lock);
    int result = table_store_put(rows->store, rec->partition, rec->key, value, rec->offset);
    if (result == 0) { table_store_stamp(rows->store, rec->partition, rec->time_ms); }
    pthread_mutex_unlock(&rows->lock);
    return result;
}

void user_rows_pass(struct user_rows *rows, const struct record *rec)
{
    pthread_mutex_lock(&rows->lock);
    table_store_pass(rows->store, rec->partition, rec->offset, rec->time_ms);
    pthread_mutex_unlock(&rows->lock);
}

int user_rows_read(struct user_rows *rows, struct slice user, struct buf *out)
{
    struct slice row;
    int result = -ENOENT;
    pthread_mutex_lock(&rows->lock);
    int32_t partitions = table_store_partitions(rows->store);
    if (partitions) {
        int32_t home = murmur_partition(user, partitions);
        result = table_store_get(rows->store, home, user, &row);
    }
    if (result == 0) { buf_append(out, row.data, row.size); }
    pthread_mutex_unlock(&rows->lock);
    return result;
}

int user_rows_flush(struct user_rows *rows)
{
    pthread_mutex_lock(&rows->lock);
    int result = table_store_flush(rows->store);
    pthread_mutex_unlock(&rows->lock);
    return result;
}

void user_rows_why(struct user_rows *rows, struct buf *out)
{
    pthread_mutex_lock(&rows->lock);
    buf_printf(out, "%s", table_store_why(rows->store));
    pthread_mutex_unlock(&rows->lock);
}
