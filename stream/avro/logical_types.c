#include "base/base.h"
#include "base/quote.h"
#include "stream/avro/logical_types.h"

struct walk {
    struct buf *out;
    size_t number; /* types so far; "long" and {"type": "long"} count alike */
};

const char *logical_type_name(const json_t *type)
{
    static const char debezium[] = "io.debezium.time.";
    const json_t *logical = json_object_get(type, "logicalType");
    if (json_is_string(logical)) { return json_string_value(logical); }
    const char *name = json_string_value(json_object_get(type, "connect.name"));
    return name && strncmp(name, debezium, sizeof(debezium) - 1) == 0 ? name : NULL;
}

static void add(struct walk *walk, const json_t *type)
{
    static const char *const keys[] = {"precision", "scale"};
    const char *name = logical_type_name(type);
    if (!name) { return; }
    buf_printf(walk->out, "%zu ", walk->number);
    quote_json(walk->out, slice_str(name), QUOTE_UTF8);
    for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
        char *text = json_dumps(json_object_get(type, keys[i]), JSON_COMPACT | JSON_ENCODE_ANY);
        buf_printf(walk->out, " %s", text ? text : "-");
        free(text);
    }
    buf_printf(walk->out, "\n");
}

static void visit(struct walk *walk, const json_t *type)
{
    const json_t *inner = json_object_get(type, "type"), *fields = json_object_get(type, "fields");
    add(walk, type);
    if (json_is_object(inner) || json_is_array(inner)) {
        visit(walk, inner);
        return;
    }
    walk->number++;
    for (size_t i = 0; i < json_array_size(type); i++) { visit(walk, json_array_get(type, i)); }
    for (size_t i = 0; i < json_array_size(fields); i++) {
        visit(walk, json_object_get(json_array_get(fields, i), "type"));
    }
    const json_t *items = json_object_get(type, "items"), *values = json_object_get(type, "values");
    if (items) { visit(walk, items); }
    if (values) { visit(walk, values); }
}

void logical_types_write(const json_t *schema, struct buf *out)
{
    struct walk walk = {.out = out};
    visit(&walk, schema);
}
