/* The steps of payload.h, each in a file of its own; this file puts them together. Texts that need
 * no work (plain JSON) are slices of the record itself; the others stand in `unpacked` and
 * `rendered`, which keep their memory from record to record.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/gunzip.h"
#include "base/xalloc.h"
#include "ingest/payload/json_lines.h"
#include "ingest/payload/payload.h"

enum {
    /* Bytes of JSON that one byte of an Avro message can become (\u00xx), and room for names. */
    RENDERED_GROWTH = 6,
    RENDERED_NAMES_BYTES = 1 << 16,
    TEXTS_FIRST = 16,
};

struct payload {
    struct payload_settings settings;
    struct schema_cache *schemas;
    struct buf unpacked;
    struct buf rendered;
    struct buf key;
    struct slice *texts;
    size_t texts_capacity;
};

struct payload *payload_new(const struct payload_settings *settings, struct schema_cache *schemas)
{
    struct payload *payload = xcalloc(1, sizeof(*payload));
    size_t rendered_max = settings->bytes_max * RENDERED_GROWTH + RENDERED_NAMES_BYTES;
    payload->settings = *settings;
    payload->schemas = schemas;
    buf_init(&payload->unpacked, settings->bytes_max);
    buf_init(&payload->rendered, rendered_max);
    buf_init(&payload->key, rendered_max);
    ARRAY_RESERVE(payload->texts, payload->texts_capacity, 1, TEXTS_FIRST);
    return payload;
}

struct payload *payload_free(struct payload *payload)
{
    if (!payload) { return NULL; }
    buf_release(&payload->unpacked);
    buf_release(&payload->rendered);
    buf_release(&payload->key);
    free(payload->texts);
    free(payload);
    return NULL;
}

/* Unpacks gzip, as often as it was packed: once. */
static int unpack(struct payload *payload, struct slice *bytes, struct codec_error *ret_error)
{
    if (!gunzip_recognises(*bytes)) { return 0; }
    buf_clear(&payload->unpacked);
    int rc = gunzip(*bytes, UNPACKING_GZIP, &payload->unpacked);
    if (rc == -EFBIG) {
        return codec_error_set(ret_error, -EBADMSG, "unpacked_too_large",
                               "more than %zu bytes unpacked", payload->settings.bytes_max);
    }
    if (rc) {
        return codec_error_set(ret_error, -EBADMSG, "bad_gzip", "%zu bytes of gzip", bytes->size);
    }
    *bytes = buf_slice(&payload->unpacked);
    return 0;
}

static struct slice after(struct slice bytes, size_t size)
{
    return slice_of(bytes.data + size, bytes.size - size);
}

static void skip_mark(struct slice *bytes)
{
    if (bytes->size >= 3 && memcmp(bytes->data, "\xef\xbb\xbf", 3) == 0) {
        *bytes = after(*bytes, 3);
    }
}

static int split_lines(struct payload *payload, struct slice bytes, struct slices *ret_texts,
                       struct codec_error *ret_error)
{
    size_t count = 0;
    struct slice rest = bytes;
    for (struct slice text; (text = json_lines_next(&rest)).data; count++) {
        if (count == PAYLOAD_TEXTS_MAX) {
            return codec_error_set(ret_error, -EBADMSG, "too_many_lines", "more than %d lines",
                                   PAYLOAD_TEXTS_MAX);
        }
        ARRAY_RESERVE(payload->texts, payload->texts_capacity, count + 1, TEXTS_FIRST);
        payload->texts[count] = text;
    }
    if (!count) { payload->texts[count++] = bytes; }
    *ret_texts = (struct slices){.at = payload->texts, .count = count};
    return 0;
}

/* Reads JSON that may stand behind a registry's frame: 00 and an id of four bytes, or of eight. */
static int read_json(struct payload *payload, struct slice bytes, struct slices *ret_texts,
                     struct codec_error *ret_error)
{
    enum { SHORT_FRAME = 5, LONG_FRAME = 9 };
    if (bytes.size > SHORT_FRAME && bytes.data[0] == '\0') {
        bool is_long = bytes.size > LONG_FRAME && !memcmp(bytes.data, "\0\0\0\0\0", SHORT_FRAME);
        bytes = after(bytes, is_long ? LONG_FRAME : SHORT_FRAME);
    }
    skip_mark(&bytes);
    return split_lines(payload, bytes, ret_texts, ret_error);
}

static int render_avro(struct payload *payload, struct slice bytes, struct buf *out,
                       struct codec_error *ret_error)
{
    buf_clear(out);
    return payload->settings.times_as_text
               ? codec_json_times(payload->schemas, bytes, out, ret_error)
               : codec_json(payload->schemas, bytes, out, NULL, ret_error);
}

static int read_avro(struct payload *payload, struct slice bytes, struct slices *ret_texts,
                     struct codec_error *ret_error)
{
    int rc = render_avro(payload, bytes, &payload->rendered, ret_error);
    payload->texts[0] = buf_slice(&payload->rendered);
    *ret_texts = (struct slices){.at = payload->texts, .count = 1};
    return rc;
}

int payload_read(struct payload *payload, const struct record *rec, struct slices *ret_texts,
                 struct codec_error *ret_error)
{
    struct slice bytes = rec->value;
    int rc = unpack(payload, &bytes, ret_error);
    if (rc) { return rc; }
    return payload->settings.format == PAYLOAD_AVRO
               ? read_avro(payload, bytes, ret_texts, ret_error)
               : read_json(payload, bytes, ret_texts, ret_error);
}

int payload_read_rendered(struct payload *payload, struct slice bytes, struct slices *ret_texts,
                          struct codec_error *ret_error)
{
    int rc = unpack(payload, &bytes, ret_error);
    return rc ? rc : read_json(payload, bytes, ret_texts, ret_error);
}

int payload_read_key(struct payload *payload, struct slice key, struct slice *ret_text,
                     struct codec_error *ret_error)
{
    if (payload->settings.format != PAYLOAD_AVRO) {
        *ret_text = key;
        return 0;
    }
    int rc = render_avro(payload, key, &payload->key, ret_error);
    if (rc == 0) { *ret_text = buf_slice(&payload->key); }
    return rc;
}
