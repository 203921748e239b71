/* RocksDB behind a small interface.
 *
 * What can go wrong:
 *   - A full disk in the middle of a write makes RocksDB abort the process where it is built with
 *     assertions, as Debian's is. check_able() therefore checks the free space before each write.
 *   - After a failed write RocksDB's state is undefined, and closing it would abort the process.
 *     `fault` makes store_close() leave it and its threads alone; the process ends by _exit().
 *     On a full disk a store that has not failed is closed without purge(), whose flush would fail.
 *   - RocksDB's threads tell of a full disk in its text log, on that disk; the second line, behind
 *     one that could not be written, aborts the process (EnvLogger). So nothing but headers is
 *     logged; faults come back from calls.
 *   - A process loses its locks on a file when it closes *any* descriptor of the file. So
 *     store_in_use() and store_discard(), which open LOCK, must not be called for a store that is
 *     open here.
 *   - A value from store_get() is pinned in RocksDB's memory until the next call.
 *   - Damage may be met by a compaction in the background, long after the start; RocksDB then
 *     refuses writes. Closing and opening again would repeat that for ever. So a store that is
 *     found damaged gets a mark (store_directory.h), and store_open() refuses it as damaged until
 *     it is wiped.
 *   - A deleted key stays in RocksDB's log until the next flush, and in its tables until they are
 *     compacted; in a small store that may be for ever. Keys name users, so purge() flushes soon
 *     after a delete and asks RocksDB to compact the tables that hold the key.
 *   - Too few descriptors, too little memory and missing rights are no damage: nothing is wiped.
 * RocksDB gives its errors as text only; sort_why() turns them into an errno.
 */
#include "base/base.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/xalloc.h"
#include "stream/state/store.h"
#include "stream/state/store_directory.h"

#include <rocksdb/c.h>
#include <stdatomic.h>
#include <sys/statvfs.h>

/* Space for RocksDB's log and tables that must be free before a write, in write buffers. */
enum { RESERVE_BUFFERS = 4 };

enum { FAMILY_DATA, FAMILY_BOOKMARK, FAMILIES };

static const char *const family_names[FAMILIES] = {"default", "bookmark"};
static const char bookmark_key[] = "bookmark";
enum { FORMER_BOOKMARK_BYTES = 16 }; /* before 0.2: the two offsets */
_Static_assert(offsetof(struct bookmark, current_ms) == FORMER_BOOKMARK_BYTES,
               "the former members are the first");

/* Numbers of first-level tables at which compaction begins, writes are slowed down and writes stop.
 * The last two are high because a load may leave many tables, which must not slow live writes. */
enum { COMPACT_AT = 4, LOAD_COMPACT_AT = 100, SLOW_AT = 160, STOP_AT = 240 };

enum { INFO_LOG_FATAL = 4 };

/* Deleted keys, each with its size before it (uint32_t); beyond the limit they wait for RocksDB. */
enum { PURGE_EVERY_MS = 10000, PURGE_BYTES_MAX = 64 << 10 };

struct store {
    rocksdb_t *db;
    rocksdb_options_t *options;
    rocksdb_block_based_table_options_t *table;
    rocksdb_cache_t *cache;
    rocksdb_filterpolicy_t *filter; /* owned by `table` once set */
    rocksdb_readoptions_t *read;
    rocksdb_writeoptions_t *write;
    rocksdb_writeoptions_t *write_unlogged;
    rocksdb_flushoptions_t *flush;
    int64_t write_buffer_bytes;
    bool loading;
    rocksdb_column_family_handle_t *families[FAMILIES];
    rocksdb_pinnableslice_t *pinned; /* value of the last store_get() */
    struct buf deleted; /* keys that are to be purged */
    int64_t purged_ms;
    char *path;
    int64_t touched_ms; /* the newest change of its files before it was opened; 0: none */
    int fault; /* of a write: RocksDB must not be used again, not even closed; 0: none */
    char *why;
};

struct store_batch {
    rocksdb_writebatch_t *writes;
    struct buf deleted; /* its deleted keys */
};

static void keep_why(struct store *store, char *why)
{
    free(store->why);
    store->why = why;
}

/* RocksDB keeps the tables that it has read open, up to a number. */
static int tables_max(const struct store_limits *limits)
{
    int64_t files = limits->open_files ? limits->open_files : STORE_OPEN_FILES_MAX;
    files = MIN_OF(MAX_OF(files, (int64_t)STORE_OPEN_FILES_MIN), (int64_t)STORE_OPEN_FILES_MAX);
    return (int)files - STORE_OPEN_FILES_OWN;
}

/* One process has many small stores, so buffers are small, background threads are few, and old log
 * files are deleted. */
static void set_options(struct store *store, const struct store_limits *limits)
{
    store->cache = rocksdb_cache_create_lru((size_t)limits->block_cache_bytes);
    store->table = rocksdb_block_based_options_create();
    rocksdb_block_based_options_set_block_cache(store->table, store->cache);
    store->filter = rocksdb_filterpolicy_create_bloom_full(10);
    rocksdb_block_based_options_set_filter_policy(store->table, store->filter);
    store->options = rocksdb_options_create();
    rocksdb_options_set_create_if_missing(store->options, 1);
    rocksdb_options_set_create_missing_column_families(store->options, 1);
    rocksdb_options_set_block_based_table_factory(store->options, store->table);
    rocksdb_options_set_write_buffer_size(store->options, (size_t)limits->write_buffer_bytes);
    rocksdb_options_set_max_write_buffer_number(store->options, 2);
    rocksdb_options_set_memtable_prefix_bloom_size_ratio(store->options, 0.02); /* of whole keys */
    rocksdb_options_set_memtable_whole_key_filtering(store->options, 1);
    rocksdb_options_set_max_background_jobs(store->options, 2);
    rocksdb_options_set_max_open_files(store->options, tables_max(limits));
    rocksdb_options_set_compression(store->options, rocksdb_lz4_compression);
    rocksdb_options_set_max_total_wal_size(store->options,
                                           (uint64_t)limits->write_buffer_bytes * 4);
    rocksdb_options_set_level0_file_num_compaction_trigger(store->options, COMPACT_AT);
    rocksdb_options_set_level0_slowdown_writes_trigger(store->options, SLOW_AT);
    rocksdb_options_set_level0_stop_writes_trigger(store->options, STOP_AT);
    rocksdb_options_set_keep_log_file_num(store->options, 2);
    rocksdb_options_set_info_log_level(store->options, INFO_LOG_FATAL);
    store->read = rocksdb_readoptions_create();
    store->write = rocksdb_writeoptions_create();
    rocksdb_writeoptions_set_sync(store->write, 0);
    store->write_unlogged = rocksdb_writeoptions_create();
    rocksdb_writeoptions_disable_WAL(store->write_unlogged, 1);
    store->flush = rocksdb_flushoptions_create();
    store->write_buffer_bytes = limits->write_buffer_bytes;
}

/* Faults that are not damage: what may help is outside the store. */
static const int harmless[] = {EMFILE, ENFILE, ENOMEM, EACCES, EPERM, EROFS};

/* Turns RocksDB's error text into an errno. An error about the lock names the file LOCK. A full
 * disk is no damage, and the state must not be deleted for it. */
static int sort_why(const char *why)
{
    if (strstr(why, strerror(ENOSPC)) || strstr(why, strerror(EDQUOT))) { return -ENOSPC; }
    for (size_t i = 0; i < ARRAY_COUNT(harmless); i++) {
        if (strstr(why, strerror(harmless[i]))) { return -harmless[i]; }
    }
    return strstr(why, "/LOCK: ") ? -EAGAIN : -EIO;
}

/* Keeps RocksDB's error and frees it; returns the errno. */
static int keep_fault(struct store *store, char *error)
{
    keep_why(store, xstrdup(error));
    rocksdb_free(error);
    int result = sort_why(store->why);
    if (result == -EIO) { store_mark_damaged(store->path); }
    return result == -EAGAIN ? -EIO : result;
}

int store_open(const char *path, const struct store_limits *limits, struct store **ret_store,
               char **ret_why)
{
    assert(limits->write_buffer_bytes > 0 && limits->block_cache_bytes > 0);
    CRASH_POINT("store.open");
    if (store_is_marked(path)) {
        *ret_why = xstrdup("it was found to be damaged");
        return -EIO;
    }
    struct store *store = xcalloc(1, sizeof(*store));
    set_options(store, limits);
    buf_init(&store->deleted, PURGE_BYTES_MAX);
    store->path = xstrdup(path);
    store->touched_ms = store_changed_ms(path);
    const rocksdb_options_t *options[FAMILIES] = {store->options, store->options};
    char *error = NULL;
    store->db = rocksdb_open_column_families(store->options, path, FAMILIES, family_names, options,
                                             store->families, &error);
    if (error) {
        store->db = NULL;
        *ret_why = xstrdup(error);
        rocksdb_free(error);
        store_close(store);
        return sort_why(*ret_why);
    }
    *ret_store = store;
    return 0;
}

static void unpin(struct store *store)
{
    if (store->pinned) { rocksdb_pinnableslice_destroy(store->pinned); }
    store->pinned = NULL;
}

/* ---- Deleted keys ---- */

/* Adds as many whole keys as there is room for. */
static void keep_deleted(struct buf *deleted, struct slice key)
{
    uint32_t size = (uint32_t)key.size;
    if (buf_slice(deleted).size + sizeof(size) + size > PURGE_BYTES_MAX) { return; }
    buf_append(deleted, &size, sizeof(size));
    buf_append(deleted, key.data, key.size);
}

static bool next_deleted(struct slice *rest, struct slice *ret_key)
{
    uint32_t size;
    if (!rest->size) { return false; }
    memcpy(&size, rest->data, sizeof(size));
    *ret_key = slice_of(rest->data + sizeof(size), size);
    *rest = slice_of(ret_key->data + size, rest->size - sizeof(size) - size);
    return true;
}

static int keep_error(struct store *store, char *error)
{
    if (!error) { return 0; }
    return store->fault = keep_fault(store, error);
}

/* Writes out a family's newest writes, in the background or now. */
static int flush(struct store *store, int family, bool wait)
{
    char *error = NULL;
    rocksdb_flushoptions_set_wait(store->flush, wait);
    rocksdb_flush_cf(store->db, store->flush, store->families[family], &error);
    return keep_error(store, error);
}

/* Writes out what RocksDB's log holds, so that the log is deleted, and has the tables with the
 * deleted keys compacted in the background. After a fault of the flush the store has failed. */
static void purge(struct store *store)
{
    struct slice rest = buf_slice(&store->deleted), key;
    if (!rest.size || store->loading) { return; }
    for (int i = 0; i < FAMILIES && !store->fault; i++) { (void)flush(store, i, true); }
    if (store->fault) { return; }
    while (next_deleted(&rest, &key)) {
        char *error = NULL;
        rocksdb_suggest_compact_range_cf(store->db, store->families[FAMILY_DATA], key.data,
                                         key.size, key.data, key.size, &error);
        if (error) { rocksdb_free(error); }
    }
    buf_clear(&store->deleted);
    store->purged_ms = clock_monotonic_ms();
}

static void purge_if_due(struct store *store, const struct buf *deleted)
{
    struct slice rest = buf_slice(deleted), key;
    while (next_deleted(&rest, &key)) { keep_deleted(&store->deleted, key); }
    if (clock_monotonic_ms() - store->purged_ms >= PURGE_EVERY_MS) { purge(store); }
}

static size_t reserve_bytes(const struct store *store)
{
    return (size_t)store->write_buffer_bytes * RESERVE_BUFFERS;
}

/* Returns the free space of the disk; the most where it is unknown. */
static size_t free_bytes(const struct store *store)
{
    struct statvfs disk;
    if (statvfs(store->path, &disk) < 0) { return SIZE_MAX; }
    return (size_t)disk.f_bavail * (size_t)disk.f_frsize;
}

/* Returns 0 where a write may be tried. Where there is too little space, the store has failed. */
static int check_able(struct store *store)
{
    size_t free = free_bytes(store), reserve = reserve_bytes(store);
    if (store->fault || free >= reserve) { return store->fault; }
    keep_why(store, xprintf("%s: %zu bytes are free, %zu are needed", strerror(ENOSPC), free,
                            reserve));
    return store->fault = -ENOSPC;
}

static atomic_bool left_open;

bool store_left_open(void)
{
    return left_open;
}

struct store *store_close(struct store *store)
{
    if (!store) { return NULL; }
    unpin(store);
    bool roomy = free_bytes(store) >= reserve_bytes(store);
    if (store->db && !store->fault && roomy) { purge(store); }
    left_open |= store->db && store->fault;
    if (store->db && !store->fault) { /* closing would abort the process */
        for (int i = 0; i < FAMILIES; i++) {
            rocksdb_column_family_handle_destroy(store->families[i]);
        }
        rocksdb_close(store->db);
    }
    rocksdb_flushoptions_destroy(store->flush);
    rocksdb_writeoptions_destroy(store->write);
    rocksdb_writeoptions_destroy(store->write_unlogged);
    rocksdb_readoptions_destroy(store->read);
    rocksdb_options_destroy(store->options);
    rocksdb_block_based_options_destroy(store->table);
    rocksdb_cache_destroy(store->cache);
    buf_release(&store->deleted);
    free(store->path);
    free(store->why);
    free(store);
    return NULL;
}

static int get(struct store *store, int family, const char *key, size_t size,
               struct slice *ret_value)
{
    unpin(store);
    char *error = NULL;
    store->pinned = rocksdb_get_pinned_cf(store->db, store->read, store->families[family], key,
                                          size, &error);
    if (error) { return keep_fault(store, error); }
    if (!store->pinned) { return -ENOENT; }
    size_t length;
    const char *data = rocksdb_pinnableslice_value(store->pinned, &length);
    *ret_value = slice_of(data, length);
    return 0;
}

int store_get(struct store *store, struct slice key, struct slice *ret_value)
{
    return get(store, FAMILY_DATA, key.data, key.size, ret_value);
}

int store_bookmark(struct store *store, struct bookmark *ret_bookmark)
{
    struct slice value = slice_of(NULL, 0);
    int result = get(store, FAMILY_BOOKMARK, bookmark_key, strlen(bookmark_key), &value);
    if (result < 0) { return result; }
    if (value.size == FORMER_BOOKMARK_BYTES) {
        *ret_bookmark = (struct bookmark){.current_ms = store->touched_ms};
        memcpy(ret_bookmark, value.data, value.size);
        return 0;
    }
    if (value.size != sizeof(*ret_bookmark)) {
        keep_why(store, xprintf("bookmark of %zu bytes", value.size));
        store_mark_damaged(store->path);
        return -EIO;
    }
    memcpy(ret_bookmark, value.data, sizeof(*ret_bookmark));
    return 0;
}

static int scan(struct store *store, struct slice from, struct slice prefix,
                int (*each)(void *arg, struct slice key, struct slice value), void *arg)
{
    int result = 0;
    rocksdb_iterator_t *at =
        rocksdb_create_iterator_cf(store->db, store->read, store->families[FAMILY_DATA]);
    for (rocksdb_iter_seek(at, from.data, from.size); result == 0 && rocksdb_iter_valid(at);
         rocksdb_iter_next(at)) {
        struct slice key, value;
        key.data = rocksdb_iter_key(at, &key.size);
        value.data = rocksdb_iter_value(at, &value.size);
        if (key.size < prefix.size || memcmp(key.data, prefix.data, prefix.size) != 0) { break; }
        result = each(arg, key, value);
    }
    char *error = NULL;
    rocksdb_iter_get_error(at, &error);
    rocksdb_iter_destroy(at);
    return error ? keep_fault(store, error) : result;
}

int store_scan_prefix(struct store *store, struct slice prefix,
                      int (*each)(void *arg, struct slice key, struct slice value), void *arg)
{
    return scan(store, prefix, prefix, each, arg);
}

int store_scan_from(struct store *store, struct slice from,
                    int (*each)(void *arg, struct slice key, struct slice value), void *arg)
{
    return scan(store, from, slice_str(""), each, arg);
}

int store_scan(struct store *store, int (*each)(void *arg, struct slice key, struct slice value),
               void *arg)
{
    return store_scan_prefix(store, slice_str(""), each, arg);
}

struct store_view {
    struct store *store;
    rocksdb_iterator_t *at; /* RocksDB's iterators see the data of when they were made */
    bool begun;
};

struct store_view *store_view_new(struct store *store)
{
    struct store_view *view = xcalloc(1, sizeof(*view));
    view->store = store;
    view->at = rocksdb_create_iterator_cf(store->db, store->read, store->families[FAMILY_DATA]);
    return view;
}

struct store_view *store_view_free(struct store_view *view)
{
    if (!view) { return NULL; }
    rocksdb_iter_destroy(view->at);
    free(view);
    return NULL;
}

void store_view_rewind(struct store_view *view)
{
    view->begun = false;
}

/* Returns what the iterator stands at. */
static int view_pair(struct store_view *view, struct slice *ret_key, struct slice *ret_value)
{
    char *error = NULL;
    view->begun = true;
    rocksdb_iter_get_error(view->at, &error);
    if (error) { return keep_fault(view->store, error); }
    if (!rocksdb_iter_valid(view->at)) { return 0; }
    ret_key->data = rocksdb_iter_key(view->at, &ret_key->size);
    ret_value->data = rocksdb_iter_value(view->at, &ret_value->size);
    return 1;
}

int store_view_next(struct store_view *view, struct slice *ret_key, struct slice *ret_value)
{
    if (!view->begun) {
        rocksdb_iter_seek_to_first(view->at);
    } else if (rocksdb_iter_valid(view->at)) {
        rocksdb_iter_next(view->at);
    }
    return view_pair(view, ret_key, ret_value);
}

int store_view_get(struct store_view *view, struct slice key, struct slice *ret_value)
{
    struct slice found, value;
    rocksdb_iter_seek(view->at, key.data, key.size);
    int result = view_pair(view, &found, &value);
    if (result <= 0) { return result < 0 ? result : -ENOENT; }
    if (!slice_equal(found, key)) { return -ENOENT; }
    *ret_value = value;
    return 0;
}

int64_t store_count(struct store *store)
{
    uint64_t count = 0;
    if (rocksdb_property_int_cf(store->db, store->families[FAMILY_DATA],
                                "rocksdb.estimate-num-keys", &count) != 0) {
        return 0;
    }
    return (int64_t)count;
}

const char *store_why(struct store *store)
{
    return store->why ? store->why : "";
}

struct store_batch *store_batch_new(void)
{
    struct store_batch *batch = xcalloc(1, sizeof(*batch));
    batch->writes = rocksdb_writebatch_create();
    buf_init(&batch->deleted, PURGE_BYTES_MAX);
    return batch;
}

struct store_batch *store_batch_free(struct store_batch *batch)
{
    if (!batch) { return NULL; }
    rocksdb_writebatch_destroy(batch->writes);
    buf_release(&batch->deleted);
    free(batch);
    return NULL;
}

void store_batch_clear(struct store_batch *batch)
{
    rocksdb_writebatch_clear(batch->writes);
    buf_clear(&batch->deleted);
}

void store_batch_put(struct store_batch *batch, struct slice key, struct slice value)
{
    assert(key.data);
    if (value.data) {
        rocksdb_writebatch_put(batch->writes, key.data, key.size, value.data, value.size);
    } else {
        rocksdb_writebatch_delete(batch->writes, key.data, key.size);
        keep_deleted(&batch->deleted, key);
    }
}

bool store_has_note(struct store *store, const char *name)
{
    struct slice value;
    assert(strcmp(name, bookmark_key) != 0);
    return get(store, FAMILY_BOOKMARK, name, strlen(name), &value) == 0;
}

size_t store_batch_bytes(const struct store_batch *batch)
{
    size_t size;
    (void)rocksdb_writebatch_data(batch->writes, &size);
    return size;
}

int store_put_note(struct store *store, const char *name)
{
    char *error = NULL;
    unpin(store);
    if (check_able(store) < 0) { return store->fault; }
    rocksdb_put_cf(store->db, store->write, store->families[FAMILY_BOOKMARK], name, strlen(name),
                   "", 0, &error);
    return keep_error(store, error);
}

int store_drop_note(struct store *store, const char *name)
{
    char *error = NULL;
    unpin(store);
    if (check_able(store) < 0) { return store->fault; }
    rocksdb_delete_cf(store->db, store->write, store->families[FAMILY_BOOKMARK], name,
                      strlen(name), &error);
    return keep_error(store, error);
}

int store_apply(struct store *store, struct store_batch *batch, const struct bookmark *bookmark)
{
    unpin(store);
    int64_t bytes = (int64_t)store_batch_bytes(batch);
    if (check_able(store) < 0) {
        store_batch_clear(batch);
        return store->fault;
    }
    rocksdb_writebatch_put_cf(batch->writes, store->families[FAMILY_BOOKMARK], bookmark_key,
                              strlen(bookmark_key), (const char *)bookmark, sizeof(*bookmark));
    char *error = NULL;
    CRASH_POINT("store.write");
    rocksdb_write(store->db, store->write, batch->writes, &error);
    CRASH_POINT("store.written");
    rocksdb_writebatch_destroy(batch->writes); /* clearing it would keep a large batch's memory */
    batch->writes = rocksdb_writebatch_create();
    if (error) { return keep_error(store, error); }
    /* What is larger than the buffer would stay in memory for a commit more. */
    if (bytes > store->write_buffer_bytes) { (void)flush(store, FAMILY_DATA, false); }
    purge_if_due(store, &batch->deleted);
    buf_clear(&batch->deleted);
    return 0;
}

/* ---- Loading ---- */

static int set_pace(struct store *store, int64_t buffer_bytes, int compact_at)
{
    char buffer[24], trigger[24];
    (void)snprintf(buffer, sizeof(buffer), "%" PRId64, buffer_bytes);
    (void)snprintf(trigger, sizeof(trigger), "%d", compact_at);
    const char *const keys[] = {"write_buffer_size", "level0_file_num_compaction_trigger"};
    const char *const values[] = {buffer, trigger};
    char *error = NULL;
    rocksdb_set_options_cf(store->db, store->families[FAMILY_DATA], ARRAY_COUNT(keys), keys, values,
                           &error);
    return keep_error(store, error);
}

int store_load_begin(struct store *store, int64_t buffer_bytes)
{
    assert(!store->loading);
    store->loading = true;
    return set_pace(store, MAX_OF(buffer_bytes, store->write_buffer_bytes), LOAD_COMPACT_AT);
}

int store_load(struct store *store, struct store_batch *batch)
{
    assert(store->loading);
    char *error = NULL;
    unpin(store);
    if (check_able(store) < 0) { return store->fault; }
    rocksdb_write(store->db, store->write_unlogged, batch->writes, &error);
    store_batch_clear(batch);
    return keep_error(store, error);
}

int store_load_end(struct store *store, const struct bookmark *bookmark)
{
    assert(store->loading);
    int result = flush(store, FAMILY_DATA, true);
    if (result < 0) { return result; }
    store->loading = false;
    struct store_batch *none = store_batch_new();
    result = store_apply(store, none, bookmark);
    store_batch_free(none);
    return result < 0 ? result : set_pace(store, store->write_buffer_bytes, COMPACT_AT);
}
