#include "base/base.h"
#include "base/arena.h"
#include "base/xalloc.h"
#include "stream/avro/shape.h"

enum { SHAPE_ARENA_BYTES = 1024 };

static const struct kind_facts {
    enum field_kind element;
    enum schema_type type; /* of the element */
    size_t bytes;          /* of the member */
} kinds[] = {
    [FIELD_STRING] = {FIELD_STRING, SCHEMA_STRING, sizeof(struct slice)},
    [FIELD_BYTES] = {FIELD_BYTES, SCHEMA_BYTES, sizeof(struct slice)},
    [FIELD_INT] = {FIELD_INT, SCHEMA_INT, sizeof(int32_t)},
    [FIELD_LONG] = {FIELD_LONG, SCHEMA_LONG, sizeof(int64_t)},
    [FIELD_FLOAT] = {FIELD_FLOAT, SCHEMA_FLOAT, sizeof(float)},
    [FIELD_DOUBLE] = {FIELD_DOUBLE, SCHEMA_DOUBLE, sizeof(double)},
    [FIELD_BOOL] = {FIELD_BOOL, SCHEMA_BOOLEAN, sizeof(bool)},
    [FIELD_ENUM] = {FIELD_ENUM, SCHEMA_ENUM, sizeof(int32_t)},
    [FIELD_STRINGS] = {FIELD_STRING, SCHEMA_STRING, sizeof(struct slices)},
    [FIELD_INTS] = {FIELD_INT, SCHEMA_INT, sizeof(struct ints)},
    [FIELD_LONGS] = {FIELD_LONG, SCHEMA_LONG, sizeof(struct longs)},
    [FIELD_FLOATS] = {FIELD_FLOAT, SCHEMA_FLOAT, sizeof(struct floats)},
    [FIELD_DOUBLES] = {FIELD_DOUBLE, SCHEMA_DOUBLE, sizeof(struct doubles)},
    [FIELD_ENUMS] = {FIELD_ENUM, SCHEMA_ENUM, sizeof(struct ints)},
};

bool shape_is_column(enum field_kind kind)
{
    return kinds[kind].element != kind;
}

enum field_kind shape_element(enum field_kind kind)
{
    return kinds[kind].element;
}

size_t shape_member_bytes(enum field_kind kind)
{
    return kinds[kind].bytes;
}

static const struct contract_field *find_row(const struct contract *contract, const char *name)
{
    for (size_t i = 0; i < contract->fields_count; i++) {
        if (strcmp(contract->fields[i].name, name) == 0) { return &contract->fields[i]; }
    }
    return NULL;
}

static bool kind_fits(enum field_kind kind, const struct schema_node *value)
{
    if (shape_is_column(kind)) {
        if (value->type != SCHEMA_ARRAY) { return false; }
        value = value->items;
    }
    return value->type == kinds[kind].type;
}

static struct shape_field join(const struct contract *contract, const struct schema_field *field)
{
    struct shape_field joined = {.field = field, .value = field->type, .null_branch = -1};
    joined.row = find_row(contract, field->name);
    assert(joined.row);
    assert(joined.row->offset + shape_member_bytes(joined.row->kind) <= contract->size);
    if (field->type->type == SCHEMA_UNION) {
        assert(field->type->count == 2);
        joined.null_branch = field->type->branches[0]->type == SCHEMA_NULL ? 0 : 1;
        joined.value_branch = 1 - joined.null_branch;
        assert(field->type->branches[joined.null_branch]->type == SCHEMA_NULL);
        joined.value = field->type->branches[joined.value_branch];
    }
    assert(kind_fits(joined.row->kind, joined.value));
    return joined;
}

/* Decodes a default of type bytes: a string whose characters U+0000..U+00FF stand for the bytes. */
static struct slice latin1_bytes(struct arena *arena, const json_t *json)
{
    const uint8_t *text = (const uint8_t *)json_string_value(json);
    size_t size = json_string_length(json);
    char *bytes = arena_alloc(arena, size);
    size_t count = 0;
    for (size_t i = 0; i < size; i++) {
        uint32_t character = text[i];
        if (character >= 0x80) {
            assert(character == 0xc2 || character == 0xc3);
            character = (character & 3) << 6 | (text[++i] & 0x3f);
        }
        bytes[count++] = (char)character;
    }
    return slice_of(bytes, count);
}

static void fill_text(struct shape *shape, enum field_kind kind, const json_t *json, void *member)
{
    assert(json_is_string(json));
    struct slice text;
    if (kind == FIELD_BYTES) {
        text = latin1_bytes(shape->arena, json);
    } else {
        text = slice_of(json_string_value(json), json_string_length(json));
    }
    memcpy(member, &text, sizeof(text));
}

static void fill_number(enum field_kind kind, const json_t *json, void *member)
{
    int64_t whole = json_integer_value(json);
    double real = json_number_value(json);
    float narrow = (float)real;
    bool flag = json_is_true(json);
    int32_t small = (int32_t)whole;
    switch (kind) {
    case FIELD_INT:
        assert(json_is_integer(json) && whole >= INT32_MIN && whole <= INT32_MAX);
        memcpy(member, &small, sizeof(small));
        return;
    case FIELD_LONG:
        assert(json_is_integer(json));
        memcpy(member, &whole, sizeof(whole));
        return;
    case FIELD_FLOAT:
        assert(json_is_number(json) && isfinite(narrow));
        memcpy(member, &narrow, sizeof(narrow));
        return;
    case FIELD_DOUBLE:
        assert(json_is_number(json));
        memcpy(member, &real, sizeof(real));
        return;
    default:
        assert(kind == FIELD_BOOL && json_is_boolean(json));
        memcpy(member, &flag, sizeof(flag));
    }
}

static void fill(struct shape *shape, enum field_kind kind, const struct schema_node *value,
                 const json_t *json, void *member)
{
    if (shape_is_column(kind)) {
        assert(json_is_array(json));
        enum field_kind element = shape_element(kind);
        size_t bytes = shape_member_bytes(element);
        struct slices column = {.count = json_array_size(json)}; /* all columns look alike */
        char *at = arena_alloc_array(shape->arena, column.count, bytes);
        for (size_t i = 0; i < column.count; i++) {
            fill(shape, element, value->items, json_array_get(json, i), at + i * bytes);
        }
        column.at = (void *)at;
        memcpy(member, &column, sizeof(column));
    } else if (kind == FIELD_ENUM) {
        assert(json_is_string(json));
        int32_t symbol = schema_symbol(value, json_string_value(json));
        assert(symbol >= 0);
        memcpy(member, &symbol, sizeof(symbol));
    } else if (kind == FIELD_STRING || kind == FIELD_BYTES) {
        fill_text(shape, kind, json, member);
    } else {
        fill_number(kind, json, member);
    }
}

static void fill_default(struct shape *shape, const struct shape_field *field)
{
    void *member = (char *)shape->defaults + field->row->offset;
    bool text = field->row->kind == FIELD_STRING || field->row->kind == FIELD_BYTES;
    const json_t *json = field->field->fallback;
    if (json && !json_is_null(json)) {
        fill(shape, field->row->kind, field->value, json, member);
    } else if (text && !json) {
        struct slice nothing = slice_of("", 0);
        memcpy(member, &nothing, sizeof(nothing));
    } else {
        assert(!json || field->null_branch >= 0);
    }
}

struct shape *shape_new(const struct contract *contract)
{
    struct codec_error error = {0};
    struct shape *shape = xcalloc(1, sizeof(*shape));
    shape->contract = contract;
    shape->schema = schema_parse(contract->schema, &error);
    assert(shape->schema);
    const struct schema_node *root = schema_root(shape->schema);
    assert(root->type == SCHEMA_RECORD && strcmp(root->name, contract->name) == 0);
    assert(root->count == contract->fields_count);
    shape->arena = arena_new(SHAPE_ARENA_BYTES);
    shape->defaults = xcalloc(1, contract->size);
    shape->fields = xcalloc(root->count, sizeof(*shape->fields));
    shape->fields_count = root->count;
    for (size_t i = 0; i < root->count; i++) {
        shape->fields[i] = join(contract, &root->fields[i]);
        fill_default(shape, &shape->fields[i]);
    }
    return shape;
}

struct shape *shape_free(struct shape *shape)
{
    if (!shape) { return NULL; }
    schema_free(shape->schema);
    arena_free(shape->arena);
    free(shape->fields);
    free(shape->defaults);
    free(shape);
    return NULL;
}
