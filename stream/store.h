/* A partition's local state: RocksDB as a cache of a Kafka topic, with a bookmark.
 *
 * Data live in the default column family, the bookmark in one of its own, so iteration meets data
 * only. The only way to write is a store_batch applied whole: state and bookmark together, never
 * one without the other. One thread. The door to rocksdb/c.h.
 */
#ifndef FRESHET_STREAM_STORE_H
#define FRESHET_STREAM_STORE_H

#include "base/base.h"
#include "base/slice.h"

/* How far the state reaches: the next offset of the changelog not in it, and of the input. */
struct bookmark {
    int64_t changelog_offset;
    int64_t input_offset;
};

struct store;
struct store_batch;

struct store_limits {
    int64_t write_buffer_bytes;
    int64_t block_cache_bytes;
};

/* Opens or makes the store in a directory. -EAGAIN: another process holds its lock; -ENOSPC: the
 * disk is full; -EIO: damaged or unreadable; ret_why is told (freed by the caller). */
int store_open(const char *path, const struct store_limits *limits, struct store **ret_store,
               char **ret_why);
/* Closes the store; takes NULL; returns NULL. */
struct store *store_close(struct store *store);
/* Deletes a closed store's directory and all in it; 0 (also when there is none) or -errno. */
int store_wipe(const char *path);

/* Reads a value: 0 with bytes borrowed until the next store call, -ENOENT, or -EIO. */
int store_get(struct store *store, struct slice key, struct slice *ret_value);
/* Reads the bookmark; -ENOENT in a fresh store. */
int store_bookmark(struct store *store, struct bookmark *ret_bookmark);
/* Calls each pair in key order, until the callback returns non-zero, which is returned. */
int store_scan(struct store *store, int (*each)(void *arg, struct slice key, struct slice value),
               void *arg);
/* Says whether another process has the store in a directory open. Not for one that is open here. */
bool store_in_use(const char *path);
/* Deletes the store in a directory unless a process has it open: -EAGAIN. Not for one that is open
 * here. */
int store_discard(const char *path);

/* Estimates the number of keys. */
int64_t store_count(struct store *store);
/* Tells the last failure in words; borrowed. */
const char *store_why(struct store *store);

/* A batch in the making; free with store_batch_free(). */
struct store_batch *store_batch_new(void);
struct store_batch *store_batch_free(struct store_batch *batch);
void store_batch_clear(struct store_batch *batch);
/* Adds a put (value NULL: a delete). The bytes are copied. */
void store_batch_put(struct store_batch *batch, struct slice key, struct slice value);
/* Applies the batch and the bookmark as one write (log on, sync off) and clears the batch; 0,
 * -ENOSPC (all but four write buffers of the disk are full) or -EIO (damage): nothing is applied,
 * and the store is good for nothing but closing. */
int store_apply(struct store *store, struct store_batch *batch, const struct bookmark *bookmark);

/* Loading: much that can be read again, as fast as it goes. Between begin and end batches are
 * written without a log and without a bookmark, buffers are large and tables are not compacted;
 * a process that dies leaves some newer state behind its old bookmark, over which the same records
 * are read again. The end writes everything out and then the bookmark. Errors as of
 * store_apply(). */
int store_load_begin(struct store *store, int64_t buffer_bytes);
int store_load(struct store *store, struct store_batch *batch);
int store_load_end(struct store *store, const struct bookmark *bookmark);
/* Counts the bytes in a batch. */
size_t store_batch_bytes(const struct store_batch *batch);

#endif
