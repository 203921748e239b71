/* The payload of a record: its bytes become JSON texts, one for each value that they hold.
 *
 *   bytes -> unpacked (gzip) -> without frame and byte order mark -> texts
 *
 *   JSON    one value, or one on each line; before it may stand a registry's frame
 *   Avro    one message, rendered by its writer's schema
 *
 * Each step is limited: unpacked bytes by `bytes_max`, texts by PAYLOAD_TEXTS_MAX. The texts of a
 * record keep their order, which is the same each time the record is read.
 *
 * A payload belongs to one thread. Texts are borrowed until the next call.
 */
#ifndef FRESHET_INGEST_PAYLOAD_PAYLOAD_H
#define FRESHET_INGEST_PAYLOAD_PAYLOAD_H

#include "base/slice.h"
#include "stream/avro/codec.h"
#include "stream/kafka/record.h"

enum {
    PAYLOAD_TEXTS_MAX = 10000, /* values in one record */
};

/* Order of the choices of the option `source.format`. */
enum payload_format { PAYLOAD_JSON, PAYLOAD_AVRO };

struct payload_settings {
    enum payload_format format;
    bool times_as_text; /* Avro's times are rendered as ISO 8601 texts */
    size_t bytes_max;   /* of a record, also when unpacked */
};

struct payload;

/* Makes a reader of payloads; free with payload_free(). The schema cache is used for Avro only and
 * must outlive it. */
struct payload *payload_new(const struct payload_settings *settings, struct schema_cache *schemas);
/* Frees the reader; takes NULL; returns NULL. */
struct payload *payload_free(struct payload *payload);
/* Reads a record's value. 0, or -EBADMSG with ret_error filled: the codec's reasons, or "bad_gzip",
 * "unpacked_too_large", "too_many_lines". */
int payload_read(struct payload *payload, const struct record *rec, struct slices *ret_texts,
                 struct codec_error *ret_error);
/* The same for the text of an Avro message, as `freshet peek` prints it; or for JSON. */
int payload_read_rendered(struct payload *payload, struct slice bytes, struct slices *ret_texts,
                          struct codec_error *ret_error);
/* Reads a record's key: one text. Returns as payload_read(). The texts of the value stay valid. */
int payload_read_key(struct payload *payload, struct slice key, struct slice *ret_text,
                     struct codec_error *ret_error);

#endif
