/* The payload of a record: its bytes become JSON texts, one for each value that they hold.
 *
 *   bytes -> unpacked (gzip) -> without frame and byte order mark -> texts
 *
 *   JSON    one value, or one on each line; before it may stand a registry's frame
 *   Avro    one message, rendered by its writer's schema, or an Avro file of several
 *   Protobuf  one message
 *   CSV, TSV  rows; each becomes an object with the columns' names
 *
 * Each step is limited: unpacked bytes by `bytes_max`, texts by TEXT_LIST_MAX. The texts of a
 * record keep their order, which is the same each time the record is read.
 *
 * A payload belongs to one thread. Texts and names are borrowed until the next call.
 */
#ifndef FRESHET_INGEST_PAYLOAD_PAYLOAD_H
#define FRESHET_INGEST_PAYLOAD_PAYLOAD_H

#include "ingest/payload/source_frame.h"
#include "stream/avro/codec.h"

/* Order of the choices of the option `source.format`. */
enum payload_format { PAYLOAD_JSON, PAYLOAD_AVRO, PAYLOAD_PROTOBUF, PAYLOAD_CSV, PAYLOAD_TSV };

struct payload_settings {
    enum payload_format format;
    enum frame_style frame;
    const char *schema; /* of messages whose frame names none that is known: the id, or the name of
                           a file in schemas.path without its ending (Protobuf: a file); empty:
                           none */
    const char *message; /* Protobuf: full name of the messages' type; empty: as their frames say */
    const char *columns; /* CSV and TSV: as table_texts_new() takes them */
    char separator;      /* CSV */
    bool times_as_text; /* Avro's times are rendered as ISO 8601 texts */
    size_t bytes_max;   /* of a record, also when unpacked */
};

/* What a record's value holds. */
struct payload_value {
    struct slices texts;
    const char *name; /* full name of the writer's record; NULL: the format has none */
};

struct payload;

/* Makes a reader of payloads; free with payload_free(). 0, or -EINVAL with the fault and a hint
 * written to why. The schema cache (NULL: JSON only) and the texts of the settings must outlive
 * it. */
int payload_new(const struct payload_settings *settings, struct schema_cache *schemas,
                struct payload **ret_payload, char *why, size_t why_size);
/* Frees the reader; takes NULL; returns NULL. */
struct payload *payload_free(struct payload *payload);
/* Reads a record's value. 0, or -EBADMSG with ret_error filled: the codec's reasons, those of
 * source_frame.h, avro_file.h, protobuf_schemas.h and table_texts.h, "bad_gzip",
 * "unpacked_too_large", "too_many_lines". */
int payload_read(struct payload *payload, const struct record *rec,
                 struct payload_value *ret_value, struct codec_error *ret_error);
/* The same for the text of a message, as `freshet peek` prints it; or for JSON. */
int payload_read_rendered(struct payload *payload, struct slice bytes,
                          struct payload_value *ret_value, struct codec_error *ret_error);
/* Reads a record's key: one text. Returns as payload_read(). The texts of the value stay valid. */
int payload_read_key(struct payload *payload, const struct record *rec, struct slice *ret_text,
                     struct codec_error *ret_error);

#endif
