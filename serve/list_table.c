/* A key's partition is that of the producer, so a read looks into one store. A row that was put is
 * seen by the next read: the table store writes out what waits before it reads. The lock is held
 * for one RocksDB call; opening a partition may take longer, and happens before this copy is
 * ready, or when the topic gets partitions. */
#include "base/base.h"
#include "base/xalloc.h"
#include "serve/list_table.h"
#include "stream/kafka/murmur.h"
#include "stream/stored_table.h"

#include <pthread.h>

struct list_table {
    pthread_mutex_t lock;
    struct table_store *rows;
};

struct list_table *list_table_new(const char *path)
{
    struct list_table *lists = xcalloc(1, sizeof(*lists));
    pthread_mutex_init(&lists->lock, NULL);
    lists->rows = table_store_new(path);
    return lists;
}

struct list_table *list_table_free(struct list_table *lists)
{
    if (!lists) { return NULL; }
    (void)table_store_flush(lists->rows);
    table_store_free(lists->rows);
    pthread_mutex_destroy(&lists->lock);
    free(lists);
    return NULL;
}

int64_t list_table_resume(struct list_table *lists, struct run *run, int input, int32_t partition,
                          int64_t low, int64_t end)
{
    pthread_mutex_lock(&lists->lock);
    int64_t from = stored_table_resume(run, lists->rows, input, partition, low, end, NULL, NULL);
    pthread_mutex_unlock(&lists->lock);
    return from;
}

int list_table_put(struct list_table *lists, const struct record *rec, struct slice list)
{
    pthread_mutex_lock(&lists->lock);
    int result = table_store_put(lists->rows, rec->partition, rec->key, list, rec->offset);
    if (result == 0) { table_store_stamp(lists->rows, rec->partition, rec->time_ms); }
    pthread_mutex_unlock(&lists->lock);
    return result;
}

int list_table_read(struct list_table *lists, struct slice user, struct buf *out)
{
    struct slice row;
    int result = -ENOENT;
    pthread_mutex_lock(&lists->lock);
    int32_t partitions = table_store_partitions(lists->rows);
    if (partitions) {
        int32_t home = murmur_partition(user, partitions);
        result = table_store_get(lists->rows, home, user, &row);
    }
    if (result == 0) { buf_append(out, row.data, row.size); }
    pthread_mutex_unlock(&lists->lock);
    return result;
}

int list_table_flush(struct list_table *lists)
{
    pthread_mutex_lock(&lists->lock);
    int result = table_store_flush(lists->rows);
    pthread_mutex_unlock(&lists->lock);
    return result;
}

const char *list_table_why(const struct list_table *lists)
{
    return table_store_why(lists->rows);
}
