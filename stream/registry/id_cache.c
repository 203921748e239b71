/* The directory holds one file for each id and a file `url`. Files are replaced whole (a process
 * that dies while writing leaves the old file), and schemas of ids never change, so there is
 * nothing to lock or to expire. When `url` is not our URL, the whole directory is deleted first.
 */
#include "base/base.h"
#include "base/atomic_file.h"
#include "base/buf.h"
#include "base/directory.h"
#include "base/text_file.h"
#include "base/xalloc.h"
#include "stream/registry/id_cache.h"
#include "stream/avro/schema.h"

#include <dirent.h>

static const char url_name[] = "url";

struct id_cache {
    char *path; /* NULL: nothing is stored */
};

/* True when the file at path holds this URL. */
static bool is_of(const char *path, const char *url)
{
    struct buf text;
    buf_init(&text, SCHEMA_BYTES_MAX);
    bool same = text_file_read(path, &text) == 0 && slice_equal(buf_slice(&text), slice_str(url));
    buf_release(&text);
    return same;
}

struct id_cache *id_cache_open(const char *path, const char *url)
{
    struct id_cache *cache = xcalloc(1, sizeof(*cache));
    _cleanup_(xfreep) char *url_path = xprintf("%s/%s", path, url_name);
    if (!is_of(url_path, url)) {
        (void)directory_delete(path);
        if (directory_make(path) < 0 || atomic_file_write(url_path, slice_str(url)) < 0) {
            return cache;
        }
    }
    cache->path = xstrdup(path);
    return cache;
}

struct id_cache *id_cache_free(struct id_cache *cache)
{
    if (!cache) { return NULL; }
    free(cache->path);
    free(cache);
    return NULL;
}

void id_cache_put(struct id_cache *cache, uint32_t id, const char *schema)
{
    if (!cache->path) { return; }
    _cleanup_(xfreep) char *path = xprintf("%s/%" PRIu32 ".avsc", cache->path, id);
    (void)atomic_file_write(path, slice_str(schema));
}

/* Binds the id in a file's name to the schema in the file. */
static bool load_file(const struct id_cache *cache, struct schema_cache *schemas, const char *name)
{
    int64_t id = schema_cache_file_id(name);
    if (id < 0) { return false; }
    struct buf text;
    _cleanup_(xfreep) char *path = xprintf("%s/%s", cache->path, name);
    buf_init(&text, SCHEMA_BYTES_MAX + 1);
    bool loaded = text_file_read(path, &text) == 0;
    buf_append(&text, "", 1);
    loaded = loaded && !buf_failed(&text) &&
             schema_cache_bind(schemas, (uint32_t)id, text.data, NULL) == 0;
    buf_release(&text);
    return loaded;
}

size_t id_cache_load(const struct id_cache *cache, struct schema_cache *schemas)
{
    size_t count = 0;
    DIR *dir = cache->path ? opendir(cache->path) : NULL;
    if (!dir) { return 0; }
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        count += load_file(cache, schemas, entry->d_name);
    }
    closedir(dir);
    return count;
}
