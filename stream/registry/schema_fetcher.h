/* The fetcher asks a schema registry for ids that the schema cache does not hold. It asks on a
 * thread of its own, so that the worker goes on with its other partitions.
 *
 * schema_fetcher_request(17):  PENDING -> PENDING ... -> KNOWN      the cache holds it from now on
 *                                              \----> GIVEN_UP   for negative.cache.ms; then the
 *                                                                next call asks again
 *
 * The registry is asked repeatedly, with pauses that double, until it gives the schema or a
 * deadline passes: unknown.timeout.ms while it answers that it has no such id (a new id may arrive
 * late), outage.timeout.ms while it gives no usable answer. An id whose schema is not Avro is given
 * up at once. After an unknown id was given up, other unknown ids are given up at their first
 * answer during negative.cache.ms, so that many invented ids do not hold up a partition one by one.
 *
 * All calls come from the worker's thread, which owns the cache. Times are given by the caller.
 */
#ifndef FRESHET_STREAM_REGISTRY_SCHEMA_FETCHER_H
#define FRESHET_STREAM_REGISTRY_SCHEMA_FETCHER_H

#include "stream/registry/registry.h"
#include "stream/avro/schema_cache.h"

enum { SCHEMA_FETCHER_IDS_MAX = 256 }; /* pending or given up, at one time */

enum fetch_status { FETCH_KNOWN, FETCH_PENDING, FETCH_GIVEN_UP };

struct schema_fetcher;

/* Makes a fetcher for a schema cache; the settings and the cache must outlive it. `found`, unless
 * NULL, is called with each schema that the cache learned. Without a thread
 * schema_fetcher_request() itself waits for the registry (for tests with their own clock). Free
 * with schema_fetcher_free(). */
struct schema_fetcher *schema_fetcher_new(const struct registry_settings *settings,
                                          struct schema_cache *schemas, bool threaded,
                                          void (*found)(void *arg, uint32_t id, const char *schema),
                                          void *arg);
/* Ends the thread, even during a request, and frees the fetcher; takes NULL; returns NULL. */
struct schema_fetcher *schema_fetcher_free(struct schema_fetcher *fetcher);
/* Asks for an id; does not block when threaded. */
enum fetch_status schema_fetcher_request(struct schema_fetcher *fetcher, uint32_t id,
                                         int64_t now_ms);
/* Returns the reason why an id is not known, as text; borrowed until the next call. */
const char *schema_fetcher_why(const struct schema_fetcher *fetcher, uint32_t id);

#endif
