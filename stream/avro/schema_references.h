/* Joins a schema with the schemas that it refers to, so that one text holds all of them.
 *
 * Registries store a type once and let other schemas refer to it by its name. Here the definition
 * takes the place of the first use of the name; later uses stay names. Circles end, because a name
 * is defined once. Only texts are changed: schema_parse() decides what is valid.
 */
#ifndef FRESHET_STREAM_AVRO_SCHEMA_REFERENCES_H
#define FRESHET_STREAM_AVRO_SCHEMA_REFERENCES_H

#include "base/buf.h"
#include "stream/avro/codec_error.h"

/* Appends the joined schema to ret_schema, with a final NUL. `references` are the texts of the
 * schemas referred to, in any order. 0, or -EINVAL with ret_error filled when a text is not JSON or
 * the result is too long. */
int schema_references_join(const char *schema, const char *const *references, size_t count,
                           struct buf *ret_schema, struct codec_error *ret_error);

#endif
