/* One RocksDB per partition, each with a batch of writes that have not been applied.
 *
 * A batch is applied together with a bookmark, so the bookmark never lies ahead of the data. A
 * crash loses at most the batch, which the next start reads from the topic again. On opening, the
 * bookmark is compared with the offsets that the topic holds now; if it lies outside of them, or
 * the store is damaged, the store is deleted and the whole partition is read again.
 */
#include "base/base.h"
#include "base/directory.h"
#include "base/xalloc.h"
#include "stream/state/store_directory.h"
#include "stream/state/table_store.h"

enum { FLUSH_BYTES = 4 << 20, STORE_BYTES = 4 << 20 };

struct partition_store {
    struct store *store;
    struct store_batch *batch;
    int64_t next; /* the offset after the last record in batch and store */
    int64_t from;
    struct bookmark opened; /* as it was found */
    int64_t newest_ms;      /* timestamp of the record before `next`; 0: unknown */
    const char *doubt;      /* why it was deleted when it was opened; NULL: it was not */
    bool dirty;
};

struct table_store {
    char *path;
    struct partition_store *at;
    int32_t count;
    char *why;
};

struct table_store *table_store_new(const char *path)
{
    struct table_store *table_store = xcalloc(1, sizeof(*table_store));
    table_store->path = xstrdup(path);
    return table_store;
}

struct table_store *table_store_free(struct table_store *table_store)
{
    if (!table_store) { return NULL; }
    for (int32_t p = 0; p < table_store->count; p++) {
        store_batch_free(table_store->at[p].batch);
        store_close(table_store->at[p].store);
    }
    free(table_store->at);
    free(table_store->path);
    free(table_store->why);
    free(table_store);
    return NULL;
}

static struct partition_store *partition_store_of(struct table_store *table_store,
                                                  int32_t partition)
{
    assert(partition >= 0);
    if (partition >= table_store->count) {
        table_store->at =
            xreallocarray(table_store->at, (size_t)partition + 1, sizeof(*table_store->at));
        memset(table_store->at + table_store->count, 0,
               (size_t)(partition + 1 - table_store->count) * sizeof(*table_store->at));
        table_store->count = partition + 1;
    }
    return &table_store->at[partition];
}

/* Opens the store of a directory; a damaged one is deleted and made again. */
static int open_store(const char *path, struct partition_store *partition_store, char **ret_why)
{
    const struct store_limits limits = {STORE_BYTES, STORE_BYTES, 0};
    struct store **ret_store = &partition_store->store;
    int result = store_open(path, &limits, ret_store, ret_why);
    if (result != -EIO) { return result; }
    partition_store->doubt = "it is damaged";
    free(*ret_why);
    *ret_why = NULL;
    (void)store_wipe(path);
    return store_open(path, &limits, ret_store, ret_why);
}

/* Takes the bookmark if it lies within the topic: 0; -ENOENT: the state must be read again; or a
 * fault that is no damage. Before the topic's first record: tombstones may have been removed from
 * it unread. Beyond its end: it is another topic of the same name. */
static int check_bookmark(struct partition_store *partition_store, int64_t low, int64_t end)
{
    struct bookmark bookmark;
    int result = store_bookmark(partition_store->store, &bookmark);
    if (result == -EIO) { partition_store->doubt = "it is damaged"; }
    if (result < 0) { return result == -EIO ? -ENOENT : result; }
    if (bookmark.changelog_offset < low) { partition_store->doubt = "the topic begins after it"; }
    if (bookmark.changelog_offset > end) { partition_store->doubt = "the topic ends before it"; }
    if (partition_store->doubt) { return -ENOENT; }
    partition_store->from = bookmark.changelog_offset;
    partition_store->opened = bookmark;
    return 0;
}

/* Deletes the partition's state and makes an empty one, to be read from `low`. */
static int begin_again(struct partition_store *partition_store, const char *path, int64_t low,
                       char **ret_why)
{
    partition_store->store = store_close(partition_store->store);
    (void)store_wipe(path);
    partition_store->from = low;
    partition_store->opened = (struct bookmark){.changelog_offset = low};
    partition_store->newest_ms = 0;
    int result = directory_make(path);
    return result < 0 ? result : open_store(path, partition_store, ret_why);
}

static int cannot_open(struct table_store *table_store, const char *path, int result,
                       const char *why)
{
    free(table_store->why);
    table_store->why =
        xprintf("cannot open the state in %s: %s", path, why ? why : strerror(-result));
    return result;
}

int table_store_open(struct table_store *table_store, int32_t partition, int64_t low,
                     int64_t end, int64_t *ret_from)
{
    _cleanup_(xfreep) char *why = NULL;
    struct partition_store *partition_store = partition_store_of(table_store, partition);
    _cleanup_(xfreep) char *path = xprintf("%s/%d", table_store->path, partition);
    int result = partition_store->store ? 0 : directory_make(path);
    partition_store->doubt = NULL;
    bool opens = result == 0 && !partition_store->store;
    if (opens) { result = open_store(path, partition_store, &why); }
    if (result == 0) {
        result = check_bookmark(partition_store, low, end);
        if (result == -ENOENT) { result = begin_again(partition_store, path, low, &why); }
    }
    if (result < 0) { partition_store->store = store_close(partition_store->store); }
    if (result < 0) { return cannot_open(table_store, path, result, why); }
    if (!partition_store->batch) { partition_store->batch = store_batch_new(); }
    partition_store->next = partition_store->from;
    *ret_from = partition_store->from;
    return 0;
}

int table_store_begin_again(struct table_store *table_store, int32_t partition, int64_t low)
{
    _cleanup_(xfreep) char *why = NULL;
    _cleanup_(xfreep) char *path = xprintf("%s/%d", table_store->path, partition);
    struct partition_store *partition_store = partition_store_of(table_store, partition);
    int result = begin_again(partition_store, path, low, &why);
    partition_store->next = low;
    return result < 0 ? cannot_open(table_store, path, result, why) : 0;
}

static int flush(struct table_store *table_store, struct partition_store *partition_store)
{
    if (!partition_store->dirty) { return 0; }
    const struct bookmark bookmark = {
        .changelog_offset = partition_store->next,
        .input_offset = partition_store->next,
        .current_ms = partition_store->newest_ms,
        .position_offset = partition_store->newest_ms > 0 ? partition_store->next : 0};
    int result = store_apply(partition_store->store, partition_store->batch, &bookmark);
    if (result < 0) {
        free(table_store->why);
        table_store->why = xprintf("cannot write the state in %s: %s", table_store->path,
                                   store_why(partition_store->store));
        return result;
    }
    partition_store->dirty = false;
    return 0;
}

int table_store_put(struct table_store *table_store, int32_t partition, struct slice key,
                    struct slice value, int64_t offset)
{
    struct partition_store *partition_store = partition_store_of(table_store, partition);
    if (!partition_store->store) { return -EIO; }
    store_batch_put(partition_store->batch, key, value);
    partition_store->next = offset + 1;
    partition_store->dirty = true;
    return store_batch_bytes(partition_store->batch) < FLUSH_BYTES
               ? 0
               : flush(table_store, partition_store);
}

int table_store_get(struct table_store *table_store, int32_t partition, struct slice key,
                    struct slice *ret_value)
{
    if (partition >= table_store->count || !table_store->at[partition].store) { return -ENOENT; }
    struct partition_store *partition_store = &table_store->at[partition];
    int result = flush(table_store, partition_store);
    return result < 0 ? result : store_get(partition_store->store, key, ret_value);
}

int32_t table_store_partitions(const struct table_store *table_store)
{
    return table_store->count;
}

void table_store_stamp(struct table_store *table_store, int32_t partition, int64_t time_ms)
{
    partition_store_of(table_store, partition)->newest_ms = MAX_OF(time_ms, (int64_t)0);
}

void table_store_pass(struct table_store *table_store, int32_t partition, int64_t offset,
                      int64_t time_ms)
{
    if (partition >= table_store->count || !table_store->at[partition].store) { return; }
    struct partition_store *partition_store = &table_store->at[partition];
    if (offset < partition_store->next) { return; }
    partition_store->next = offset + 1;
    partition_store->newest_ms = MAX_OF(time_ms, (int64_t)0);
    partition_store->dirty = true;
}

const char *table_store_doubt(const struct table_store *table_store, int32_t partition)
{
    assert(partition >= 0 && partition < table_store->count);
    return table_store->at[partition].doubt;
}

struct bookmark table_store_bookmark(const struct table_store *table_store,
                                     int32_t partition)
{
    assert(partition >= 0 && partition < table_store->count);
    return table_store->at[partition].opened;
}

int table_store_flush(struct table_store *table_store)
{
    for (int32_t p = 0; p < table_store->count; p++) {
        int result = flush(table_store, &table_store->at[p]);
        if (result < 0) { return result; }
    }
    return 0;
}

int table_store_scan(struct table_store *table_store, int32_t partition,
                     int (*each)(void *arg, struct slice key, struct slice value), void *arg)
{
    return store_scan(partition_store_of(table_store, partition)->store, each, arg);
}

/* ---- Views ---- */

struct table_view {
    struct store_view **at; /* NULL: the partition is not open */
    int64_t *offsets;
    int32_t count, next; /* the partition that goes on */
};

struct table_view *table_view_new(struct table_store *table_store)
{
    if (table_store_flush(table_store) < 0) { return NULL; }
    struct table_view *view = xcalloc(1, sizeof(*view));
    view->count = table_store->count;
    view->at = xcalloc((size_t)view->count + 1, sizeof(*view->at));
    view->offsets = xcalloc((size_t)view->count + 1, sizeof(*view->offsets));
    for (int32_t p = 0; p < view->count; p++) {
        const struct partition_store *partition_store = &table_store->at[p];
        if (!partition_store->store) { continue; }
        view->at[p] = store_view_new(partition_store->store);
        view->offsets[p] = partition_store->next;
    }
    return view;
}

struct table_view *table_view_free(struct table_view *view)
{
    if (!view) { return NULL; }
    for (int32_t p = 0; p < view->count; p++) { store_view_free(view->at[p]); }
    free(view->at);
    free(view->offsets);
    free(view);
    return NULL;
}

int table_view_next(struct table_view *view, struct slice *ret_key, struct slice *ret_value)
{
    for (; view->next < view->count; view->next++) {
        if (!view->at[view->next]) { continue; }
        int result = store_view_next(view->at[view->next], ret_key, ret_value);
        if (result) { return result; }
    }
    return 0;
}

void table_view_rewind(struct table_view *view)
{
    view->next = 0;
    for (int32_t p = 0; p < view->count; p++) {
        if (view->at[p]) { store_view_rewind(view->at[p]); }
    }
}

int table_view_get(struct table_view *view, int32_t partition, struct slice key,
                   struct slice *ret_value)
{
    bool open = partition >= 0 && partition < view->count && view->at[partition];
    return open ? store_view_get(view->at[partition], key, ret_value) : -ENOENT;
}

struct longs table_view_offsets(const struct table_view *view)
{
    return (struct longs){view->offsets, (size_t)view->count};
}

const char *table_store_why(const struct table_store *table_store)
{
    return table_store->why ? table_store->why : "";
}
