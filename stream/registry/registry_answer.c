#include "base/base.h"
#include "base/message.h"
#include "stream/registry/registry_answer.h"
#include "stream/avro/framing.h"
#include "stream/avro/schema.h"

enum {
    STATUS_OK = 200,
    STATUS_BAD_REQUEST = 400,
    STATUS_NOT_FOUND = 404,
    STATUS_TIMEOUT = 408,
    STATUS_CONFLICT = 409,
    STATUS_UNPROCESSABLE = 422,
    STATUS_TOO_MANY = 429,
    STATUS_SERVER = 500,
    CODE_SUBJECT_ABSENT = 40401,
    CODE_SCHEMA_ABSENT = 40403,
    MESSAGE_BYTES_SHOWN = 300,
};

static _printf_(3, 4) int fail(char *why, int fault, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    message_write(why, REGISTRY_WHY_BYTES, format, args);
    va_end(args);
    return fault;
}

/* Turns a status other than 200 into a fault. */
static int fault_of(long status, json_int_t code)
{
    switch (status) {
    case STATUS_NOT_FOUND:
        /* a 404 without one of these codes does not come from a registry */
        return code >= CODE_SUBJECT_ABSENT && code <= CODE_SCHEMA_ABSENT ? REGISTRY_ABSENT
                                                                         : REGISTRY_REFUSED;
    case STATUS_CONFLICT:
        return REGISTRY_INCOMPATIBLE;
    case STATUS_UNPROCESSABLE:
    case STATUS_BAD_REQUEST:
        return REGISTRY_INVALID;
    case STATUS_TIMEOUT:
    case STATUS_TOO_MANY:
        return REGISTRY_AWAY;
    default:
        return status >= STATUS_BAD_REQUEST && status < STATUS_SERVER ? REGISTRY_REFUSED
                                                                      : REGISTRY_AWAY;
    }
}

int registry_answer_read(const char *from, long status, struct slice body, json_t **ret_json,
                         char *why)
{
    json_t *json = json_loadb(body.data, body.size, 0, NULL);
    if (status == STATUS_OK && json) {
        *ret_json = json;
        return 0;
    }
    int fault = REGISTRY_AWAY;
    if (status == STATUS_OK) {
        (void)fail(why, fault, "%s: the answer is not JSON", from);
    } else {
        const char *message = json_string_value(json_object_get(json, "message"));
        fault = fault_of(status, json_integer_value(json_object_get(json, "error_code")));
        (void)fail(why, fault, "%s: %ld%s%.*s", from, status, message ? " " : "",
                   MESSAGE_BYTES_SHOWN, message ? message : "");
    }
    json_decref(json);
    return fault;
}

bool registry_answer_id(const json_t *json, uint32_t *ret_id)
{
    const json_t *id = json_object_get(json, "id");
    json_int_t number = json_integer_value(id);
    if (!json_is_integer(id) || number < 0 || number > SCHEMA_ID_MAX) { return false; }
    *ret_id = (uint32_t)number;
    return true;
}

static void put_messages(const json_t *messages, char *why)
{
    struct buf text;
    size_t at;
    const json_t *message;
    buf_init(&text, REGISTRY_WHY_BYTES);
    json_array_foreach((json_t *)messages, at, message)
    {
        const char *words = json_string_value(message);
        if (words) { buf_printf(&text, "%s%s", text.size ? "; " : "", words); }
    }
    (void)fail(why, 0, "%s%.*s", text.size ? "" : "the registry does not say why",
               SLICE_ARGS(buf_slice(&text)));
    buf_release(&text);
}

int registry_answer_verdict(const json_t *json, const char *subject, char *why)
{
    const json_t *verdict = json_object_get(json, "is_compatible");
    if (!json_is_boolean(verdict)) {
        return fail(why, REGISTRY_AWAY, "subject %s: the answer has no is_compatible", subject);
    }
    if (json_is_true(verdict)) { return 0; }
    put_messages(json_object_get(json, "messages"), why);
    return REGISTRY_INCOMPATIBLE;
}

int registry_answer_schema(const json_t *json, uint32_t id, struct buf *ret_schema, char *why)
{
    const char *schema = json_string_value(json_object_get(json, "schema"));
    const char *type = json_string_value(json_object_get(json, "schemaType"));
    size_t size = json_string_length(json_object_get(json, "schema"));
    if (type && strcmp(type, "AVRO") != 0 && strcmp(type, "PROTOBUF") != 0) {
        return fail(why, REGISTRY_INVALID, "schema %" PRIu32 " is %.20s, not Avro or Protobuf", id,
                    type);
    }
    if (!schema) {
        return fail(why, REGISTRY_AWAY, "schema %" PRIu32 ": the answer has no schema", id);
    }
    if (size > SCHEMA_BYTES_MAX || strlen(schema) != size) {
        return fail(why, REGISTRY_INVALID, "schema %" PRIu32 " has more than %d bytes", id,
                    SCHEMA_BYTES_MAX);
    }
    buf_append(ret_schema, schema, size + 1);
    return buf_failed(ret_schema) ? fail(why, REGISTRY_INVALID, "too long") : 0;
}
