/* Table store: the rows of a table as they were read, in a RocksDB for each partition of the topic.
 *
 * The topic is the changelog: the store holds the newest value of each key up to its bookmark, and
 * the next start reads the topic from there. It is a cache: a store that does not match the topic
 * any more is deleted. One thread.
 */
#ifndef FRESHET_STREAM_TABLE_STORE_H
#define FRESHET_STREAM_TABLE_STORE_H

#include "stream/state/store.h"

struct table_store;

/* Makes a table store in a directory; free with table_store_free(). */
struct table_store *table_store_new(const char *path);
/* Closes all partitions. Records that were not flushed will be read again from the topic by the
 * next start. Takes NULL; returns NULL. */
struct table_store *table_store_free(struct table_store *table_store);
/* Opens the store of a partition whose topic now reaches from low to end, and returns in *ret_from
 * the offset to read the topic from; 0 (also when it is open) or -errno. */
int table_store_open(struct table_store *table_store, int32_t partition, int64_t low,
                     int64_t end, int64_t *ret_from);
/* Puts the record at an offset (value NULL: removes its key). 0 or -errno, also for a partition
 * that could not be opened. */
int table_store_put(struct table_store *table_store, int32_t partition, struct slice key,
                    struct slice value, int64_t offset);
/* Reads the newest row of a key, also one that is not written out yet: 0 with bytes borrowed until
 * the next call, -ENOENT (also of a partition that is not open), or another -errno. */
int table_store_get(struct table_store *table_store, int32_t partition, struct slice key,
                    struct slice *ret_value);
/* Returns the number of partitions. */
int32_t table_store_partitions(const struct table_store *table_store);
/* Notes the timestamp of the record that was put last. */
void table_store_stamp(struct table_store *table_store, int32_t partition, int64_t time_ms);
/* Notes that the topic was read up to and with a record, of which there may be nothing to put: the
 * next start reads on behind it. */
void table_store_pass(struct table_store *table_store, int32_t partition, int64_t offset,
                      int64_t time_ms);
/* Returns why the store of an open partition was deleted when it was opened: a constant text; NULL:
 * it was not, or there was none. */
const char *table_store_doubt(const struct table_store *table_store, int32_t partition);
/* Returns what was stored of an open partition up to its opening: the newest record's time as
 * current_ms, its offset + 1 as position_offset; both 0 where they are not known. */
struct bookmark table_store_bookmark(const struct table_store *table_store,
                                     int32_t partition);
/* Writes out what was put; 0 or -errno. */
int table_store_flush(struct table_store *table_store);
/* Deletes what is stored of an open partition, to be read again from `low`; 0 or -errno. */
int table_store_begin_again(struct table_store *table_store, int32_t partition, int64_t low);
/* Calls `each` with every record of a partition; stops at non-zero, which is returned. Negative:
 * the store cannot be read, see table_store_begin_again(). */
int table_store_scan(struct table_store *table_store, int32_t partition,
                     int (*each)(void *arg, struct slice key, struct slice value), void *arg);
/* A table view shows all open partitions as they are when it is made (store_view of store.h). No
 * partition may be opened, or begun again, before it is freed. */
struct table_view;
/* Makes one, with what was put; NULL: that cannot be written out, see table_store_why(). */
struct table_view *table_view_new(struct table_store *table_store);
/* Takes NULL; returns NULL. */
struct table_view *table_view_free(struct table_view *view);
/* Goes on to the next row, from the first one of the first partition on: 1 with bytes borrowed
 * until the next call on the view; 0: there are no more; or -errno. */
int table_view_next(struct table_view *view, struct slice *ret_key, struct slice *ret_value);
/* Begins again with the first row. */
void table_view_rewind(struct table_view *view);
/* Reads a key's row in a partition: 0, -ENOENT, or another -errno. */
int table_view_get(struct table_view *view, int32_t partition, struct slice key,
                   struct slice *ret_value);
/* Returns up to which offset each partition has been read, 0 for one that is not open; borrowed. */
struct longs table_view_offsets(const struct table_view *view);

/* Returns the last failure in words; borrowed. */
const char *table_store_why(const struct table_store *table_store);

#endif
