/* The schemas of a run: the cache that its codecs read by, and where it is filled from: the
 * directory schemas.path, the contracts of the outputs, the schema registry.
 *
 * Worker's thread; the fetcher has one of its own.
 */
#ifndef FRESHET_STREAM_SCHEMA_SOURCE_H
#define FRESHET_STREAM_SCHEMA_SOURCE_H

#include "stream/env.h"
#include "stream/registry/schema_fetcher.h"

struct schema_source;

/* Makes the cache: what schemas.path has, and ids for what is written. `threaded`: the registry is
 * asked on a thread. When something is wrong the run is broken. Free with schema_source_free(). */
struct schema_source *schema_source_new(struct env *env, bool threaded);
struct schema_source *schema_source_free(struct schema_source *source);
struct schema_cache *schema_source_cache(struct schema_source *source);
/* The asker for ids that are not known; NULL when no registry is configured. */
struct schema_fetcher *schema_source_fetcher(struct schema_source *source);
/* Makes sure that the schema of a partition's state is known, by asking for it; false: the run is
 * broken. */
bool schema_source_knows_state(struct schema_source *source, int32_t partition,
                               struct slice value);

#endif
