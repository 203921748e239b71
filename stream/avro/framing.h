/* The frame before a message's body: it names the writer's schema.
 *
 * Two framings are in use; the first byte tells them apart:
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
#include "stream/avro/codec_error.h"

enum {
    FRAME_BYTES_MAX = 10,
    FRAME_ID_BYTES = 5,
    SCHEMA_ID_MAX = INT32_MAX, /* registries count in signed 32 bits, from 1 */
};

enum framing { FRAMING_SINGLE, FRAMING_CONFLUENT };

struct frame {
    enum framing framing;
    uint64_t number; /* fingerprint or id */
};

/* Reads the frame and borrows the body. 0, or -EBADMSG with ret_error filled: "empty",
 * "bad_magic" or "truncated". */
int frame_read(struct slice message, struct frame *ret_frame, struct slice *ret_body,
               struct codec_error *ret_error);
/* Writes the frame's bytes; returns their number. */
size_t frame_write(struct frame frame, char ret_bytes[FRAME_BYTES_MAX]);
/* Fills ret_error for a frame whose schema is not known: "unknown_fingerprint", or
 * "unknown_schema_id" with unknown_id and schema_id set. Returns -EBADMSG. */
int frame_unknown(struct frame frame, struct codec_error *ret_error);

#endif
