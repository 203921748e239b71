/* The logical types of a schema, as a text: what the Parsing Canonical Form leaves out and a reader
 * needs all the same. Two schemas with one canonical form mean the same when their texts are equal,
 * so timestamp-millis and timestamp-micros are told apart. */
#ifndef FRESHET_STREAM_AVRO_LOGICAL_TYPES_H
#define FRESHET_STREAM_AVRO_LOGICAL_TYPES_H

#include "base/buf.h"

#include <jansson.h>

/* Returns a type's logicalType, or the name of Debezium's own types of times (connect.name); NULL
 * when it has none. */
const char *logical_type_name(const json_t *type);
/* Appends a line for each type of a valid schema that has such a name: its number in the order of
 * the canonical form, and name, precision and scale as JSON. */
void logical_types_write(const json_t *schema, struct buf *out);

#endif
