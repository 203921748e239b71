/* Times in the text of an Avro message, as `freshet peek` prints it: numbers, as its schema has
 * them.
 *
 * A mapping by logical types needs times as ISO 8601 texts, which a worker gets when it renders the
 * message itself. Here the text is given already; the schema is the first of the cache whose values
 * look like the text's: the same fields, and values of their types.
 */
#ifndef FRESHET_INGEST_PAYLOAD_RENDERED_TIMES_H
#define FRESHET_INGEST_PAYLOAD_RENDERED_TIMES_H

#include "stream/avro/schema_cache.h"

#include <jansson.h>

/* Replaces the times of a value by texts, in place. Does nothing when no schema fits. */
void rendered_times_put(const struct schema_cache *schemas, json_t *value);

#endif
