/* The id cache keeps a registry's schemas on disk, in a directory of ID.avsc files, so that a
 * process can start while the registry is away. It is read only in that case; while the registry
 * answers, ids come from the registry. A cache that belongs to another URL is deleted.
 */
#ifndef FRESHET_STREAM_REGISTRY_ID_CACHE_H
#define FRESHET_STREAM_REGISTRY_ID_CACHE_H

#include "stream/avro/schema_cache.h"

struct id_cache;

/* Opens the cache of a registry's URL in a directory, which is created when missing; free with
 * id_cache_free(). When the directory cannot be written, the cache keeps nothing. */
struct id_cache *id_cache_open(const char *path, const char *url);
/* Frees the cache; takes NULL; returns NULL. */
struct id_cache *id_cache_free(struct id_cache *cache);
/* Stores the schema of an id; a failure is ignored. */
void id_cache_put(struct id_cache *cache, uint32_t id, const char *schema);
/* Adds all stored schemas to the schema cache; files that cannot be read are left out. Returns the
 * number added. */
size_t id_cache_load(const struct id_cache *cache, struct schema_cache *schemas);

#endif
