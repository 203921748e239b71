/* The type of a message is the one that is configured; else the one that stands before the message
 * (indexes behind an id, a number behind Glue's UUID); else the only one of its descriptors. The
 * descriptors of an id are made when its first message comes, from the schema's text in the cache,
 * and kept; a schema that cannot be used is kept with the reason, so that it is not parsed again.
 */
#include "base/base.h"
#include "base/number.h"
#include "base/text_file.h"
#include "base/xalloc.h"
#include "ingest/payload/protobuf.h"
#include "ingest/payload/protobuf_schemas.h"
#include "stream/avro/cursor.h"

#include <jansson.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 4 << 20, FILES_MAX = 64, INDEXES_MAX = 32, WHY_BYTES = 160,
       NUMBER_BYTES_MAX = 5, NO_NUMBER = -1, INDEXED = -2 };

/* The name under which a schema of the registry is added: no import can have it. */
static const char root_name[] = ".schema";

struct registered {
    uint32_t id;
    struct protobuf *protobuf; /* NULL: it cannot be used */
    char why[WHY_BYTES];
};

struct protobuf_schemas {
    struct schema_cache *schemas;
    const char *message;
    struct registered *at; /* the one found last is the first */
    size_t count;
    struct protobuf *file; /* NULL: none */
    const void *file_type;
    int64_t fallback_id; /* of messages that name no schema; -1: none */
};

/* ---- A file ---- */

static int add_file(struct protobuf *protobuf, const char *path, const char *name, char *why,
                    size_t why_size)
{
    struct buf text;
    char reason[WHY_BYTES];
    buf_init(&text, FILE_BYTES_MAX);
    int rc = text_file_read(path, &text);
    if (rc) {
        (void)snprintf(why, why_size, "source.schema: %.200s: %s", path, strerror(-rc));
    } else {
        rc = protobuf_add(protobuf, name, buf_slice(&text).data, text.size, reason,
                          sizeof(reason));
        if (rc) { (void)snprintf(why, why_size, "source.schema: %.200s: %s", path, reason); }
    }
    buf_release(&text);
    return rc ? -EINVAL : 0;
}

/* Adds the imports that stand in the file's directory; others stay unknown. */
static int add_imports(struct protobuf *protobuf, const char *path, char *why, size_t why_size)
{
    const char *slash = strrchr(path, '/');
    size_t unknown = 0;
    const char *name;
    for (int files = 0; (name = protobuf_missing(protobuf, unknown)) && files < FILES_MAX;
         files++) {
        _cleanup_(xfreep) char *wanted = xstrdup(name);
        _cleanup_(xfreep) char *beside =
            slash ? xprintf("%.*s/%s", (int)(slash - path), path, name) : xstrdup(name);
        if (access(beside, R_OK) != 0) {
            unknown++;
        } else if (add_file(protobuf, beside, wanted, why, why_size)) {
            return -EINVAL;
        }
    }
    return 0;
}

static int open_file(struct protobuf_schemas *descriptors, const char *path, bool numbered,
                     char *why, size_t why_size)
{
    char reason[WHY_BYTES];
    descriptors->file = protobuf_new();
    if (add_file(descriptors->file, path, root_name, why, why_size)) { return -EINVAL; }
    if (add_imports(descriptors->file, path, why, why_size)) { return -EINVAL; }
    descriptors->file_type =
        protobuf_find(descriptors->file, descriptors->message, reason, sizeof(reason));
    if (descriptors->file_type || (numbered && !*descriptors->message)) { return 0; }
    (void)snprintf(why, why_size, "source.message=%.100s: %.150s: %s", descriptors->message, path,
                   reason);
    return -EINVAL;
}

int protobuf_schemas_new(struct schema_cache *schemas, const char *schema, const char *message,
                         bool numbered, struct protobuf_schemas **ret_descriptors, char *why,
                         size_t why_size)
{
    struct protobuf_schemas *descriptors = xcalloc(1, sizeof(*descriptors));
    const char *at = schema;
    int64_t id;
    *descriptors =
        (struct protobuf_schemas){.schemas = schemas, .message = message, .fallback_id = -1};
    if (number_read(&at, &id) && !*at && id >= 0 && id <= SCHEMA_ID_MAX) {
        descriptors->fallback_id = id;
    } else if (*schema && open_file(descriptors, schema, numbered, why, why_size)) {
        protobuf_schemas_free(descriptors);
        return -EINVAL;
    }
    *ret_descriptors = descriptors;
    return 0;
}

struct protobuf_schemas *protobuf_schemas_free(struct protobuf_schemas *descriptors)
{
    if (!descriptors) { return NULL; }
    for (size_t i = 0; i < descriptors->count; i++) { protobuf_free(descriptors->at[i].protobuf); }
    protobuf_free(descriptors->file);
    free(descriptors->at);
    free(descriptors);
    return NULL;
}

/* ---- Schemas of the registry ---- */

/* Adds the files of a schema as stream/registry/registry_references.h writes it. */
static int add_bundle(struct protobuf *protobuf, json_t *bundle, char *why, size_t why_size)
{
    const char *name;
    json_t *file;
    json_t *root = json_object_get(bundle, "protobuf");
    if (!json_is_string(root)) {
        (void)snprintf(why, why_size, "its text is damaged");
        return -EINVAL;
    }
    json_object_foreach(json_object_get(bundle, "files"), name, file)
    {
        if (!json_is_string(file)) { continue; }
        int rc = protobuf_add(protobuf, name, json_string_value(file), json_string_length(file),
                              why, why_size);
        if (rc) { return rc; }
    }
    return protobuf_add(protobuf, root_name, json_string_value(root), json_string_length(root), why,
                        why_size);
}

static void make_registered(struct registered *registered, const char *text)
{
    json_t *bundle = json_loads(text, 0, NULL);
    registered->protobuf = protobuf_new();
    if (add_bundle(registered->protobuf, bundle, registered->why, sizeof(registered->why))) {
        registered->protobuf = protobuf_free(registered->protobuf);
    }
    json_decref(bundle);
}

static void forget_all(struct protobuf_schemas *descriptors)
{
    for (size_t i = 0; i < descriptors->count; i++) { protobuf_free(descriptors->at[i].protobuf); }
    descriptors->count = 0;
}

/* Finds the descriptors of an id; NULL: the cache does not hold it. */
static struct registered *find_registered(struct protobuf_schemas *descriptors, uint64_t id)
{
    for (size_t i = 0; i < descriptors->count; i++) {
        if (descriptors->at[i].id != id) { continue; }
        struct registered found = descriptors->at[i];
        descriptors->at[i] = descriptors->at[0];
        descriptors->at[0] = found;
        return &descriptors->at[0];
    }
    const char *text = schema_cache_foreign(descriptors->schemas, id);
    if (!text) { return NULL; }
    if (descriptors->count == PROTOBUF_SCHEMAS_MAX) { forget_all(descriptors); }
    descriptors->at =
        xreallocarray(descriptors->at, descriptors->count + 1, sizeof(*descriptors->at));
    struct registered *registered = &descriptors->at[descriptors->count++];
    *registered = (struct registered){.id = (uint32_t)id};
    make_registered(registered, text);
    return registered;
}

/* ---- A message ---- */

static bool read_indexes(struct cursor *cursor, int64_t indexes[INDEXES_MAX], size_t *ret_count)
{
    int64_t count;
    if (!cursor_long(cursor, &count) || count < 0 || count > INDEXES_MAX) { return false; }
    indexes[0] = 0;
    *ret_count = MAX_OF((size_t)count, (size_t)1);
    for (int64_t i = 0; i < count; i++) {
        if (!cursor_long(cursor, &indexes[i])) { return false; }
    }
    return true;
}

static void put(void *arg, const char *bytes, size_t size)
{
    buf_append(arg, bytes, size);
}

static int render(struct protobuf *protobuf, const void *type, struct slice body, struct buf *out,
                  const char **ret_name, struct codec_error *ret_error)
{
    *ret_name = protobuf_name(type);
    int rc = protobuf_render(protobuf, type, body.data, body.size, put, out);
    if (rc == -E2BIG) {
        return codec_error_set(ret_error, -EBADMSG, "over_limit",
                               "more than %d messages in one, or nested deeper than %d",
                               PROTOBUF_MESSAGES_MAX, PROTOBUF_DEPTH_MAX);
    }
    if (rc) {
        return codec_error_set(ret_error, -EBADMSG, "bad_protobuf", "no message of type %.120s",
                               *ret_name);
    }
    return buf_failed(out) ? codec_error_set(ret_error, -EBADMSG, "over_limit",
                                             "more JSON than %zu bytes", out->max)
                           : 0;
}

/* Finds the type of a message: the one that is configured, that of its number, or the only one. */
static const void *find_type(struct protobuf_schemas *descriptors, struct protobuf *protobuf,
                             int64_t number, char *why, size_t why_size)
{
    if (number >= 0 && !*descriptors->message) {
        return protobuf_numbered(protobuf, root_name, (uint64_t)number, why, why_size);
    }
    return protobuf_find(protobuf, descriptors->message, why, why_size);
}

static int no_type(struct codec_error *ret_error, const char *schema, const char *why)
{
    return codec_error_set(ret_error, -EBADMSG, "schema_mismatch", "%.60s: %s", schema, why);
}

/* Renders a message whose schema has an id; number: of its type, or INDEXED: indexes stand before
 * it. */
static int render_registered(struct protobuf_schemas *descriptors, uint64_t id, struct slice body,
                             int64_t number, struct buf *out, const char **ret_name,
                             struct codec_error *ret_error)
{
    int64_t indexes[INDEXES_MAX] = {0};
    size_t count = 1;
    struct cursor cursor;
    const struct frame frame = {.framing = FRAMING_CONFLUENT, .number = id};
    char why[WHY_BYTES] = "", schema[WHY_BYTES];
    struct registered *registered = find_registered(descriptors, id);
    if (!registered) { return schema_cache_missing(descriptors->schemas, frame, ret_error); }
    cursor_init(&cursor, body);
    if (number == INDEXED && !read_indexes(&cursor, indexes, &count)) {
        return codec_error_set(ret_error, -EBADMSG, "bad_protobuf",
                               "no indexes of a message stand behind the id");
    }
    const void *type = NULL;
    if (registered->protobuf && (*descriptors->message || number != INDEXED)) {
        type = find_type(descriptors, registered->protobuf, number, why, sizeof(why));
    } else if (registered->protobuf) {
        type = protobuf_at(registered->protobuf, root_name, indexes, count, why, sizeof(why));
    }
    if (!type) {
        (void)snprintf(schema, sizeof(schema), "schema id %" PRIu64, id);
        return no_type(ret_error, schema, registered->protobuf ? why : registered->why);
    }
    return render(registered->protobuf, type, slice_of(cursor.at, cursor_left(&cursor)), out,
                  ret_name, ret_error);
}

static int render_by_file(struct protobuf_schemas *descriptors, struct slice body, int64_t number,
                          struct buf *out, const char **ret_name, struct codec_error *ret_error)
{
    char why[WHY_BYTES] = "";
    const void *type = descriptors->file_type;
    if (!type || (number >= 0 && !*descriptors->message)) {
        type = find_type(descriptors, descriptors->file, number, why, sizeof(why));
    }
    if (!type) { return no_type(ret_error, "source.schema", why); }
    return render(descriptors->file, type, body, out, ret_name, ret_error);
}

/* Reads the number that stands behind Glue's frame, a plain varint of 32 bits. */
static bool take_number(struct slice *body, int64_t *ret_number)
{
    uint64_t number = 0;
    for (size_t i = 0; i < body->size && i < NUMBER_BYTES_MAX; i++) {
        uint8_t byte = (uint8_t)body->data[i];
        number |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte & 0x80) { continue; }
        *body = slice_of(body->data + i + 1, body->size - i - 1);
        *ret_number = (int64_t)number;
        return true;
    }
    return false;
}

int protobuf_schemas_render(struct protobuf_schemas *descriptors, const struct source_frame *frame,
                            struct buf *out, const char **ret_name, struct codec_error *ret_error)
{
    struct slice body = frame->body;
    int64_t number = NO_NUMBER;
    if (frame->naming == SCHEMA_BY_ID) {
        return render_registered(descriptors, frame->number, body,
                                 frame->beside ? NO_NUMBER : INDEXED, out, ret_name, ret_error);
    }
    bool schema = descriptors->file || descriptors->fallback_id >= 0;
    if (schema && frame->naming == SCHEMA_BY_GUID && !frame->beside &&
        !take_number(&body, &number)) {
        return codec_error_set(ret_error, -EBADMSG, "bad_protobuf",
                               "no number of a type stands behind the UUID");
    }
    if (descriptors->file) {
        return render_by_file(descriptors, body, number, out, ret_name, ret_error);
    }
    if (descriptors->fallback_id >= 0) {
        return render_registered(descriptors, (uint64_t)descriptors->fallback_id, body, number, out,
                                 ret_name, ret_error);
    }
    if (frame->naming == SCHEMA_BY_GUID) {
        return codec_error_set(ret_error, -EBADMSG, "unknown_schema_guid", "%s", frame->guid);
    }
    return codec_error_set(ret_error, -EBADMSG, "bad_magic", "begins with %02x, not with 00",
                           frame->body.size ? (uint8_t)frame->body.data[0] : 0);
}
