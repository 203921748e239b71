/* A queue: the references of the first answer, then those of each answer that was fetched. A
 * reference that stands in the queue already is not fetched again, so circles end.
 */
#include "base/base.h"
#include "base/message.h"
#include "base/xalloc.h"
#include "stream/avro/schema.h"
#include "stream/avro/schema_references.h"
#include "stream/registry/registry_answer.h"
#include "stream/registry/registry_references.h"

struct reference {
    const char *name; /* borrowed from an answer, as the next */
    const char *subject;
    int64_t version;
    json_t *answer;
    const char *schema;
};

struct resolving {
    struct reference at[REGISTRY_REFERENCES_MAX];
    size_t count;
    char *why;
};

static _printf_(3, 4) int fail(struct resolving *resolving, int fault, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    message_write(resolving->why, REGISTRY_WHY_BYTES, format, args);
    va_end(args);
    return fault;
}

static bool is_queued(const struct resolving *resolving, const char *subject, int64_t version)
{
    for (size_t i = 0; i < resolving->count; i++) {
        const struct reference *at = &resolving->at[i];
        if (at->version == version && strcmp(at->subject, subject) == 0) { return true; }
    }
    return false;
}

static int queue_references(struct resolving *resolving, const json_t *answer)
{
    const json_t *list = json_object_get(answer, "references");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *at = json_array_get(list, i);
        const char *name = json_string_value(json_object_get(at, "name"));
        const char *subject = json_string_value(json_object_get(at, "subject"));
        const json_t *version = json_object_get(at, "version");
        if (!name || !subject || !json_is_integer(version)) {
            return fail(resolving, REGISTRY_INVALID,
                        "a reference has no name, subject and version");
        }
        if (is_queued(resolving, subject, json_integer_value(version))) { continue; }
        if (resolving->count == REGISTRY_REFERENCES_MAX) {
            return fail(resolving, REGISTRY_INVALID, "more than %d references",
                        REGISTRY_REFERENCES_MAX);
        }
        resolving->at[resolving->count++] = (struct reference){
            .name = name, .subject = subject, .version = json_integer_value(version)};
    }
    return 0;
}

static int fetch_all(struct resolving *resolving, const json_t *answer, registry_fetch *fetch,
                     void *arg)
{
    int rc = queue_references(resolving, answer);
    for (size_t i = 0; i < resolving->count && !rc; i++) {
        struct reference *at = &resolving->at[i];
        rc = fetch(arg, at->subject, at->version, &at->answer);
        if (rc) { return rc; }
        at->schema = json_string_value(json_object_get(at->answer, "schema"));
        if (!at->schema) {
            return fail(resolving, REGISTRY_AWAY, "subject %.100s: the answer has no schema",
                        at->subject);
        }
        rc = queue_references(resolving, at->answer);
    }
    return rc;
}

static int join_avro(struct resolving *resolving, const json_t *answer, uint32_t id,
                     struct buf *ret_schema)
{
    const char *texts[REGISTRY_REFERENCES_MAX];
    const char *schema = json_string_value(json_object_get(answer, "schema"));
    struct codec_error error = {0};
    for (size_t i = 0; i < resolving->count; i++) { texts[i] = resolving->at[i].schema; }
    if (schema_references_join(schema, texts, resolving->count, ret_schema, &error) == 0) {
        return 0;
    }
    return fail(resolving, REGISTRY_INVALID, "schema %" PRIu32 " and its references: %s", id,
                error.detail);
}

static int join_protobuf(struct resolving *resolving, const json_t *answer, uint32_t id,
                         struct buf *ret_schema)
{
    json_t *files = json_object();
    for (size_t i = 0; i < resolving->count; i++) {
        const struct reference *at = &resolving->at[i];
        json_object_set_new(files, at->name, json_string(at->schema));
    }
    json_t *whole = json_pack("{s:O, s:o}", "protobuf", json_object_get(answer, "schema"), "files",
                              files);
    char *text = whole ? json_dumps(whole, JSON_COMPACT) : NULL;
    if (text) { buf_append(ret_schema, text, strlen(text) + 1); }
    bool fits = text && !buf_failed(ret_schema);
    free(text);
    json_decref(whole);
    return fits ? 0
                : fail(resolving, REGISTRY_INVALID, "schema %" PRIu32 " and its references: longer "
                       "than %zu bytes", id, ret_schema->max);
}

int registry_references_resolve(const json_t *answer, uint32_t id, registry_fetch *fetch, void *arg,
                                struct buf *ret_schema, char *why)
{
    const char *type = json_string_value(json_object_get(answer, "schemaType"));
    bool protobuf = type && strcmp(type, "PROTOBUF") == 0;
    bool refers = json_array_size(json_object_get(answer, "references")) > 0;
    if (!protobuf && !refers) { return registry_answer_schema(answer, id, ret_schema, why); }
    struct resolving resolving = {.why = why};
    struct buf alone;
    buf_init(&alone, SCHEMA_BYTES_MAX + 1);
    int rc = registry_answer_schema(answer, id, &alone, why); /* checks what was answered */
    buf_release(&alone);
    if (!rc) { rc = fetch_all(&resolving, answer, fetch, arg); }
    if (!rc) {
        rc = protobuf ? join_protobuf(&resolving, answer, id, ret_schema)
                      : join_avro(&resolving, answer, id, ret_schema);
    }
    for (size_t i = 0; i < resolving.count; i++) { json_decref(resolving.at[i].answer); }
    return rc;
}
