/* A recursive descent over the JSON tree, then the Parsing Canonical Form and its fingerprint.
 *
 * Schemas may come from a registry or from a message's sender, so all of it is limited: nesting,
 * size of the text, number of named types and members, length of names. Names are resolved against
 * the namespace of the enclosing named type. A named type is entered into `names` before its fields
 * are parsed, so that a recursive record finds itself.
 */
#include "base/base.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/message.h"
#include "base/xalloc.h"
#include "stream/avro/logical_types.h"
#include "stream/avro/schema.h"

#include <xxhash.h>

enum { SCHEMA_ARENA_BYTES = 4096, CANONICAL_BYTES_MAX = 4 << 20, UUID_BYTES = 16 };

struct schema {
    json_t *json; /* owns the defaults */
    struct arena *arena;
    struct schema_node *root;
    struct buf canonical;
    struct buf logical_types;
    uint64_t crc;
    bool odd_names;
};

struct parser {
    struct arena *arena;
    struct schema_node *names[SCHEMA_NAMES_MAX];
    uint64_t hashes[SCHEMA_NAMES_MAX]; /* comparing long names with equal beginnings is slow */
    size_t names_count;
    bool odd_names; /* names that the specification does not allow */
    struct codec_error *error;
};

static const char *const type_names[] = {
    [SCHEMA_NULL] = "null",     [SCHEMA_BOOLEAN] = "boolean", [SCHEMA_INT] = "int",
    [SCHEMA_LONG] = "long",     [SCHEMA_FLOAT] = "float",     [SCHEMA_DOUBLE] = "double",
    [SCHEMA_BYTES] = "bytes",   [SCHEMA_STRING] = "string",   [SCHEMA_RECORD] = "record",
    [SCHEMA_ENUM] = "enum",     [SCHEMA_ARRAY] = "array",     [SCHEMA_MAP] = "map",
    [SCHEMA_UNION] = "union",   [SCHEMA_FIXED] = "fixed",
};

static struct schema_node *parse_type(struct parser *parser, const json_t *json, const char *space,
                                      int depth);

const char *schema_type_name(enum schema_type type)
{
    return type_names[type];
}

const char *schema_short_name(const char *full_name)
{
    const char *dot = strrchr(full_name, '.');
    return dot ? dot + 1 : full_name;
}

int32_t schema_symbol(const struct schema_node *node, const char *symbol)
{
    assert(node->type == SCHEMA_ENUM);
    for (size_t i = 0; i < node->count; i++) {
        if (strcmp(node->symbols[i], symbol) == 0) { return (int32_t)i; }
    }
    return -1;
}

bool schema_same_name(const struct schema_node *reader, const struct schema_node *writer)
{
    assert(reader->name && writer->name);
    if (strcmp(schema_short_name(reader->name), schema_short_name(writer->name)) == 0) {
        return true;
    }
    for (size_t i = 0; i < reader->aliases.count; i++) {
        if (strcmp(reader->aliases.at[i], writer->name) == 0) { return true; }
    }
    return false;
}

static _printf_(2, 3) void *refuse(struct parser *parser, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    parser->error->reason = "bad_schema";
    message_write(parser->error->detail, sizeof(parser->error->detail), format, args);
    va_end(args);
    return NULL;
}

/* The specification's [A-Za-z_][A-Za-z0-9_]*, with dots between such words when dots are
 * allowed. */
static bool is_plain_name(const char *text, bool dots)
{
    bool first = true;
    for (const char *at = text; *at; at++) {
        bool letter = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || *at == '_';
        bool digit = *at >= '0' && *at <= '9';
        if (*at == '.' && dots && !first) {
            first = true;
            continue;
        }
        if (!letter && !(digit && !first)) { return false; }
        first = false;
    }
    return !first;
}

/* Accepts every name that writers use who do not check theirs (`my-shop.views`, `Events$`), as long
 * as it can stand in quotes. The length is limited because every name repeats its namespace: a
 * schema of one megabyte with a long namespace would otherwise need gigabytes. */
static bool is_name(struct parser *parser, const char *text, bool dots)
{
    size_t size = strlen(text);
    if (!size || size > SCHEMA_NAME_BYTES_MAX) { return false; }
    for (const char *at = text; *at; at++) {
        if ((unsigned char)*at <= ' ' || strchr("\"\\\x7f", *at)) { return false; }
    }
    bool gap = *text == '.' || text[size - 1] == '.' || strstr(text, "..");
    if (dots && gap) { return false; }
    parser->odd_names |= !is_plain_name(text, dots);
    return true;
}

static const char *full_name(struct parser *parser, const char *name, const char *space)
{
    if (strchr(name, '.') || !*space) { return name; }
    size_t size = strlen(space) + strlen(name) + 2;
    char *full = arena_alloc(parser->arena, size);
    (void)snprintf(full, size, "%s.%s", space, name);
    return full;
}

static struct schema_node *find_name(struct parser *parser, const char *full)
{
    uint64_t hash = XXH3_64bits(full, strlen(full));
    for (size_t i = 0; i < parser->names_count; i++) {
        if (parser->hashes[i] != hash) { continue; }
        if (strcmp(parser->names[i]->name, full) == 0) { return parser->names[i]; }
    }
    return NULL;
}

static struct schema_node *add_node(struct parser *parser, enum schema_type type)
{
    struct schema_node *node = arena_alloc(parser->arena, sizeof(*node));
    *node = (struct schema_node){.type = type};
    return node;
}

/* Returns the size of a list of fields, symbols, branches or aliases. */
static bool list_size(struct parser *parser, const json_t *list, const char *what, size_t *ret)
{
    if (!json_is_array(list) || json_array_size(list) > SCHEMA_MEMBERS_MAX) {
        refuse(parser, "%s: not a list of at most %d", what, SCHEMA_MEMBERS_MAX);
        return false;
    }
    *ret = json_array_size(list);
    return true;
}

/* Reads a list of names. With a namespace (space) they become full names; NULL: they stay plain. */
static bool parse_names(struct parser *parser, const json_t *list, const char *space,
                        struct schema_names *ret)
{
    size_t count;
    if (!list || json_is_null(list)) { return true; }
    if (!list_size(parser, list, "names", &count)) { return false; }
    const char **at = arena_alloc_array(parser->arena, count, sizeof(*at));
    for (size_t i = 0; i < count; i++) {
        const char *name = json_string_value(json_array_get(list, i));
        if (!name || !is_name(parser, name, space != NULL)) {
            refuse(parser, "not a name: \"%.60s\"", name ? name : "");
            return false;
        }
        at[i] = space ? full_name(parser, name, space) : name;
    }
    *ret = (struct schema_names){.at = at, .count = count};
    return true;
}

static struct schema_node *parse_reference(struct parser *parser, const char *word,
                                           const char *space)
{
    for (size_t i = SCHEMA_NULL; i <= SCHEMA_STRING; i++) {
        if (strcmp(type_names[i], word) == 0) { return add_node(parser, (enum schema_type)i); }
    }
    if (!is_name(parser, word, true)) { return refuse(parser, "not a type: \"%.60s\"", word); }
    struct schema_node *node = find_name(parser, full_name(parser, word, space));
    return node ? node : refuse(parser, "unknown type %.100s", word);
}

static struct schema_node *parse_union(struct parser *parser, const json_t *json,
                                       const char *space, int depth)
{
    struct schema_node *node = add_node(parser, SCHEMA_UNION);
    if (!list_size(parser, json, "union", &node->count)) { return NULL; }
    if (node->count == 0) { return refuse(parser, "union without branches"); }
    node->branches = arena_alloc_array(parser->arena, node->count, sizeof(*node->branches));
    for (size_t i = 0; i < node->count; i++) {
        struct schema_node *branch =
            parse_type(parser, json_array_get(json, i), space, depth + 1);
        if (!branch) { return NULL; }
        if (branch->type == SCHEMA_UNION) { return refuse(parser, "union in a union"); }
        for (size_t k = 0; k < i; k++) {
            const struct schema_node *other = node->branches[k];
            if (other->type == branch->type && (!branch->name || other == branch)) {
                return refuse(parser, "union with two %s", type_names[branch->type]);
            }
        }
        node->branches[i] = branch;
    }
    return node;
}

static bool parse_field(struct parser *parser, const json_t *json, const char *space, int depth,
                        struct schema_field *ret)
{
    const char *name = json_string_value(json_object_get(json, "name"));
    if (!name || !is_name(parser, name, false)) {
        refuse(parser, "field without a name, or \"%.60s\"", name ? name : "");
        return false;
    }
    struct schema_field field = {.name = name, .fallback = json_object_get(json, "default")};
    if (!parse_names(parser, json_object_get(json, "aliases"), NULL, &field.aliases)) {
        return false;
    }
    field.type = parse_type(parser, json_object_get(json, "type"), space, depth + 1);
    if (!field.type) { return false; }
    *ret = field;
    return true;
}

static struct schema_node *parse_record(struct parser *parser, const json_t *json,
                                        struct schema_node *node, const char *space, int depth)
{
    const json_t *fields = json_object_get(json, "fields");
    size_t count;
    if (!list_size(parser, fields, "fields", &count)) { return NULL; }
    node->fields = arena_alloc_array(parser->arena, count, sizeof(*node->fields));
    for (size_t i = 0; i < count; i++) {
        struct schema_field *field = &node->fields[i];
        if (!parse_field(parser, json_array_get(fields, i), space, depth, field)) { return NULL; }
        for (size_t k = 0; k < i; k++) {
            if (strcmp(node->fields[k].name, field->name) == 0) {
                return refuse(parser, "two fields %.100s", field->name);
            }
        }
    }
    node->count = count;
    return node;
}

static struct schema_node *parse_enum(struct parser *parser, const json_t *json,
                                      struct schema_node *node)
{
    struct schema_names symbols = {0};
    if (!parse_names(parser, json_object_get(json, "symbols"), NULL, &symbols)) { return NULL; }
    if (symbols.count == 0) { return refuse(parser, "enum without symbols"); }
    node->symbols = symbols.at;
    node->count = symbols.count;
    for (size_t i = 0; i < symbols.count; i++) {
        if (schema_symbol(node, symbols.at[i]) != (int32_t)i) {
            return refuse(parser, "two symbols %.100s", symbols.at[i]);
        }
    }
    const json_t *fallback = json_object_get(json, "default");
    node->symbol_fallback = json_string_value(fallback);
    if (fallback && (!node->symbol_fallback || schema_symbol(node, node->symbol_fallback) < 0)) {
        return refuse(parser, "enum %.100s: its default is not one of its symbols", node->name);
    }
    return node;
}

/* A decimal whose scale is none is what it is without its logical type. */
static void take_decimal(const json_t *json, struct schema_node *node)
{
    const char *logical = json_string_value(json_object_get(json, "logicalType"));
    const json_t *scale = json_object_get(json, "scale");
    json_int_t digits = json_integer_value(scale);
    if (!logical || strcmp(logical, "decimal") != 0 || (scale && !json_is_integer(scale))) {
        return;
    }
    if (digits < 0 || digits > SCHEMA_SCALE_MAX) { return; }
    node->logical = LOGICAL_DECIMAL;
    node->scale = (int)digits;
}

static struct schema_node *parse_fixed(struct parser *parser, const json_t *json,
                                       struct schema_node *node)
{
    const json_t *size = json_object_get(json, "size");
    json_int_t bytes = json_integer_value(size);
    if (!json_is_integer(size) || bytes < 0 || bytes > SCHEMA_FIXED_MAX) {
        return refuse(parser, "fixed %.100s: its size is not a number up to %d", node->name,
                      SCHEMA_FIXED_MAX);
    }
    node->size = (size_t)bytes;
    take_decimal(json, node);
    const char *logical = json_string_value(json_object_get(json, "logicalType"));
    if (logical && strcmp(logical, "uuid") == 0 && bytes == UUID_BYTES) {
        node->logical = LOGICAL_UUID;
    }
    return node;
}

/* Returns the namespace for types inside a named type: that of its full name. */
static const char *space_of(struct parser *parser, const char *full)
{
    const char *dot = strrchr(full, '.');
    if (!dot) { return ""; }
    char *space = arena_alloc(parser->arena, (size_t)(dot - full) + 1);
    memcpy(space, full, (size_t)(dot - full));
    space[dot - full] = '\0';
    return space;
}

static struct schema_node *parse_named(struct parser *parser, const json_t *json,
                                       enum schema_type type, const char *space, int depth)
{
    const char *name = json_string_value(json_object_get(json, "name"));
    const json_t *own = json_object_get(json, "namespace");
    if (own && !json_is_null(own)) { space = json_string_value(own); }
    if (!name || !is_name(parser, name, true) || !space ||
        (*space && !is_name(parser, space, true))) {
        return refuse(parser, "%s without a name, or \"%.60s\"", type_names[type],
                      name ? name : "");
    }
    struct schema_node *node = add_node(parser, type);
    node->name = full_name(parser, name, space);
    for (size_t i = SCHEMA_NULL; i <= SCHEMA_STRING; i++) {
        if (strcmp(type_names[i], node->name) == 0) {
            return refuse(parser, "%s is a primitive type, not a name", name);
        }
    }
    if (find_name(parser, node->name)) { return refuse(parser, "two types %.100s", node->name); }
    if (parser->names_count == SCHEMA_NAMES_MAX) {
        return refuse(parser, "more than %d named types", SCHEMA_NAMES_MAX);
    }
    parser->hashes[parser->names_count] = XXH3_64bits(node->name, strlen(node->name));
    parser->names[parser->names_count++] = node;
    space = space_of(parser, node->name);
    if (!parse_names(parser, json_object_get(json, "aliases"), space, &node->aliases)) {
        return NULL;
    }
    if (type == SCHEMA_RECORD) { return parse_record(parser, json, node, space, depth); }
    return type == SCHEMA_ENUM ? parse_enum(parser, json, node) : parse_fixed(parser, json, node);
}

/* Reads a primitive type that is written as an object, perhaps with a logical type. A logical type
 * that does not fit the type is ignored, as the specification requires. */
static struct schema_node *parse_primitive(struct parser *parser, const json_t *json,
                                           const char *word, const char *space)
{
    static const struct {
        const char *name;
        enum schema_type type;
        enum schema_logical logical;
    } known[] = {
        {"date", SCHEMA_INT, LOGICAL_DATE},
        {"timestamp-millis", SCHEMA_LONG, LOGICAL_TIMESTAMP_MILLIS},
        {"local-timestamp-millis", SCHEMA_LONG, LOGICAL_TIMESTAMP_MILLIS},
        {"timestamp-micros", SCHEMA_LONG, LOGICAL_TIMESTAMP_MICROS},
        {"local-timestamp-micros", SCHEMA_LONG, LOGICAL_TIMESTAMP_MICROS},
        {"timestamp-nanos", SCHEMA_LONG, LOGICAL_TIMESTAMP_NANOS},
        {"local-timestamp-nanos", SCHEMA_LONG, LOGICAL_TIMESTAMP_NANOS},
        {"io.debezium.time.Date", SCHEMA_INT, LOGICAL_DATE},
        {"io.debezium.time.Timestamp", SCHEMA_LONG, LOGICAL_TIMESTAMP_MILLIS},
        {"io.debezium.time.MicroTimestamp", SCHEMA_LONG, LOGICAL_TIMESTAMP_MICROS},
        {"io.debezium.time.NanoTimestamp", SCHEMA_LONG, LOGICAL_TIMESTAMP_NANOS},
    };
    struct schema_node *node = parse_reference(parser, word, space);
    const char *logical = logical_type_name(json);
    for (size_t i = 0; node && logical && i < ARRAY_COUNT(known); i++) {
        if (node->type == known[i].type && strcmp(logical, known[i].name) == 0) {
            node->logical = known[i].logical;
        }
    }
    if (node && node->type == SCHEMA_BYTES) { take_decimal(json, node); }
    return node;
}

static struct schema_node *parse_object(struct parser *parser, const json_t *json,
                                        const char *space, int depth)
{
    const json_t *type = json_object_get(json, "type");
    const char *word = json_string_value(type);
    if (!word) { return parse_type(parser, type, space, depth + 1); }
    if (strcmp(word, "record") == 0) {
        return parse_named(parser, json, SCHEMA_RECORD, space, depth);
    }
    if (strcmp(word, "enum") == 0) { return parse_named(parser, json, SCHEMA_ENUM, space, depth); }
    if (strcmp(word, "fixed") == 0) {
        return parse_named(parser, json, SCHEMA_FIXED, space, depth);
    }
    bool array = strcmp(word, "array") == 0;
    if (!array && strcmp(word, "map") != 0) { return parse_primitive(parser, json, word, space); }
    struct schema_node *node = add_node(parser, array ? SCHEMA_ARRAY : SCHEMA_MAP);
    const json_t *items = json_object_get(json, array ? "items" : "values");
    node->items = parse_type(parser, items, space, depth + 1);
    return node->items ? node : NULL;
}

static struct schema_node *parse_type(struct parser *parser, const json_t *json, const char *space,
                                      int depth)
{
    if (depth > SCHEMA_DEPTH_MAX) {
        return refuse(parser, "nested deeper than %d", SCHEMA_DEPTH_MAX);
    }
    if (json_is_string(json)) { return parse_reference(parser, json_string_value(json), space); }
    if (json_is_array(json)) { return parse_union(parser, json, space, depth); }
    if (json_is_object(json)) { return parse_object(parser, json, space, depth); }
    return refuse(parser, "a type is missing");
}

/* ---- The canonical form and its fingerprint. ---- */

static void canonical(struct schema_node *node, struct buf *out);

static void canonical_named(struct schema_node *node, struct buf *out)
{
    if (node->written) {
        buf_printf(out, "\"%s\"", node->name);
        return;
    }
    node->written = true;
    buf_printf(out, "{\"name\":\"%s\",\"type\":\"%s\"", node->name, type_names[node->type]);
    if (node->type == SCHEMA_FIXED) {
        buf_printf(out, ",\"size\":%zu}", node->size);
        return;
    }
    buf_printf(out, ",\"%s\":[", node->type == SCHEMA_RECORD ? "fields" : "symbols");
    for (size_t i = 0; i < node->count; i++) {
        buf_printf(out, "%s", i ? "," : "");
        if (node->type == SCHEMA_ENUM) {
            buf_printf(out, "\"%s\"", node->symbols[i]);
            continue;
        }
        buf_printf(out, "{\"name\":\"%s\",\"type\":", node->fields[i].name);
        canonical(node->fields[i].type, out);
        buf_printf(out, "}");
    }
    buf_printf(out, "]}");
}

static void canonical(struct schema_node *node, struct buf *out)
{
    if (node->name) {
        canonical_named(node, out);
    } else if (node->type == SCHEMA_ARRAY || node->type == SCHEMA_MAP) {
        bool array = node->type == SCHEMA_ARRAY;
        buf_printf(out, "{\"type\":\"%s\",\"%s\":", type_names[node->type],
                   array ? "items" : "values");
        canonical(node->items, out);
        buf_printf(out, "}");
    } else if (node->type == SCHEMA_UNION) {
        for (size_t i = 0; i < node->count; i++) {
            buf_printf(out, "%s", i ? "," : "[");
            canonical(node->branches[i], out);
        }
        buf_printf(out, "]");
    } else {
        buf_printf(out, "\"%s\"", type_names[node->type]);
    }
}

static uint64_t crc64_avro(const char *text, size_t size)
{
    const uint64_t empty = 0xc15d213aa4d7a795u;
    uint64_t crc = empty;
    for (size_t i = 0; i < size; i++) {
        crc ^= (uint8_t)text[i];
        for (int bit = 0; bit < 8; bit++) { crc = (crc >> 1) ^ (crc & 1 ? empty : 0); }
    }
    return crc;
}

/* ---- The schema. ---- */

/* Says whether a text has more values than a schema may have, before a parser makes them: each but
 * the first follows a bracket, a comma or a colon. */
static bool has_too_many_values(const char *text)
{
    size_t count = 1;
    bool in_string = false;
    for (const char *at = text; *at && count <= SCHEMA_VALUES_MAX; at++) {
        if (*at == '"') { in_string = !in_string; }
        if (in_string && *at == '\\' && at[1]) { at++; }
        count += !in_string && strchr("[{,:", *at);
    }
    return count > SCHEMA_VALUES_MAX;
}

static bool parse(struct schema *schema, const char *text, struct codec_error *error)
{
    json_error_t json_error;
    schema->json = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &json_error);
    struct parser *parser = xcalloc(1, sizeof(*parser));
    *parser = (struct parser){.arena = schema->arena, .error = error};
    if (schema->json) {
        schema->root = parse_type(parser, schema->json, "", 0);
    } else {
        refuse(parser, "line %d: %s", json_error.line, json_error.text);
    }
    schema->odd_names = parser->odd_names;
    free(parser);
    return schema->root != NULL;
}

struct schema *schema_parse(const char *json, struct codec_error *ret_error)
{
    struct schema *schema = xcalloc(1, sizeof(*schema));
    struct codec_error error = {.reason = "bad_schema"};
    schema->arena = arena_new(SCHEMA_ARENA_BYTES);
    buf_init(&schema->canonical, CANONICAL_BYTES_MAX);
    buf_init(&schema->logical_types, CANONICAL_BYTES_MAX);
    if (strlen(json) > SCHEMA_BYTES_MAX) {
        (void)snprintf(error.detail, sizeof(error.detail), "longer than %d", SCHEMA_BYTES_MAX);
    } else if (has_too_many_values(json)) {
        (void)snprintf(error.detail, sizeof(error.detail), "more than %d values in its JSON",
                       SCHEMA_VALUES_MAX);
    } else if (parse(schema, json, &error)) {
        canonical(schema->root, &schema->canonical);
        buf_append(&schema->canonical, "", 1);
        logical_types_write(schema->json, &schema->logical_types);
        buf_append(&schema->logical_types, "", 1);
        if (!buf_failed(&schema->canonical) && !buf_failed(&schema->logical_types)) {
            schema->crc = crc64_avro(schema->canonical.data, schema->canonical.size - 1);
            return schema;
        }
        (void)snprintf(error.detail, sizeof(error.detail), "its canonical form is longer than %d",
                       CANONICAL_BYTES_MAX);
    }
    if (ret_error) { *ret_error = error; }
    return schema_free(schema);
}

struct schema *schema_free(struct schema *schema)
{
    if (!schema) { return NULL; }
    json_decref(schema->json);
    arena_free(schema->arena);
    buf_release(&schema->canonical);
    buf_release(&schema->logical_types);
    free(schema);
    return NULL;
}

const struct schema_node *schema_root(const struct schema *schema)
{
    return schema->root;
}

bool schema_has_odd_names(const struct schema *schema)
{
    return schema->odd_names;
}

const char *schema_canonical(const struct schema *schema)
{
    return schema->canonical.data;
}

bool schema_same_meaning(const struct schema *a, const struct schema *b)
{
    return strcmp(a->canonical.data, b->canonical.data) == 0 &&
           strcmp(a->logical_types.data, b->logical_types.data) == 0;
}

uint64_t schema_crc(const struct schema *schema)
{
    return schema->crc;
}

int schema_fingerprint(const char *json, uint64_t *ret_fingerprint)
{
    struct schema *schema = schema_parse(json, NULL);
    if (!schema) { return -EINVAL; }
    *ret_fingerprint = schema->crc;
    schema_free(schema);
    return 0;
}
