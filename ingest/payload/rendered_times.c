#include "base/base.h"
#include "base/buf.h"
#include "ingest/payload/rendered_times.h"
#include "stream/avro/render.h"
#include "stream/avro/schema.h"

enum { TIME_BYTES_MAX = 64 };

static bool fits(const struct schema_node *node, const json_t *value, int depth);

static bool fits_record(const struct schema_node *node, const json_t *value, int depth)
{
    if (json_object_size(value) != node->count || !json_is_object(value)) { return false; }
    for (size_t i = 0; i < node->count; i++) {
        const json_t *field = json_object_get(value, node->fields[i].name);
        if (!field || !fits(node->fields[i].type, field, depth + 1)) { return false; }
    }
    return true;
}

static bool fits_all(const struct schema_node *node, json_t *value, int depth)
{
    size_t index;
    const char *key;
    json_t *at;
    if (node->type == SCHEMA_ARRAY) {
        json_array_foreach(value, index, at)
        {
            if (!fits(node->items, at, depth + 1)) { return false; }
        }
        return json_is_array(value);
    }
    json_object_foreach(value, key, at)
    {
        if (!fits(node->items, at, depth + 1)) { return false; }
    }
    return json_is_object(value);
}

/* Returns the branch of a union that a value fits; NULL: none. */
static const struct schema_node *branch_of(const struct schema_node *node, const json_t *value,
                                           int depth)
{
    for (size_t i = 0; i < node->count; i++) {
        if (fits(node->branches[i], value, depth + 1)) { return node->branches[i]; }
    }
    return NULL;
}

static bool fits(const struct schema_node *node, const json_t *value, int depth)
{
    if (depth > SCHEMA_DEPTH_MAX) { return false; }
    switch (node->type) {
    case SCHEMA_NULL:
        return json_is_null(value);
    case SCHEMA_BOOLEAN:
        return json_is_boolean(value);
    case SCHEMA_INT:
    case SCHEMA_LONG:
        return json_is_integer(value);
    case SCHEMA_FLOAT:
    case SCHEMA_DOUBLE:
        return json_is_number(value) || json_is_string(value);
    case SCHEMA_ENUM:
        return json_is_string(value) && schema_symbol(node, json_string_value(value)) >= 0;
    case SCHEMA_RECORD:
        return fits_record(node, value, depth);
    case SCHEMA_ARRAY:
    case SCHEMA_MAP:
        return fits_all(node, (json_t *)value, depth);
    case SCHEMA_UNION:
        return branch_of(node, value, depth);
    case SCHEMA_BYTES:
    case SCHEMA_FIXED:
        if (node->logical == LOGICAL_DECIMAL && json_is_number(value)) { return true; }
        return json_is_string(value);
    default:
        return json_is_string(value);
    }
}

/* Returns the text of a time, a new value; NULL: the value is none. */
static json_t *time_of(const struct schema_node *node, const json_t *value)
{
    struct buf text;
    json_t *time = NULL;
    bool number = node->type == SCHEMA_INT || node->type == SCHEMA_LONG;
    bool timed = node->logical != LOGICAL_NONE && node->logical <= LOGICAL_TIMESTAMP_NANOS;
    if (!number || !timed) { return NULL; }
    buf_init(&text, TIME_BYTES_MAX);
    if (render_time(&text, node->logical, json_integer_value(value)) && text.size > 2) {
        time = json_stringn(text.data + 1, text.size - 2); /* without the quotes */
    }
    buf_release(&text);
    return time;
}

static void put_within(const struct schema_node *node, json_t *value, int depth);

/* Returns what stands in the place of a value, a new reference. */
static json_t *put_one(const struct schema_node *node, json_t *value, int depth)
{
    if (node->type == SCHEMA_UNION) { node = branch_of(node, value, depth); }
    json_t *time = time_of(node, value);
    if (time) { return time; }
    put_within(node, value, depth);
    return json_incref(value);
}

static void put_within(const struct schema_node *node, json_t *value, int depth)
{
    size_t index;
    const char *key;
    json_t *at;
    void *next;
    if (node->type == SCHEMA_RECORD) {
        for (size_t i = 0; i < node->count; i++) {
            const char *name = node->fields[i].name;
            at = json_object_get(value, name);
            json_object_set_new_nocheck(value, name, put_one(node->fields[i].type, at, depth + 1));
        }
    } else if (node->type == SCHEMA_ARRAY) {
        json_array_foreach(value, index, at)
        {
            json_array_set_new(value, index, put_one(node->items, at, depth + 1));
        }
    } else if (node->type == SCHEMA_MAP) {
        json_object_foreach_safe(value, next, key, at)
        {
            json_object_set_new_nocheck(value, key, put_one(node->items, at, depth + 1));
        }
    }
}

void rendered_times_put(const struct schema_cache *schemas, json_t *value)
{
    const struct schema *schema;
    for (size_t i = 0; (schema = schema_cache_at(schemas, i)); i++) {
        if (!fits(schema_root(schema), value, 0)) { continue; }
        put_within(schema_root(schema), value, 0);
        return;
    }
}
