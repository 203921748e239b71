/* The schemas of a run: the cache that its codecs use. It is filled from the directory
 * schemas.path, the contracts of the outputs, and the schema registry.
 *
 * Worker's thread; the fetcher has one of its own.
 */
#ifndef FRESHET_STREAM_SCHEMA_SOURCE_H
#define FRESHET_STREAM_SCHEMA_SOURCE_H

#include "stream/env.h"
#include "stream/registry/schema_fetcher.h"

struct schema_source;

/* Makes the cache with the schemas of schemas.path and the ids for written messages. `threaded`:
 * the fetcher has its own thread. Errors end the run. Free with schema_source_free(). */
struct schema_source *schema_source_new(struct env *env, bool threaded);
struct schema_source *schema_source_free(struct schema_source *source);
struct schema_cache *schema_source_cache(struct schema_source *source);
/* Returns the fetcher for unknown ids; NULL when no registry is configured. */
struct schema_fetcher *schema_source_fetcher(struct schema_source *source);
/* Makes sure that the schema of a partition's state is known, if need be by asking the registry;
 * false: the run is broken. */
bool schema_source_knows_state(struct schema_source *source, int32_t partition,
                               struct slice value);

#endif
