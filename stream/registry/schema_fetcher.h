/* The fetcher asks a schema registry for ids that the schemas does not know, on a thread of its
 * own: the worker goes on with everything else meanwhile.
 *
 * schema_fetcher_ask(17) -> PENDING -> PENDING ... -> KNOWN     the cache has it from now on, for
 * ever
 *                                          \-> GIVEN_UP   for negative.cache.ms, then anew
 *
 * An id is asked for again and again, with pauses that double, until there is an answer or a
 * deadline: unknown.timeout.ms while the registry says that it knows no such id (one that was just
 * made may come late), outage.timeout.ms while it says nothing that makes sense. What is no Avro
 * schema is given up at once. After an unknown id was given up, others are not waited for during
 * negative.cache.ms: a flood of invented ids must not hold a partition up for each of them.
 *
 * All calls come from the worker's thread, which owns the schemas. Time is the caller's.
 */
#ifndef FRESHET_STREAM_REGISTRY_SCHEMA_FETCHER_H
#define FRESHET_STREAM_REGISTRY_SCHEMA_FETCHER_H

#include "stream/registry/registry.h"
#include "stream/avro/schema_cache.h"

enum { SCHEMA_FETCHER_IDS_MAX = 256 }; /* that are asked for or given up, at once */

enum finding { FINDING_KNOWN, FINDING_PENDING, FINDING_GIVEN_UP };

struct schema_fetcher;

/* Makes a fetcher for a schemas; both arguments must outlive it. `found`, when given, is told of
 * each schema that was learned. Without a thread schema_fetcher_ask() itself waits for the registry
 * (tests with a clock of their own). Free with schema_fetcher_free(). */
struct schema_fetcher *schema_fetcher_new(const struct registry_settings *settings,
                                          struct schema_cache *schemas, bool threaded,
                                          void (*found)(void *arg, uint32_t id, const char *schema),
                                          void *arg);
/* Ends the thread, also in the middle of a request, and frees the fetcher; takes NULL; returns
 * NULL. */
struct schema_fetcher *schema_fetcher_free(struct schema_fetcher *fetcher);
/* Asks for an id; never waits when threaded. */
enum finding schema_fetcher_ask(struct schema_fetcher *fetcher, uint32_t id, int64_t now_ms);
/* Says why an id is not known (yet); borrowed until the next call. */
const char *schema_fetcher_why(const struct schema_fetcher *fetcher, uint32_t id);

#endif
