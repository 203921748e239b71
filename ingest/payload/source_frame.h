/* The frame of a foreign message names its schema: before the message, or in a header.
 *
 *   Confluent      00    | id, big endian (4)               | body
 *   Apicurio       00    | id, big endian (8)               | body
 *   AWS Glue       03    | 00, or 05: packed by zlib | UUID (16) | body
 *   Avro           C3 01 | fingerprint, little endian (8)   | body
 *   headers        __value_schema_id, apicurio.value.contentId, apicurio.value.globalId, and the
 *                  same for keys: an id of 4 or 8 bytes; 00 and 4 bytes; 01 and a GUID (16); digits
 *
 * FRAME_AUTO tells them apart: by such a header, then by the first byte. After a 00 an id of four
 * bytes that is 0 means that the id has eight, as no registry gives the id 0.
 *
 * Confluent's "Wire format"; Apicurio's "Kafka serializers"; AWS Glue's serializer.
 */
#ifndef FRESHET_INGEST_PAYLOAD_SOURCE_FRAME_H
#define FRESHET_INGEST_PAYLOAD_SOURCE_FRAME_H

#include "base/slice.h"
#include "stream/avro/codec_error.h"
#include "stream/kafka/record.h"

/* Order of the choices of the option `source.frame`. */
enum frame_style {
    FRAME_AUTO,
    FRAME_CONFLUENT,
    FRAME_APICURIO,
    FRAME_GLUE,
    FRAME_HEADER,
    FRAME_NONE,
};

enum schema_naming { SCHEMA_UNNAMED, SCHEMA_BY_ID, SCHEMA_BY_FINGERPRINT, SCHEMA_BY_GUID };

enum { GUID_BYTES = 16, GUID_TEXT_BYTES = 37 };

struct source_frame {
    enum schema_naming naming;
    uint64_t number;            /* id or fingerprint */
    char guid[GUID_TEXT_BYTES]; /* 8-4-4-4-12 digits */
    bool packed;                /* the body is packed by zlib */
    bool beside;                /* a header names the schema */
    struct slice body;
};

/* Reads the frame of a record's value or key (`bytes`). FRAME_AUTO: bytes in which no frame is
 * recognised are an unnamed body. 0, or -EBADMSG with ret_error filled: "truncated", "bad_magic",
 * "no_schema_header". */
int source_frame_read(enum frame_style style, const struct record *rec, bool of_key,
                      struct slice bytes, struct source_frame *ret_frame,
                      struct codec_error *ret_error);

#endif
