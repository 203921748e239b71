#include "base/base.h"
#include "base/directory.h"
#include "base/xalloc.h"
#include "sequence/shelves.h"

enum { FLUSH_BYTES = 4 << 20, STORE_BYTES = 4 << 20 };

struct shelf {
    struct store *store;
    struct store_batch *batch;
    int64_t next; /* the offset behind what is in the batch and the store */
    int64_t from;
    bool dirty;
};

struct shelves {
    char *path;
    struct shelf *at;
    int32_t count;
    char *why;
};

struct shelves *shelves_new(const char *path)
{
    struct shelves *shelves = xcalloc(1, sizeof(*shelves));
    shelves->path = xstrdup(path);
    return shelves;
}

struct shelves *shelves_free(struct shelves *shelves)
{
    if (!shelves) { return NULL; }
    for (int32_t p = 0; p < shelves->count; p++) {
        store_batch_free(shelves->at[p].batch);
        store_close(shelves->at[p].store);
    }
    free(shelves->at);
    free(shelves->path);
    free(shelves->why);
    free(shelves);
    return NULL;
}

static struct shelf *shelf_of(struct shelves *shelves, int32_t partition)
{
    assert(partition >= 0);
    if (partition >= shelves->count) {
        shelves->at =
            xreallocarray(shelves->at, (size_t)partition + 1, sizeof(*shelves->at));
        memset(shelves->at + shelves->count, 0,
               (size_t)(partition + 1 - shelves->count) * sizeof(*shelves->at));
        shelves->count = partition + 1;
    }
    return &shelves->at[partition];
}

/* Opens what is there; what is damaged is thrown away. */
static int open_store(const char *path, struct store **ret_store, char **ret_why)
{
    const struct store_limits limits = {STORE_BYTES, STORE_BYTES};
    int result = store_open(path, &limits, ret_store, ret_why);
    if (result != -EIO) { return result; }
    free(*ret_why);
    *ret_why = NULL;
    (void)store_wipe(path);
    return store_open(path, &limits, ret_store, ret_why);
}

/* Behind the first record that is kept, tombstones may be missing; beyond the end, it is another
 * topic of the same name. */
static bool fits(struct store *store, int64_t low, int64_t end, int64_t *ret_from)
{
    struct bookmark bookmark;
    if (store_bookmark(store, &bookmark) < 0) { return false; }
    if (bookmark.changelog_offset < low || bookmark.changelog_offset > end) { return false; }
    *ret_from = bookmark.changelog_offset;
    return true;
}

int shelves_open(struct shelves *shelves, int32_t partition, int64_t low, int64_t end,
                 int64_t *ret_from)
{
    char *why = NULL;
    struct shelf *shelf = shelf_of(shelves, partition);
    _cleanup_(xfreep) char *path = xprintf("%s/%d", shelves->path, partition);
    int result = shelf->store ? 0 : directory_make(path);
    if (result == 0 && !shelf->store) { result = open_store(path, &shelf->store, &why); }
    if (result == 0 && !fits(shelf->store, low, end, &shelf->from)) {
        shelf->store = store_close(shelf->store);
        (void)store_wipe(path);
        shelf->from = low;
        result = directory_make(path);
        if (result == 0) { result = open_store(path, &shelf->store, &why); }
    }
    if (result < 0) {
        free(shelves->why);
        shelves->why = xprintf("cannot open the state in %s: %s", path,
                               why ? why : strerror(-result));
        free(why);
        return result;
    }
    if (!shelf->batch) { shelf->batch = store_batch_new(); }
    shelf->next = shelf->from;
    *ret_from = shelf->from;
    return 0;
}

static int flush(struct shelves *shelves, struct shelf *shelf)
{
    if (!shelf->dirty) { return 0; }
    const struct bookmark bookmark = {.changelog_offset = shelf->next, .input_offset = shelf->next};
    int result = store_apply(shelf->store, shelf->batch, &bookmark);
    if (result < 0) {
        free(shelves->why);
        shelves->why = xprintf("cannot write the state in %s: %s", shelves->path,
                               store_why(shelf->store));
        return result;
    }
    shelf->dirty = false;
    return 0;
}

int shelves_put(struct shelves *shelves, int32_t partition, struct slice key, struct slice value,
                int64_t offset)
{
    struct shelf *shelf = shelf_of(shelves, partition);
    if (!shelf->store) { return -EIO; }
    store_batch_put(shelf->batch, key, value);
    shelf->next = offset + 1;
    shelf->dirty = true;
    return store_batch_bytes(shelf->batch) < FLUSH_BYTES ? 0 : flush(shelves, shelf);
}

int shelves_flush(struct shelves *shelves)
{
    for (int32_t p = 0; p < shelves->count; p++) {
        int result = flush(shelves, &shelves->at[p]);
        if (result < 0) { return result; }
    }
    return 0;
}

int shelves_scan(struct shelves *shelves, int32_t partition,
                 int (*each)(void *arg, struct slice key, struct slice value), void *arg)
{
    return store_scan(shelf_of(shelves, partition)->store, each, arg);
}

const char *shelves_why(const struct shelves *shelves)
{
    return shelves->why ? shelves->why : "";
}
