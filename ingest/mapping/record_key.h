/* The key of a record as a value: text, JSON, Avro, or a number as Kafka's own serializers write
 * it. */
#ifndef FRESHET_INGEST_MAPPING_RECORD_KEY_H
#define FRESHET_INGEST_MAPPING_RECORD_KEY_H

#include "syntax/json_text.h"
#include "ingest/payload/payload.h"

/* Order of the choices of the option `key.format`. */
enum key_format {
    KEY_AUTO,        /* a message in a frame where the value is one; else JSON or text */
    KEY_TEXT,        /* text, whatever it looks like */
    KEY_INT32,       /* IntegerSerializer: four bytes, big endian */
    KEY_INT64,       /* LongSerializer: eight */
    KEY_AVRO_STRING, /* Avro without a frame */
    KEY_AVRO_LONG,
};

/* Returns the key as a new value, NULL when there is none or it is not in the format. rendered: the
 * key is given as `freshet peek` prints it. The value of KEY_AUTO is a text unless the key is a
 * JSON text, object or array, or any message of Avro or Protobuf: `12e3` stays as it is. *ret_error
 * says when the schema that the key names is not known (yet); then the value is not to be used. */
json_t *record_key_read(enum key_format format, struct payload *payload, const struct record *rec,
                        bool rendered, const struct json_rules *rules,
                        struct codec_error *ret_error);

#endif
