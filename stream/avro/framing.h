/* What stands before a message's body and names its writer's schema.
 *
 * Two framings are in use, and a reader tells them apart by the first byte:
 *
 *   single object  C3 01 | fingerprint, CRC-64-AVRO, little endian (8) | body
 *   Confluent      00    | id in the schema registry, big endian   (4) | body
 *
 * Avro 1.11 specification, "Single-object encoding"; Confluent's "Wire format".
 */
#ifndef FRESHET_STREAM_AVRO_FRAMING_H
#define FRESHET_STREAM_AVRO_FRAMING_H

#include "base/base.h"
#include "base/slice.h"
#include "stream/avro/schema_cache.h"

enum { FRAME_BYTES_MAX = 10, FRAME_ID_BYTES = 5 };

/* Reads the frame and borrows the body. 0, or -EBADMSG with the error told: "empty", "bad_magic",
 * "truncated". */
int frame_read(struct slice message, struct frame *ret_frame, struct slice *ret_body,
               struct codec_error *ret_error);
/* Writes the frame's bytes; tells how many. */
size_t frame_write(struct frame frame, char ret_bytes[FRAME_BYTES_MAX]);
/* Tells that the frame's schema is not known: "unknown_fingerprint", or "unknown_schema_id" with
 * unknown_id set; returns -EBADMSG. */
int frame_unknown(struct frame frame, struct codec_error *ret_error);

#endif
