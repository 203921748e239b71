/* The header is a map of metadata (schema and codec) and a marker of 16 bytes; each block has a
 * count, a size, the records and the marker again. The schema of the file read last is kept,
 * because a producer sends the same one in every record.
 */
#include "base/base.h"
#include "base/gunzip.h"
#include "base/xalloc.h"
#include "ingest/payload/avro_file.h"
#include "stream/avro/render.h"

enum { MAGIC_BYTES = 4, MARKER_BYTES = 16 };

static const char magic[] = "Obj\x01";

struct avro_file {
    size_t bytes_max;
    char *schema_text;
    struct schema *schema;
    struct buf unpacked;
};

/* One file that is being read. */
struct reading {
    struct avro_file *file;
    struct cursor cursor;
    struct slice schema;
    struct slice codec;
    struct slice marker;
    bool times_as_text;
    struct text_list *texts;
    struct codec_error *error;
};

struct avro_file *avro_file_new(size_t bytes_max)
{
    struct avro_file *file = xcalloc(1, sizeof(*file));
    file->bytes_max = bytes_max;
    buf_init(&file->unpacked, bytes_max);
    return file;
}

struct avro_file *avro_file_free(struct avro_file *file)
{
    if (!file) { return NULL; }
    schema_free(file->schema);
    free(file->schema_text);
    buf_release(&file->unpacked);
    free(file);
    return NULL;
}

bool avro_file_recognises(struct slice bytes)
{
    return bytes.size >= MAGIC_BYTES && memcmp(bytes.data, magic, MAGIC_BYTES) == 0;
}

static int damaged(struct reading *reading, const char *what)
{
    return codec_error_set(reading->error, -EBADMSG, "bad_avro_file", "%s", what);
}

static int refused(struct reading *reading, const struct cursor *cursor)
{
    return codec_error_set(reading->error, -EBADMSG, cursor->reason, "%s", cursor->message);
}

/* ---- The header ---- */

static bool read_entries(struct reading *reading, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct slice key, value;
        if (!cursor_step(&reading->cursor, 0) || !cursor_slice(&reading->cursor, &key) ||
            !cursor_slice(&reading->cursor, &value)) {
            return false;
        }
        if (slice_equal(key, slice_str("avro.schema"))) { reading->schema = value; }
        if (slice_equal(key, slice_str("avro.codec"))) { reading->codec = value; }
    }
    return true;
}

static bool read_metadata(struct reading *reading)
{
    struct cursor_block block;
    for (;;) {
        if (!cursor_block(&reading->cursor, &block)) { return false; }
        if (!block.count) { return true; }
        if (!read_entries(reading, block.count)) { return false; }
    }
}

static int read_schema(struct reading *reading)
{
    struct avro_file *file = reading->file;
    if (!reading->schema.size) { return damaged(reading, "no avro.schema in the file"); }
    _cleanup_(xfreep) char *text = xprintf("%.*s", SLICE_ARGS(reading->schema));
    if (file->schema && strcmp(file->schema_text, text) == 0) { return 0; }
    file->schema = schema_free(file->schema);
    free(file->schema_text);
    file->schema_text = xstrdup(text);
    file->schema = schema_parse(text, reading->error);
    if (file->schema) { return 0; }
    if (reading->error) { reading->error->reason = "bad_avro_file"; }
    return -EBADMSG;
}

static int read_header(struct reading *reading)
{
    const char *marker;
    if (!read_metadata(reading) || !cursor_take(&reading->cursor, MARKER_BYTES, &marker)) {
        return refused(reading, &reading->cursor);
    }
    reading->marker = slice_of(marker, MARKER_BYTES);
    return read_schema(reading);
}

/* ---- Blocks ---- */

static int unpack(struct reading *reading, struct slice *bytes)
{
    struct slice codec = reading->codec;
    struct buf *out = &reading->file->unpacked;
    if (!codec.size || slice_equal(codec, slice_str("null"))) { return 0; }
    if (!slice_equal(codec, slice_str("deflate"))) {
        return codec_error_set(reading->error, -EBADMSG, "bad_avro_file",
                               "the codec %.*s is not read; null and deflate are",
                               (int)MIN_OF(codec.size, (size_t)20), codec.data);
    }
    buf_clear(out);
    int rc = gunzip(*bytes, UNPACKING_RAW, out);
    if (rc == -EFBIG) {
        return codec_error_set(reading->error, -EBADMSG, "unpacked_too_large",
                               "more than %zu bytes unpacked", reading->file->bytes_max);
    }
    if (rc) { return damaged(reading, "a block cannot be unpacked"); }
    *bytes = buf_slice(out);
    return 0;
}

static int render_records(struct reading *reading, struct slice bytes, int64_t count)
{
    struct cursor cursor;
    cursor_init(&cursor, bytes);
    cursor.times_as_text = reading->times_as_text;
    cursor.fixed_as_hex = true;
    cursor.bare_not_finite = true;
    const struct schema_node *root = schema_root(reading->file->schema);
    for (int64_t i = 0; i < count; i++) {
        if (!render_value(&cursor, root, 0, &reading->texts->bytes)) {
            return refused(reading, &cursor);
        }
        if (!text_list_end(reading->texts)) {
            return codec_error_set(reading->error, -EBADMSG, "too_many_lines",
                                   "more than %d records in a file", TEXT_LIST_MAX);
        }
    }
    return cursor_left(&cursor) ? damaged(reading, "a block is longer than its records") : 0;
}

static int read_block(struct reading *reading)
{
    struct cursor *cursor = &reading->cursor;
    struct slice bytes;
    const char *marker;
    int64_t count;
    if (!cursor_long(cursor, &count) || !cursor_slice(cursor, &bytes) ||
        !cursor_take(cursor, MARKER_BYTES, &marker)) {
        return refused(reading, cursor);
    }
    if (memcmp(marker, reading->marker.data, MARKER_BYTES) != 0) {
        return damaged(reading, "the marker behind a block is not the file's");
    }
    int rc = unpack(reading, &bytes);
    return rc ? rc : render_records(reading, bytes, count);
}

int avro_file_read(struct avro_file *file, struct slice bytes, bool times_as_text,
                   struct text_list *texts, const char **ret_name, struct codec_error *ret_error)
{
    assert(avro_file_recognises(bytes));
    struct reading reading = {
        .file = file, .times_as_text = times_as_text, .texts = texts, .error = ret_error};
    cursor_init(&reading.cursor, slice_of(bytes.data + MAGIC_BYTES, bytes.size - MAGIC_BYTES));
    int rc = read_header(&reading);
    while (!rc && cursor_left(&reading.cursor)) { rc = read_block(&reading); }
    if (rc) { return rc; }
    const struct schema_node *root = schema_root(file->schema);
    *ret_name = root->name ? root->name : schema_type_name(root->type);
    return buf_failed(&texts->bytes)
               ? codec_error_set(ret_error, -EBADMSG, "over_limit", "more JSON than %zu bytes",
                                 texts->bytes.max)
               : 0;
}
