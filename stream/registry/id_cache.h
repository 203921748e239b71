/* What a registry has told, kept on disk: a directory of ID.avsc, so that a process which starts
 * while the registry is away still knows its ids. It is read only then: ids come from the registry
 * whenever it answers. A cache of another registry's URL is thrown away.
 */
#ifndef FRESHET_STREAM_REGISTRY_ID_CACHE_H
#define FRESHET_STREAM_REGISTRY_ID_CACHE_H

#include "stream/avro/schema_cache.h"

struct id_cache;

/* Opens the cache in a directory, made when missing, for a registry's URL; free with
 * id_cache_free(). A directory that cannot be written makes a cache that keeps nothing. */
struct id_cache *id_cache_open(const char *path, const char *url);
/* Frees the cache; takes NULL; returns NULL. */
struct id_cache *id_cache_free(struct id_cache *cache);
/* Keeps what an id means; whatever it is, nothing fails for it. */
void id_cache_put(struct id_cache *cache, uint32_t id, const char *schema);
/* Adds all that is kept to a schemas; what cannot be read is left out. Tells how many there were.
 * */
size_t id_cache_load(const struct id_cache *cache, struct schema_cache *schemas);

#endif
