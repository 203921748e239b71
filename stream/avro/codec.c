/* Decoding goes frame -> writer's schema -> plan -> struct. The plans of all writers that were met
 * are kept in a list in which the one found last is moved to the front, because a topic's messages
 * have mostly one writer. A writer whose records cannot become the contract's stays in the list
 * with its error, so that each of its messages is refused without another attempt. A message is
 * decoded into a scratch struct and copied out only when all of it is good.
 *
 * Encoding walks the fields twice: the first walk checks every value and adds up the most bytes
 * that it can take, the second writes without checks. When the most bytes do not fit into the
 * output but the message may, it is written into a buffer of its own first (encode_aside()).
 */
#include "base/base.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "stream/avro/codec.h"
#include "stream/avro/cursor.h"
#include "stream/avro/framing.h"
#include "stream/avro/plan.h"
#include "stream/avro/render.h"
#include "stream/avro/shape.h"

enum {
    VARINT_LONG_BYTES = 10,
    VARINT_INT_BYTES = 5,
};

/* One writer's schema that was met. */
struct known {
    struct frame frame;
    struct plan *plan;        /* NULL: its records cannot become the contract's */
    struct codec_error error; /* the reason */
};

struct codec {
    struct shape *shape;
    struct schema_cache *schemas;
    char frame[FRAME_BYTES_MAX]; /* of messages to write */
    size_t frame_size;
    struct known *known; /* the one found last is the first */
    size_t known_count;
    uint64_t clashes; /* of the cache, when these were found */
    void *scratch;  /* a struct of the contract */
    struct buf aside; /* for a message near the output's limit */
};

/* ---- The codec. ---- */

int codec_know(const struct contract *contract, struct schema_cache *schemas,
               struct codec_error *ret_error)
{
    int rc = schema_cache_add(schemas, contract->schema, ret_error);
    for (size_t i = 0; rc == 0 && contract->older && contract->older[i]; i++) {
        rc = schema_cache_add(schemas, contract->older[i], ret_error);
    }
    return rc;
}

struct codec *codec_new(const struct contract *contract, struct schema_cache *schemas)
{
    struct codec *codec = xcalloc(1, sizeof(*codec));
    codec->shape = shape_new(contract);
    codec->schemas = schemas;
    codec->scratch = xcalloc(1, contract->size);
    int rc = codec_know(contract, schemas, NULL);
    assert(rc == 0);
    struct frame frame = schema_cache_frame(schemas, schema_crc(codec->shape->schema));
    codec->frame_size = frame_write(frame, codec->frame);
    return codec;
}

struct codec *codec_free(struct codec *codec)
{
    if (!codec) { return NULL; }
    for (size_t i = 0; i < codec->known_count; i++) { plan_free(codec->known[i].plan); }
    free(codec->known);
    shape_free(codec->shape);
    free(codec->scratch);
    buf_release(&codec->aside);
    free(codec);
    return NULL;
}

void codec_defaults(struct codec *codec, void *ret_object)
{
    memcpy(ret_object, codec->shape->defaults, codec->shape->contract->size);
}

/* Reads the frame and puts the cursor at the body. */
static int unframe(struct slice message, struct frame *ret_frame, struct cursor *ret_cursor,
                   struct codec_error *ret_error)
{
    struct slice body;
    int rc = frame_read(message, ret_frame, &body, ret_error);
    if (rc == 0) { cursor_init(ret_cursor, body); }
    return rc;
}

static int trailing(const struct cursor *cursor, struct codec_error *ret_error)
{
    return codec_error_set(ret_error, -EBADMSG, "trailing_bytes", "%zu bytes after the record",
                           cursor_left(cursor));
}

static inline bool same_frame(struct frame a, struct frame b)
{
    return a.number == b.number && a.framing == b.framing;
}

/* A fingerprint may have come to mean another schema, or none. */
static void forget_known(struct codec *codec)
{
    for (size_t i = 0; i < codec->known_count; i++) { plan_free(codec->known[i].plan); }
    codec->known_count = 0;
    codec->clashes = schema_cache_clashes(codec->schemas);
}

/* Finds the frame's schema in the list, or makes its plan; NULL when the cache does not hold it. */
static const struct known *find_known(struct codec *codec, struct frame frame)
{
    for (size_t i = 0; i < codec->known_count; i++) {
        if (!same_frame(codec->known[i].frame, frame)) { continue; }
        struct known found = codec->known[i];
        codec->known[i] = codec->known[0];
        codec->known[0] = found;
        return &codec->known[0];
    }
    const struct schema *writer = schema_cache_find(codec->schemas, frame);
    if (!writer) { return NULL; }
    codec->known =
        xreallocarray(codec->known, codec->known_count + 1, sizeof(*codec->known));
    struct known *known = &codec->known[codec->known_count++];
    *known = (struct known){.frame = frame};
    known->plan = plan_new(schema_root(writer), codec->shape, &known->error);
    return known;
}

int codec_decode(struct codec *codec, struct slice message, struct arena *arena, void *ret_object,
                 struct codec_error *ret_error)
{
    struct cursor cursor;
    struct frame frame;
    int rc = unframe(message, &frame, &cursor, ret_error);
    if (rc) { return rc; }
    if (codec->clashes != schema_cache_clashes(codec->schemas)) { forget_known(codec); }
    const struct known *known = codec->known_count ? codec->known : NULL;
    if (!known || !same_frame(known->frame, frame)) { known = find_known(codec, frame); }
    if (!known) { return schema_cache_missing(codec->schemas, frame, ret_error); }
    if (!known->plan) {
        return codec_error_set(ret_error, -EBADMSG, known->error.reason, "%s", known->error.detail);
    }
    size_t size = codec->shape->contract->size;
    memcpy(codec->scratch, codec->shape->defaults, size);
    if (!plan_run(known->plan, &cursor, arena, codec->scratch, ret_error)) { return -EBADMSG; }
    if (cursor_left(&cursor)) { return trailing(&cursor, ret_error); }
    memcpy(ret_object, codec->scratch, size);
    return 0;
}

bool codec_names(struct codec *codec, struct slice message)
{
    struct frame frame;
    struct slice body;
    if (frame_read(message, &frame, &body, NULL)) { return false; }
    const struct schema *writer = schema_cache_find(codec->schemas, frame);
    if (!writer || schema_root(writer)->type != SCHEMA_RECORD) { return false; }
    return schema_same_name(schema_root(codec->shape->schema), schema_root(writer));
}

/* Returns the record's name; of a union, that of the branch that is written. */
static const char *name_of(const struct schema_node *node, struct cursor cursor)
{
    size_t branch;
    if (node->type == SCHEMA_UNION && cursor_branch(&cursor, node->count, &branch)) {
        node = node->branches[branch];
    }
    return node->name ? node->name : schema_type_name(node->type);
}

/* Renders the message at the cursor. */
static int render(const struct schema *writer, size_t message_size, struct cursor *cursor,
                  struct buf *out, const char **ret_name, struct codec_error *ret_error)
{
    const struct schema_node *root = schema_root(writer);
    const size_t before = out->size;
    const bool failed = out->failed;
    int rc;
    if (ret_name) { *ret_name = name_of(root, *cursor); }
    if (!render_value(cursor, root, 0, out)) {
        rc = codec_error_set(ret_error, -EBADMSG, cursor->reason, "at byte %zu: %s",
                             message_size - cursor_left(cursor), cursor->message);
    } else if (cursor_left(cursor)) {
        rc = trailing(cursor, ret_error);
    } else if (buf_failed(out)) {
        rc = codec_error_set(ret_error, -EBADMSG, "over_limit", "more JSON than %zu bytes",
                             out->max);
    } else {
        return 0;
    }
    out->size = before;
    out->failed = failed;
    return rc;
}

static int render_framed(struct schema_cache *schemas, struct slice message, bool times_as_text,
                         struct buf *out, const char **ret_name, struct codec_error *ret_error)
{
    struct cursor cursor;
    struct frame frame;
    int rc = unframe(message, &frame, &cursor, ret_error);
    if (rc) { return rc; }
    cursor.times_as_text = times_as_text;
    const struct schema *writer = schema_cache_find(schemas, frame);
    if (!writer) { return schema_cache_missing(schemas, frame, ret_error); }
    return render(writer, message.size, &cursor, out, ret_name, ret_error);
}

int codec_json(struct schema_cache *schemas, struct slice message, struct buf *out,
               const char **ret_name, struct codec_error *ret_error)
{
    return render_framed(schemas, message, /* times_as_text= */ false, out, ret_name, ret_error);
}

int codec_json_times(struct schema_cache *schemas, struct slice message, struct buf *out,
                     struct codec_error *ret_error)
{
    return render_framed(schemas, message, /* times_as_text= */ true, out, NULL, ret_error);
}

int codec_json_body(const struct schema *writer, struct slice body, bool times_as_text,
                    struct buf *out, const char **ret_name, struct codec_error *ret_error)
{
    struct cursor cursor;
    cursor_init(&cursor, body);
    cursor.times_as_text = times_as_text;
    cursor.fixed_as_hex = true;
    cursor.bare_not_finite = true;
    return render(writer, body.size, &cursor, out, ret_name, ret_error);
}

/* ---- Encoding ---- */

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

/* Writes the union's branch: that of null for a null slice, else that of the value. */
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
    memcpy(at, codec->frame, codec->frame_size);
    at += codec->frame_size;
    for (size_t i = 0; i < shape->fields_count; i++) {
        const struct shape_field *field = &shape->fields[i];
        at = put_member(at, field, object + field->row->offset);
    }
    return at;
}

/* Encodes a message whose most bytes do not fit into out; its actual bytes may. */
static int encode_aside(struct codec *codec, const char *object, size_t bound, struct buf *out)
{
    if (codec->aside.max < bound) {
        buf_release(&codec->aside);
        buf_init(&codec->aside, bound);
    }
    char *start = buf_reserve(&codec->aside, bound);
    size_t size = (size_t)(put_record(codec, object, start) - start);
    if (out->failed || out->size > out->max || size > out->max - out->size) { return -EMSGSIZE; }
    buf_append(out, start, size);
    return 0;
}

int codec_encode(struct codec *codec, const void *object, struct buf *out)
{
    const struct shape *shape = codec->shape;
    size_t bound = codec->frame_size;
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
