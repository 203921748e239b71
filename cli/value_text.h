/* A message's value as JSON, for commands that print messages. */
#ifndef FRESHET_CLI_VALUE_TEXT_H
#define FRESHET_CLI_VALUE_TEXT_H

#include "base/buf.h"

struct schema_cache;

/* Appends the value: an Avro message decoded, what begins as JSON does as it is, other bytes as a
 * string, a tombstone as null. Control characters are escaped. */
void value_text_put(struct schema_cache *schemas, struct slice value, struct buf *out);
/* The same as a part of JSON: what is not whole JSON is a string. */
void value_text_put_json(struct schema_cache *schemas, struct slice value, struct buf *out);

#endif
