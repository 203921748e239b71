/* The store holds a partition's local state in RocksDB, as a cache of a changelog topic. A bookmark
 * says how much of the topic the state contains.
 *
 * Data is in the default column family and the bookmark in another one, so a scan returns data
 * only. store_apply() writes a whole batch and the bookmark as one atomic write; only a load writes
 * batches without the bookmark. One thread.
 */
#ifndef FRESHET_STREAM_STORE_H
#define FRESHET_STREAM_STORE_H

#include "base/base.h"
#include "base/slice.h"

/* What the state contains: the first offsets that it does not contain, of the changelog and of the
 * input, the time, and the identity of the changelog. */
struct bookmark {
    int64_t changelog_offset;
    int64_t input_offset;
    int64_t current_ms; /* UTC: it contained every record that was written before; 0: unknown */
    int64_t position_offset; /* at or before the newest position in it, where log_id is not empty */
    char log_id[40];         /* position.h; empty: unknown */
};

struct store;
struct store_batch;

struct store_limits {
    int64_t write_buffer_bytes;
    int64_t block_cache_bytes;
    int64_t open_files; /* descriptors that it may use; 0: STORE_OPEN_FILES_MAX */
};

/* RocksDB's own files, and the least and the most that we let it have. */
enum { STORE_OPEN_FILES_OWN = 8, STORE_OPEN_FILES_MIN = 20, STORE_OPEN_FILES_MAX = 264 };

/* The first byte of keys that are in no changelog (task_keep() of worker.h). No id begins with
 * it. */
enum { STORE_KEPT_BYTE = 0xfc };
static inline bool store_is_kept(struct slice key)
{
    return key.size && (unsigned char)key.data[0] == STORE_KEPT_BYTE;
}

/* Opens the store in a directory, or creates it. -EAGAIN: another process has locked it; -ENOSPC:
 * the disk is full; -EMFILE, -ENFILE: too few descriptors; -EACCES, -EPERM, -EROFS: a right is
 * missing; -ENOMEM; -EIO: it is damaged, and only then it may be deleted. On failure ret_why has
 * the reason, which the caller frees. Close with store_close(). */
int store_open(const char *path, const struct store_limits *limits, struct store **ret_store,
               char **ret_why);
/* Closes the store; takes NULL; returns NULL. */
struct store *store_close(struct store *store);
/* Says whether a store was left open, as RocksDB had failed in it. Its threads may still run, and
 * would meet what exit() takes down: such a process ends by _exit(). Any thread. */
bool store_left_open(void);

/* Reads a value: 0 with bytes borrowed until the next store call, -ENOENT, or a fault: -EIO
 * (damage) or one of those of store_open(). A store that is found damaged here, or by
 * store_apply(), is marked on disk: nobody can open it before it is wiped. */
int store_get(struct store *store, struct slice key, struct slice *ret_value);
/* Reads the bookmark; -ENOENT in a fresh store. One without a time, as written before 0.2, gets
 * that of the newest file that the store had when it was opened. */
int store_bookmark(struct store *store, struct bookmark *ret_bookmark);
/* Calls back with each pair in key order, until the callback returns non-zero, which is
 * returned. Faults as of store_get(). */
int store_scan(struct store *store, int (*each)(void *arg, struct slice key, struct slice value),
               void *arg);
/* The same for the keys that begin with a prefix. */
int store_scan_prefix(struct store *store, struct slice prefix,
                      int (*each)(void *arg, struct slice key, struct slice value), void *arg);
/* The same for the keys from one on. */
int store_scan_from(struct store *store, struct slice from,
                    int (*each)(void *arg, struct slice key, struct slice value), void *arg);

/* A view shows the data as they are when it is made, whatever is written later. It holds up the
 * removal of what is overwritten, so it should not live long; the store must not be closed before
 * it is freed. */
struct store_view;
struct store_view *store_view_new(struct store *store);
/* Takes NULL; returns NULL. */
struct store_view *store_view_free(struct store_view *view);
/* Goes on to the next pair in key order, from the first one on: 1 with bytes borrowed until the
 * next call on the view; 0: there are no more; faults as of store_get(). */
int store_view_next(struct store_view *view, struct slice *ret_key, struct slice *ret_value);
/* Begins again with the first pair. */
void store_view_rewind(struct store_view *view);
/* Reads a value: 0 with bytes borrowed as above, -ENOENT, or a fault. The next pair is then that
 * behind the key. */
int store_view_get(struct store_view *view, struct slice key, struct slice *ret_value);

/* Estimates the number of keys. */
int64_t store_count(struct store *store);
/* Returns the last failure as text; borrowed until the next call. */
const char *store_why(struct store *store);

/* A note is a fact about the outside, by name, that holds as long as the local state does; a
 * restore does not bring it back. store_has_note() is false when it cannot be read. Results as of
 * store_apply(). */
bool store_has_note(struct store *store, const char *name);
int store_put_note(struct store *store, const char *name);
int store_drop_note(struct store *store, const char *name);

/* Makes an empty batch of writes; free with store_batch_free(). */
struct store_batch *store_batch_new(void);
/* Frees the batch; takes NULL; returns NULL. */
struct store_batch *store_batch_free(struct store_batch *batch);
/* Removes all writes from the batch. */
void store_batch_clear(struct store_batch *batch);
/* Adds a put (value NULL: a delete). The bytes are copied. */
void store_batch_put(struct store_batch *batch, struct slice key, struct slice value);
/* Applies the batch and the bookmark as one write (with RocksDB's log, without sync) and clears the
 * batch. 0, or with nothing applied -ENOSPC (less than four write buffers are free on the disk),
 * -EIO (damage, perhaps met by a compaction) or another fault of store_open(); after a failure the
 * store can only be closed. */
int store_apply(struct store *store, struct store_batch *batch, const struct bookmark *bookmark);

/* A load writes much state fast, which can be read from the changelog again. Between begin and end
 * batches are written without RocksDB's log and without the bookmark, with large buffers and little
 * compaction. store_load_end() flushes everything and then writes the bookmark. When the process
 * dies before, the state may be newer than its bookmark; the next restore then writes the same
 * records again. Results as of store_apply(). */
int store_load_begin(struct store *store, int64_t buffer_bytes);
int store_load(struct store *store, struct store_batch *batch);
int store_load_end(struct store *store, const struct bookmark *bookmark);
/* Returns the bytes of a batch. */
size_t store_batch_bytes(const struct store_batch *batch);

#endif
