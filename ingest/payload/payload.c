/* The steps of payload.h, each in a file of its own; this file puts them together. Texts that need
 * no work (plain JSON) are slices of the record itself; the others stand in `unpacked`, or are
 * written into a list. All of them keep their memory from record to record.
 */
#include "base/base.h"
#include "base/gunzip.h"
#include "base/number.h"
#include "base/xalloc.h"
#include "ingest/payload/avro_file.h"
#include "ingest/payload/json_lines.h"
#include "ingest/payload/payload.h"
#include "ingest/payload/protobuf_schemas.h"
#include "ingest/payload/table_texts.h"

enum {
    /* Bytes of JSON that one byte of an Avro message can become (\u00xx), and room for names. */
    RENDERED_GROWTH = 6,
    RENDERED_NAMES_BYTES = 1 << 16,
};

struct payload {
    struct payload_settings settings;
    struct schema_cache *schemas;
    struct frame fallback_frame; /* of a schema that the settings name by its id */
    bool fallback_by_id;
    struct buf unpacked;
    struct buf inflated; /* a body that its frame says is packed */
    struct text_list texts;
    struct text_list key;
    struct avro_file *file;
    struct protobuf_schemas *descriptors; /* NULL: another format */
    struct table_texts *table;            /* NULL: another format */
};

static bool is_table(const struct payload *payload)
{
    return payload->settings.format == PAYLOAD_CSV || payload->settings.format == PAYLOAD_TSV;
}

static int find_fallback(struct payload *payload, char *why, size_t why_size)
{
    const char *at = payload->settings.schema;
    int64_t id;
    if (payload->settings.format == PAYLOAD_PROTOBUF) {
        return protobuf_schemas_new(payload->schemas, at, payload->settings.message,
                                    payload->settings.frame == FRAME_GLUE, &payload->descriptors,
                                    why, why_size);
    }
    if (is_table(payload)) {
        bool tabs = payload->settings.format == PAYLOAD_TSV;
        return table_texts_new(payload->settings.columns,
                               tabs ? '\t' : payload->settings.separator,
                               payload->settings.bytes_max, &payload->table, why, why_size);
    }
    if (!at || !*at || payload->settings.format == PAYLOAD_JSON) { return 0; }
    if (number_read(&at, &id) && !*at && id >= 0 && id <= SCHEMA_ID_MAX) {
        payload->fallback_by_id = true;
        payload->fallback_frame =
            (struct frame){.framing = FRAMING_CONFLUENT, .number = (uint64_t)id};
        return 0;
    }
    if (schema_cache_named(payload->schemas, payload->settings.schema)) { return 0; }
    (void)snprintf(why, why_size, "source.schema=%.100s: schemas.path has no %.100s.avsc; or give "
                   "the id of a schema in the registry",
                   payload->settings.schema, payload->settings.schema);
    return -EINVAL;
}

int payload_new(const struct payload_settings *settings, struct schema_cache *schemas,
                struct payload **ret_payload, char *why, size_t why_size)
{
    struct payload *payload = xcalloc(1, sizeof(*payload));
    size_t rendered_max = settings->bytes_max * RENDERED_GROWTH + RENDERED_NAMES_BYTES;
    payload->settings = *settings;
    payload->schemas = schemas;
    bool beside = settings->format == PAYLOAD_JSON && settings->frame == FRAME_HEADER;
    if (beside) { payload->settings.frame = FRAME_NONE; } /* the schema of JSON is not needed */
    buf_init(&payload->unpacked, settings->bytes_max);
    buf_init(&payload->inflated, settings->bytes_max);
    text_list_init(&payload->texts, rendered_max);
    text_list_init(&payload->key, rendered_max);
    payload->file = avro_file_new(settings->bytes_max);
    int rc = find_fallback(payload, why, why_size);
    if (rc) {
        payload_free(payload);
        return rc;
    }
    *ret_payload = payload;
    return 0;
}

struct payload *payload_free(struct payload *payload)
{
    if (!payload) { return NULL; }
    buf_release(&payload->unpacked);
    buf_release(&payload->inflated);
    text_list_release(&payload->texts);
    text_list_release(&payload->key);
    avro_file_free(payload->file);
    protobuf_schemas_free(payload->descriptors);
    table_texts_free(payload->table);
    free(payload);
    return NULL;
}

/* ---- Packed bytes ---- */

static int unpack(struct payload *payload, enum unpacking unpacking, struct buf *out,
                  struct slice *bytes, struct codec_error *ret_error)
{
    buf_clear(out);
    int rc = gunzip(*bytes, unpacking, out);
    if (rc == -EFBIG) {
        return codec_error_set(ret_error, -EBADMSG, "unpacked_too_large",
                               "more than %zu bytes unpacked", payload->settings.bytes_max);
    }
    if (rc) {
        return codec_error_set(ret_error, -EBADMSG, "bad_gzip", "%zu bytes of %s", bytes->size,
                               unpacking == UNPACKING_GZIP ? "gzip" : "zlib");
    }
    *bytes = buf_slice(out);
    return 0;
}

/* No JSON begins as zlib does. */
static int unpack_packed(struct payload *payload, struct slice *bytes,
                         struct codec_error *ret_error)
{
    bool json = payload->settings.format == PAYLOAD_JSON;
    if (gunzip_recognises(*bytes)) {
        return unpack(payload, UNPACKING_GZIP, &payload->unpacked, bytes, ret_error);
    }
    if (!json || !gunzip_recognises_zlib(*bytes)) { return 0; }
    return unpack(payload, UNPACKING_ZLIB, &payload->unpacked, bytes, ret_error);
}

static int read_frame(struct payload *payload, const struct record *rec, bool of_key,
                      struct slice bytes, struct source_frame *ret_frame,
                      struct codec_error *ret_error)
{
    int rc = source_frame_read(payload->settings.frame, rec, of_key, bytes, ret_frame, ret_error);
    if (rc || !ret_frame->packed) { return rc; }
    return unpack(payload, UNPACKING_ZLIB, &payload->inflated, &ret_frame->body, ret_error);
}

/* ---- JSON ---- */

static void skip_mark(struct slice *bytes)
{
    if (bytes->size < 3 || memcmp(bytes->data, "\xef\xbb\xbf", 3) != 0) { return; }
    *bytes = slice_of(bytes->data + 3, bytes->size - 3);
}

static int split_lines(struct payload *payload, struct slice bytes, struct codec_error *ret_error)
{
    struct text_list *texts = &payload->texts;
    struct slice rest = bytes;
    for (struct slice text; (text = json_lines_next(&rest)).data;) {
        if (!text_list_add(texts, text)) {
            return codec_error_set(ret_error, -EBADMSG, "too_many_lines", "more than %d lines",
                                   TEXT_LIST_MAX);
        }
    }
    if (!texts->count) { (void)text_list_add(texts, bytes); }
    return 0;
}

/* No JSON follows the frame of Avro's single objects; with it, the bytes are not UTF-8. */
static bool is_single_object(const struct payload *payload, struct slice bytes)
{
    return payload->settings.frame == FRAME_AUTO && bytes.size > 1 &&
           memcmp(bytes.data, "\xc3\x01", 2) == 0;
}

static int read_json(struct payload *payload, struct slice bytes, struct codec_error *ret_error)
{
    static const struct record without_headers;
    struct source_frame frame;
    if (is_single_object(payload, bytes)) { return split_lines(payload, bytes, ret_error); }
    int rc = read_frame(payload, &without_headers, false, bytes, &frame, ret_error);
    /* Too short for the frame that its first bytes promise: it is no frame, and no JSON. */
    bool unframed = rc && payload->settings.frame == FRAME_AUTO && !frame.packed;
    if (unframed) { return split_lines(payload, bytes, ret_error); }
    if (rc) { return rc; }
    skip_mark(&frame.body);
    return split_lines(payload, frame.body, ret_error);
}

/* ---- Avro ---- */

/* Finds the schema that the frame names, or that the settings name for such messages. */
static int find_schema(struct payload *payload, const struct source_frame *frame,
                       const struct schema **ret_schema, struct codec_error *ret_error)
{
    struct schema_cache *schemas = payload->schemas;
    const char *fallback = payload->settings.schema;
    struct frame named = {.number = frame->number};
    if (frame->naming == SCHEMA_BY_GUID) {
        *ret_schema = schema_cache_named(schemas, frame->guid);
        if (*ret_schema) { return 0; }
    }
    if (frame->naming == SCHEMA_BY_ID || frame->naming == SCHEMA_BY_FINGERPRINT) {
        named.framing =
            frame->naming == SCHEMA_BY_ID ? FRAMING_CONFLUENT : FRAMING_SINGLE;
    } else if (payload->fallback_by_id) {
        named = payload->fallback_frame;
    } else if (fallback && *fallback) {
        *ret_schema = schema_cache_named(schemas, fallback);
        return 0;
    } else if (frame->naming == SCHEMA_BY_GUID) {
        return codec_error_set(ret_error, -EBADMSG, "unknown_schema_guid", "%s", frame->guid);
    } else {
        return codec_error_set(ret_error, -EBADMSG, frame->body.size ? "bad_magic" : "empty",
                               "begins with %02x, not with c301 or 00",
                               frame->body.size ? (uint8_t)frame->body.data[0] : 0);
    }
    *ret_schema = schema_cache_find(schemas, named);
    return *ret_schema ? 0 : schema_cache_missing(schemas, named, ret_error);
}

/* Renders one message of Avro or Protobuf. */
static int render(struct payload *payload, const struct record *rec, bool of_key,
                  struct slice bytes, struct text_list *texts, const char **ret_name,
                  struct codec_error *ret_error)
{
    struct source_frame frame;
    const struct schema *schema = NULL;
    int rc = read_frame(payload, rec, of_key, bytes, &frame, ret_error);
    if (!rc && payload->descriptors) {
        rc = protobuf_schemas_render(payload->descriptors, &frame, &texts->bytes, ret_name,
                                     ret_error);
    } else if (!rc) {
        rc = find_schema(payload, &frame, &schema, ret_error);
        if (!rc) {
            rc = codec_json_body(schema, frame.body, payload->settings.times_as_text,
                                 &texts->bytes, ret_name, ret_error);
        }
    }
    if (!rc) { (void)text_list_end(texts); }
    return rc;
}

static int read_message(struct payload *payload, const struct record *rec, struct slice bytes,
                        const char **ret_name, struct codec_error *ret_error)
{
    bool file = payload->settings.format == PAYLOAD_AVRO &&
                payload->settings.frame == FRAME_AUTO && avro_file_recognises(bytes);
    if (file) {
        return avro_file_read(payload->file, bytes, payload->settings.times_as_text,
                              &payload->texts, ret_name, ret_error);
    }
    return render(payload, rec, /* of_key= */ false, bytes, &payload->texts, ret_name, ret_error);
}

/* ---- CSV and TSV ---- */

static int read_table(struct payload *payload, struct slice bytes, struct codec_error *ret_error)
{
    skip_mark(&bytes);
    return table_texts_read(payload->table, bytes, &payload->texts, ret_error);
}

/* ---- The whole ---- */

int payload_read(struct payload *payload, const struct record *rec,
                 struct payload_value *ret_value, struct codec_error *ret_error)
{
    struct slice bytes = rec->value;
    const char *name = NULL;
    text_list_clear(&payload->texts);
    int rc = unpack_packed(payload, &bytes, ret_error);
    if (!rc && payload->table) {
        rc = read_table(payload, bytes, ret_error);
    } else if (!rc) {
        rc = payload->settings.format == PAYLOAD_JSON
                 ? read_json(payload, bytes, ret_error)
                 : read_message(payload, rec, bytes, &name, ret_error);
    }
    if (rc) { return rc; }
    *ret_value = (struct payload_value){.texts = text_list_slices(&payload->texts), .name = name};
    return 0;
}

int payload_read_rendered(struct payload *payload, struct slice bytes,
                          struct payload_value *ret_value, struct codec_error *ret_error)
{
    text_list_clear(&payload->texts);
    int rc = unpack_packed(payload, &bytes, ret_error);
    if (!rc) {
        rc = payload->table ? read_table(payload, bytes, ret_error)
                            : read_json(payload, bytes, ret_error);
    }
    if (rc) { return rc; }
    *ret_value = (struct payload_value){.texts = text_list_slices(&payload->texts)};
    return 0;
}

int payload_read_key(struct payload *payload, const struct record *rec, struct slice *ret_text,
                     struct codec_error *ret_error)
{
    if (payload->settings.format == PAYLOAD_JSON || payload->table) {
        *ret_text = rec->key;
        return 0;
    }
    const char *name;
    text_list_clear(&payload->key);
    int rc = render(payload, rec, /* of_key= */ true, rec->key, &payload->key, &name, ret_error);
    if (rc == 0) { *ret_text = text_list_slices(&payload->key).at[0]; }
    return rc;
}
