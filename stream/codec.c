#include "base/base.h"
#include "base/text_file.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "stream/codec.h"
#include "stream/cursor.h"
#include "stream/plan.h"
#include "stream/render.h"
#include "stream/shape.h"

#include <avro.h>
#include <dirent.h>

/* libavro has one say here: whether a schema is one. Hostile bytes never reach it (its memory
 * reader walks out of bounds on negative lengths), and schemas are never printed by it (it forgets
 * defaults and aliases). */

enum {
    FRAME_BYTES = 10, /* C3 01 and the fingerprint */
    VARINT_LONG_BYTES = 10,
    VARINT_INT_BYTES = 5,
    BOOK_SCHEMAS_MAX = 4096,
    AVRO_WHY_BYTES = 120,
};

struct schema_book {
    struct schema **schemas; /* by fingerprint, ascending */
    size_t count;
};

/* What is known of one writer's schema. */
struct known {
    uint64_t fingerprint;
    struct plan *plan;         /* NULL: it cannot be read */
    struct codec_error error;  /* why not */
};

struct codec {
    struct shape *shape;
    struct schema_book *book;
    char frame[FRAME_BYTES];
    struct known *known; /* the newest used first */
    size_t known_count;
    void *scratch;  /* a struct of the contract */
    struct buf big; /* for a message near its limit */
};

static _printf_(3, 4) int refuse(struct codec_error *ret_error, const char *reason,
                                 const char *format, ...)
{
    if (!ret_error) { return -EBADMSG; }
    va_list args;
    va_start(args, format);
    ret_error->reason = reason;
    (void)vsnprintf(ret_error->detail, sizeof(ret_error->detail), format, args);
    va_end(args);
    return -EBADMSG;
}

/* ---- The schema book. ---- */

struct schema_book *schema_book_new(void)
{
    return xcalloc(1, sizeof(struct schema_book));
}

struct schema_book *schema_book_free(struct schema_book *book)
{
    if (!book) { return NULL; }
    for (size_t i = 0; i < book->count; i++) { schema_free(book->schemas[i]); }
    free(book->schemas);
    free(book);
    return NULL;
}

/* Where the fingerprint stands, or would. */
static size_t book_place(const struct schema_book *book, uint64_t fingerprint)
{
    size_t low = 0;
    size_t high = book->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (schema_crc(book->schemas[middle]) < fingerprint) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static const struct schema *book_find(const struct schema_book *book, uint64_t fingerprint)
{
    size_t at = book_place(book, fingerprint);
    if (at == book->count || schema_crc(book->schemas[at]) != fingerprint) { return NULL; }
    return book->schemas[at];
}

static bool avro_agrees(const char *json, struct codec_error *ret_error)
{
    avro_schema_t schema = NULL;
    if (avro_schema_from_json_length(json, strlen(json), &schema) == 0) {
        avro_schema_decref(schema);
        return true;
    }
    (void)refuse(ret_error, "bad_schema", "%.*s", AVRO_WHY_BYTES, avro_strerror());
    return false;
}

int schema_book_add(struct schema_book *book, const char *json, struct codec_error *ret_error)
{
    struct schema *schema = schema_parse(json, ret_error);
    if (!schema) { return -EINVAL; }
    size_t at = book_place(book, schema_crc(schema));
    if (at < book->count && schema_crc(book->schemas[at]) == schema_crc(schema)) {
        bool same = strcmp(schema_canonical(book->schemas[at]), schema_canonical(schema)) == 0;
        schema_free(schema);
        if (same) { return 0; }
        (void)refuse(ret_error, "bad_schema", "another schema has the same fingerprint");
        return -EINVAL;
    }
    if (book->count == BOOK_SCHEMAS_MAX) {
        (void)refuse(ret_error, "bad_schema", "more than %d schemas", BOOK_SCHEMAS_MAX);
    } else if (avro_agrees(json, ret_error)) {
        book->schemas = xreallocarray(book->schemas, book->count + 1, sizeof(*book->schemas));
        memmove(book->schemas + at + 1, book->schemas + at,
                (book->count - at) * sizeof(*book->schemas));
        book->schemas[at] = schema;
        book->count++;
        return 0;
    }
    schema_free(schema);
    return -EINVAL;
}

static int add_file(struct schema_book *book, const char *path, struct codec_error *ret_error)
{
    struct codec_error error = {.reason = "bad_schema"};
    struct buf text;
    buf_init(&text, SCHEMA_BYTES_MAX + 1);
    int rc = text_file_read(path, &text);
    if (rc == 0) {
        buf_append(&text, "", 1);
        rc = buf_failed(&text) ? -EFBIG : 0;
    }
    if (rc) {
        (void)snprintf(error.detail, sizeof(error.detail), "%s", strerror(-rc));
    } else {
        rc = schema_book_add(book, text.data, &error);
    }
    buf_release(&text);
    if (rc) { (void)refuse(ret_error, error.reason, "%.80s: %.110s", path, error.detail); }
    return rc;
}

static int is_avsc(const struct dirent *entry)
{
    size_t size = strlen(entry->d_name);
    return size > 5 && strcmp(entry->d_name + size - 5, ".avsc") == 0;
}

int schema_book_add_dir(struct schema_book *book, const char *path, struct codec_error *ret_error)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, is_avsc, alphasort);
    if (count < 0) {
        int error = errno;
        (void)refuse(ret_error, "bad_schema", "%.100s: %s", path, strerror(error));
        return -error;
    }
    int rc = 0;
    for (int i = 0; i < count; i++) {
        if (rc == 0) {
            _cleanup_(xfreep) char *file = xprintf("%s/%s", path, entries[i]->d_name);
            rc = add_file(book, file, ret_error);
        }
        free(entries[i]);
    }
    free(entries);
    return rc;
}

/* ---- The codec. ---- */

struct codec *codec_new(const struct contract *contract, struct schema_book *book)
{
    struct codec *codec = xcalloc(1, sizeof(*codec));
    codec->shape = shape_new(contract);
    codec->book = book;
    codec->scratch = xcalloc(1, contract->size);
    uint64_t fingerprint = schema_crc(codec->shape->schema);
    memcpy(codec->frame, "\xc3\x01", 2);
    memcpy(codec->frame + 2, &fingerprint, sizeof(fingerprint));
    int rc = schema_book_add(book, contract->schema, NULL);
    assert(rc == 0);
    return codec;
}

struct codec *codec_free(struct codec *codec)
{
    if (!codec) { return NULL; }
    for (size_t i = 0; i < codec->known_count; i++) { plan_free(codec->known[i].plan); }
    free(codec->known);
    shape_free(codec->shape);
    free(codec->scratch);
    buf_release(&codec->big);
    free(codec);
    return NULL;
}

void codec_defaults(struct codec *codec, void *ret_object)
{
    memcpy(ret_object, codec->shape->defaults, codec->shape->contract->size);
}

/* Reads the frame; the cursor then stands at the body. */
static int unframe(struct slice message, uint64_t *ret_fingerprint, struct cursor *ret_cursor,
                   struct codec_error *ret_error)
{
    if (message.size == 0) { return refuse(ret_error, "empty", "no bytes"); }
    if (message.data[0] != '\xc3' || (message.size > 1 && message.data[1] != '\x01')) {
        return refuse(ret_error, "bad_magic", "begins with %02x, not with c301",
                      (uint8_t)message.data[0]);
    }
    if (message.size < FRAME_BYTES) {
        return refuse(ret_error, "truncated", "%zu bytes of a frame of %d", message.size,
                      FRAME_BYTES);
    }
    memcpy(ret_fingerprint, message.data + 2, sizeof(*ret_fingerprint));
    cursor_init(ret_cursor, slice_of(message.data + FRAME_BYTES, message.size - FRAME_BYTES));
    return 0;
}

static int trailing(const struct cursor *cursor, struct codec_error *ret_error)
{
    return refuse(ret_error, "trailing_bytes", "%zu bytes after the record", cursor_left(cursor));
}

/* Finds, or makes, what is known of the fingerprint's schema; NULL when the book lacks it. */
static const struct known *find_known(struct codec *codec, uint64_t fingerprint)
{
    for (size_t i = 0; i < codec->known_count; i++) {
        if (codec->known[i].fingerprint != fingerprint) { continue; }
        struct known found = codec->known[i];
        codec->known[i] = codec->known[0];
        codec->known[0] = found;
        return &codec->known[0];
    }
    const struct schema *writer = book_find(codec->book, fingerprint);
    if (!writer) { return NULL; }
    codec->known =
        xreallocarray(codec->known, codec->known_count + 1, sizeof(*codec->known));
    struct known *known = &codec->known[codec->known_count++];
    *known = (struct known){.fingerprint = fingerprint};
    known->plan = plan_new(schema_root(writer), codec->shape, &known->error);
    return known;
}

int codec_decode(struct codec *codec, struct slice message, struct arena *arena, void *ret_object,
                 struct codec_error *ret_error)
{
    struct cursor cursor;
    uint64_t fingerprint;
    int rc = unframe(message, &fingerprint, &cursor, ret_error);
    if (rc) { return rc; }
    const struct known *known = codec->known;
    if (!known || known->fingerprint != fingerprint) { known = find_known(codec, fingerprint); }
    if (!known) {
        return refuse(ret_error, "unknown_fingerprint", "%016" PRIx64, fingerprint);
    }
    if (!known->plan) {
        return refuse(ret_error, known->error.reason, "%s", known->error.detail);
    }
    size_t size = codec->shape->contract->size;
    memcpy(codec->scratch, codec->shape->defaults, size);
    if (!plan_run(known->plan, &cursor, arena, codec->scratch, ret_error)) { return -EBADMSG; }
    if (cursor_left(&cursor)) { return trailing(&cursor, ret_error); }
    memcpy(ret_object, codec->scratch, size);
    return 0;
}

static int render(struct schema_book *book, struct slice message, bool times_as_text,
                  struct buf *out, const char **ret_name, struct codec_error *ret_error)
{
    struct cursor cursor;
    uint64_t fingerprint;
    int rc = unframe(message, &fingerprint, &cursor, ret_error);
    if (rc) { return rc; }
    cursor.times_as_text = times_as_text;
    const struct schema *writer = book_find(book, fingerprint);
    if (!writer) {
        return refuse(ret_error, "unknown_fingerprint", "%016" PRIx64, fingerprint);
    }
    const struct schema_node *root = schema_root(writer);
    const size_t before = out->size;
    const bool failed = out->failed;
    if (!render_value(&cursor, root, 0, out)) {
        rc = refuse(ret_error, cursor.reason, "at byte %zu: %s",
                    message.size - cursor_left(&cursor), cursor.message);
    } else if (cursor_left(&cursor)) {
        rc = trailing(&cursor, ret_error);
    } else if (buf_failed(out)) {
        rc = refuse(ret_error, "over_limit", "more JSON than %zu bytes", out->max);
    } else {
        if (ret_name) { *ret_name = root->name ? root->name : schema_type_name(root->type); }
        return 0;
    }
    out->size = before;
    out->failed = failed;
    return rc;
}

int codec_json(struct schema_book *book, struct slice message, struct buf *out,
               const char **ret_name, struct codec_error *ret_error)
{
    return render(book, message, /* times_as_text= */ false, out, ret_name, ret_error);
}

int codec_json_times(struct schema_book *book, struct slice message, struct buf *out,
                     struct codec_error *ret_error)
{
    return render(book, message, /* times_as_text= */ true, out, NULL, ret_error);
}

/* ---- Encoding: a first walk checks and sizes, a second writes without looking back. ---- */

static inline char *put_long(char *at, int64_t value)
{
    uint64_t raw = ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
    while (raw >= 0x80) {
        *at++ = (char)(raw | 0x80);
        raw >>= 7;
    }
    *at++ = (char)raw;
    return at;
}

static inline char *put_bytes(char *at, struct slice bytes)
{
    at = put_long(at, (int64_t)bytes.size);
    if (bytes.size) { memcpy(at, bytes.data, bytes.size); }
    return at + bytes.size;
}

static inline int size_text(struct slice text, size_t limit, bool utf8, size_t *bound)
{
    if (text.size > limit) { return -EMSGSIZE; }
    if (utf8 && !utf8_valid(text.data, text.size)) { return -EINVAL; }
    *bound += VARINT_LONG_BYTES + text.size;
    return 0;
}

static int size_symbols(const struct schema_node *node, const int32_t *at, size_t count,
                        size_t *bound)
{
    for (size_t i = 0; i < count; i++) {
        if (at[i] < 0 || (size_t)at[i] >= node->count) { return -EINVAL; }
    }
    *bound += VARINT_INT_BYTES * count;
    return 0;
}

static int size_column(const struct shape_field *field, const void *member, size_t *bound)
{
    struct slices column; /* all columns look alike */
    memcpy(&column, member, sizeof(column));
    if (column.count > field->row->limit) { return -EMSGSIZE; }
    *bound += VARINT_LONG_BYTES + 1;
    switch (field->row->kind) {
    case FIELD_STRINGS:
        for (size_t i = 0; i < column.count; i++) {
            int rc = size_text(column.at[i], COLUMN_STRING_BYTES_MAX, true, bound);
            if (rc) { return rc; }
        }
        return 0;
    case FIELD_FLOATS:
        *bound += sizeof(float) * column.count;
        return floats_finite((const void *)column.at, column.count) ? 0 : -EINVAL;
    case FIELD_DOUBLES:
        *bound += sizeof(double) * column.count;
        return doubles_finite((const void *)column.at, column.count) ? 0 : -EINVAL;
    case FIELD_ENUMS:
        return size_symbols(field->value->items, (const void *)column.at, column.count, bound);
    default:
        *bound += VARINT_LONG_BYTES * column.count;
        return 0;
    }
}

/* Adds the most bytes that the member can take; -EMSGSIZE past a limit, -EINVAL for what no reader
 * would accept. */
static inline int size_member(const struct shape_field *field, const void *member, size_t *bound)
{
    switch (field->row->kind) {
    case FIELD_STRING:
        return size_text(*(const struct slice *)member, field->row->limit, true, bound);
    case FIELD_BYTES:
        return size_text(*(const struct slice *)member, field->row->limit, false, bound);
    case FIELD_FLOAT:
        *bound += sizeof(float);
        return floats_finite(member, 1) ? 0 : -EINVAL;
    case FIELD_DOUBLE:
        *bound += sizeof(double);
        return doubles_finite(member, 1) ? 0 : -EINVAL;
    case FIELD_ENUM:
        return size_symbols(field->value, member, 1, bound);
    case FIELD_INT:
    case FIELD_LONG:
    case FIELD_BOOL:
        *bound += VARINT_LONG_BYTES;
        return 0;
    default:
        return size_column(field, member, bound);
    }
}

static char *put_column(char *at, enum field_kind kind, const void *member)
{
    struct slices column;
    memcpy(&column, member, sizeof(column));
    if (column.count == 0) { return put_long(at, 0); }
    at = put_long(at, (int64_t)column.count);
    const void *from = column.at;
    if (kind == FIELD_STRINGS) {
        for (size_t i = 0; i < column.count; i++) { at = put_bytes(at, column.at[i]); }
    } else if (kind == FIELD_FLOATS || kind == FIELD_DOUBLES) {
        size_t size = column.count * shape_member_bytes(shape_element(kind));
        memcpy(at, from, size);
        at += size;
    } else if (kind == FIELD_LONGS) {
        for (size_t i = 0; i < column.count; i++) { at = put_long(at, ((const int64_t *)from)[i]); }
    } else {
        for (size_t i = 0; i < column.count; i++) { at = put_long(at, ((const int32_t *)from)[i]); }
    }
    return put_long(at, 0);
}

/* A null slice goes into the null branch of a union, where there is one. */
static char *put_branch(char *at, const struct shape_field *field, const void *member,
                        bool *ret_null)
{
    bool text = field->row->kind == FIELD_STRING || field->row->kind == FIELD_BYTES;
    *ret_null = text && !((const struct slice *)member)->data;
    return put_long(at, *ret_null ? field->null_branch : field->value_branch);
}

static inline char *put_member(char *at, const struct shape_field *field, const void *member)
{
    if (field->null_branch >= 0) {
        bool null;
        at = put_branch(at, field, member, &null);
        if (null) { return at; }
    }
    switch (field->row->kind) {
    case FIELD_STRING:
    case FIELD_BYTES:
        return put_bytes(at, *(const struct slice *)member);
    case FIELD_INT:
    case FIELD_ENUM:
        return put_long(at, *(const int32_t *)member);
    case FIELD_LONG:
        return put_long(at, *(const int64_t *)member);
    case FIELD_FLOAT:
        memcpy(at, member, sizeof(float));
        return at + sizeof(float);
    case FIELD_DOUBLE:
        memcpy(at, member, sizeof(double));
        return at + sizeof(double);
    case FIELD_BOOL:
        *at = *(const bool *)member ? 1 : 0;
        return at + 1;
    default:
        return put_column(at, field->row->kind, member);
    }
}

static char *put_record(const struct codec *codec, const char *object, char *at)
{
    const struct shape *shape = codec->shape;
    memcpy(at, codec->frame, FRAME_BYTES);
    at += FRAME_BYTES;
    for (size_t i = 0; i < shape->fields_count; i++) {
        const struct shape_field *field = &shape->fields[i];
        at = put_member(at, field, object + field->row->offset);
    }
    return at;
}

/* The most it could take does not fit; what it does take may. */
static int encode_aside(struct codec *codec, const char *object, size_t bound, struct buf *out)
{
    if (codec->big.max < bound) {
        buf_release(&codec->big);
        buf_init(&codec->big, bound);
    }
    char *start = buf_reserve(&codec->big, bound);
    size_t size = (size_t)(put_record(codec, object, start) - start);
    if (out->failed || out->size > out->max || size > out->max - out->size) { return -EMSGSIZE; }
    buf_append(out, start, size);
    return 0;
}

int codec_encode(struct codec *codec, const void *object, struct buf *out)
{
    const struct shape *shape = codec->shape;
    size_t bound = FRAME_BYTES;
    for (size_t i = 0; i < shape->fields_count; i++) {
        const struct shape_field *field = &shape->fields[i];
        int rc = size_member(field, (const char *)object + field->row->offset, &bound);
        if (rc) { return rc; }
        bound += field->null_branch >= 0;
    }
    if (out->failed || out->size > out->max || bound > out->max - out->size) {
        return encode_aside(codec, object, bound, out);
    }
    char *start = buf_reserve(out, bound);
    char *end = put_record(codec, object, start);
    assert((size_t)(end - start) <= bound);
    out->size += (size_t)(end - start);
    return 0;
}
