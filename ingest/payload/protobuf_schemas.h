/* The descriptors of a source of Protobuf messages: of each id that frames name, and of one file.
 *
 * With an id goes a list of indexes before the message, which says where in the schema its type
 * stands (Confluent's "Wire format": zig-zag varints, a count before them; one 00: the first).
 * Behind AWS Glue's UUID goes one number instead, a plain varint: the type's place among all types
 * of its file, ordered by full name. As that changes with every type that is added, a type that is
 * configured counts more.
 */
#ifndef FRESHET_INGEST_PAYLOAD_PROTOBUF_SCHEMAS_H
#define FRESHET_INGEST_PAYLOAD_PROTOBUF_SCHEMAS_H

#include "base/buf.h"
#include "ingest/payload/source_frame.h"
#include "stream/avro/schema_cache.h"

enum { PROTOBUF_SCHEMAS_MAX = 1024 }; /* kept at one time */

struct protobuf_schemas;

/* Makes the descriptors. schema: of messages whose frame names none: an id of the registry, or a
 * file: .proto (imports stand beside it) or a serialized FileDescriptorSet; empty: none. message:
 * full name of the type of all messages; empty: as the indexes or the number say, or the file's
 * only one; numbered: each message has a number. 0, or -EINVAL with the fault and a hint written to
 * why. The cache and the texts must outlive them. Free with protobuf_schemas_free(). */
int protobuf_schemas_new(struct schema_cache *schemas, const char *schema, const char *message,
                         bool numbered, struct protobuf_schemas **ret_descriptors, char *why,
                         size_t why_size);
/* Frees them; takes NULL; returns NULL. */
struct protobuf_schemas *protobuf_schemas_free(struct protobuf_schemas *descriptors);
/* Appends a message as JSON to out; ret_name becomes the full name of its type, borrowed until the
 * next call. 0, or -EBADMSG with ret_error filled: "bad_protobuf", "over_limit", "bad_schema", or
 * as schema_cache_missing(). */
int protobuf_schemas_render(struct protobuf_schemas *descriptors, const struct source_frame *frame,
                            struct buf *out, const char **ret_name,
                            struct codec_error *ret_error);

#endif
