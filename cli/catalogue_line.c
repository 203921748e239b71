#include "base/base.h"
#include "cli/catalogue_line.h"

#include <jansson.h>

/* A line that is being read: the first wrong value stays. */
struct catalogue_line {
    json_t *object;
    struct arena *arena;
    struct reason *reason;
    bool failed;
};

static const char *type_of(const json_t *value)
{
    static const char *const names[] = {
        [JSON_OBJECT] = "an object",   [JSON_ARRAY] = "a list", [JSON_STRING] = "a text",
        [JSON_INTEGER] = "a number",   [JSON_REAL] = "a number", [JSON_TRUE] = "true",
        [JSON_FALSE] = "false",        [JSON_NULL] = "null"};
    return names[json_typeof(value)];
}

static void refuse(struct catalogue_line *line, const char *name, const char *wanted,
                   const json_t *value)
{
    if (line->failed) { return; }
    line->failed = true;
    (void)reason_give(line->reason, "%s: wanted %s, not %s", name, wanted, type_of(value));
}

/* Returns a field's value; NULL when it is absent or null. */
static const json_t *field_of(const struct catalogue_line *line, const char *name)
{
    const json_t *value = json_object_get(line->object, name);
    return json_is_null(value) ? NULL : value;
}

static struct slice copy_of(const struct catalogue_line *line, const json_t *text)
{
    return arena_copy(line->arena, slice_of(json_string_value(text), json_string_length(text)));
}

static struct slice read_text(struct catalogue_line *line, const char *name)
{
    const json_t *value = field_of(line, name);
    if (json_is_string(value)) { return copy_of(line, value); }
    if (value) { refuse(line, name, "a text", value); }
    return slice_of("", 0);
}

/* Reads a list; NULL: there is none. */
static const json_t *read_list(struct catalogue_line *line, const char *name, const char *wanted)
{
    const json_t *value = field_of(line, name);
    if (value && !json_is_array(value)) { refuse(line, name, wanted, value); }
    return json_is_array(value) ? value : NULL;
}

static struct slices read_texts(struct catalogue_line *line, const char *name)
{
    const json_t *list = read_list(line, name, "a list of texts");
    size_t count = json_array_size(list);
    struct slices texts = {.at = arena_alloc_array(line->arena, count, sizeof(struct slice))};
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_array_get(list, i);
        if (!json_is_string(value)) {
            refuse(line, name, "only texts in the list", value);
            break;
        }
        texts.at[texts.count++] = copy_of(line, value);
    }
    return texts;
}

/* Reads the numbers of a list, of which `name` tells people. */
static struct floats floats_of(struct catalogue_line *line, const char *name, const json_t *list)
{
    size_t count = json_array_size(list);
    struct floats numbers = {.at = arena_alloc_array(line->arena, count, sizeof(float))};
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_array_get(list, i);
        if (!json_is_number(value)) {
            refuse(line, name, "only numbers in the list", value);
            break;
        }
        numbers.at[numbers.count++] = (float)json_number_value(value);
    }
    return numbers;
}

static struct floats read_floats(struct catalogue_line *line, const char *name)
{
    return floats_of(line, name, read_list(line, name, "a list of numbers"));
}

/* Reads "vectors": an object of lists of numbers by name. */
static void read_vectors(struct catalogue_line *line, struct item *item)
{
    const char *name;
    json_t *list, *object = json_object_get(line->object, "vectors");
    size_t most = json_object_size(object), sum = 0;
    if (json_is_null(object) || !object) { return; }
    if (!json_is_object(object)) {
        refuse(line, "vectors", "an object of lists of numbers", object);
        return;
    }
    json_object_foreach(object, name, list) { sum += json_array_size(list); }
    item->vector_names.at = arena_alloc_array(line->arena, most + 1, sizeof(struct slice));
    item->vector_widths.at = arena_alloc_array(line->arena, most + 1, sizeof(int32_t));
    item->vector_numbers.at = arena_alloc_array(line->arena, sum + 1, sizeof(float));
    json_object_foreach(object, name, list) {
        if (!json_is_array(list)) { refuse(line, "vectors", "only lists of numbers", list); }
        struct floats one = floats_of(line, "vectors", list);
        item->vector_names.at[item->vector_names.count++] =
            arena_copy(line->arena, slice_str(name));
        item->vector_widths.at[item->vector_widths.count++] = (int32_t)one.count;
        for (size_t i = 0; i < one.count; i++) {
            item->vector_numbers.at[item->vector_numbers.count++] = one.at[i];
        }
    }
    const char *fault = item_vectors_fault(item);
    if (!fault || line->failed) { return; }
    line->failed = true;
    (void)reason_give(line->reason, "vectors: %s", fault);
}

static double read_real(struct catalogue_line *line, const char *name, double absent)
{
    const json_t *value = field_of(line, name);
    if (!value) { return absent; }
    if (!json_is_number(value)) { refuse(line, name, "a number", value); }
    return json_number_value(value);
}

/* Reads a whole number; 1.7e12 is one. */
static int64_t read_whole(struct catalogue_line *line, const char *name, int64_t max,
                          int64_t absent)
{
    const json_t *value = field_of(line, name);
    double real = json_number_value(value);
    if (!value) { return absent; }
    bool whole = json_is_number(value) && fabs(real) < 9e15 && real == floor(real);
    if (!whole) {
        refuse(line, name, "a whole number", value);
        return 0;
    }
    int64_t number = json_is_integer(value) ? json_integer_value(value) : (int64_t)real;
    if (number >= -max && number <= max) { return number; }
    refuse(line, name, "a smaller number", value);
    return 0;
}

static double read_price(struct catalogue_line *line)
{
    double price = read_real(line, "price", ITEM_NOT_KNOWN);
    if (price <= ITEM_NUMBER_MAX || line->failed) { return price; }
    line->failed = true;
    (void)reason_give(line->reason, "price: wanted at most %.0e, not %g", ITEM_NUMBER_MAX, price);
    return price;
}

static bool read_flag(struct catalogue_line *line, const char *name, bool fallback)
{
    const json_t *value = field_of(line, name);
    if (!value) { return fallback; }
    if (!json_is_boolean(value)) { refuse(line, name, "true or false", value); }
    return json_is_true(value);
}

static int parse(struct catalogue_line *line, struct slice text, const char *id)
{
    json_error_t error;
    line->object = json_loadb(text.data, text.size, JSON_REJECT_DUPLICATES, &error);
    if (!line->object) {
        return reason_give(line->reason, "not JSON: byte %d: %.100s", error.position, error.text);
    }
    if (!json_is_object(line->object)) { return reason_give(line->reason, "not a JSON object"); }
    const json_t *value = json_object_get(line->object, id);
    if (json_is_string(value) && json_string_length(value)) { return 0; }
    if (!value) { return reason_give(line->reason, "%s is missing", id); }
    if (json_is_string(value)) { return reason_give(line->reason, "%s is empty", id); }
    return reason_give(line->reason, "%s: wanted a text, not %s", id, type_of(value));
}

static const char *find_unknown(const struct catalogue_line *line, const char *const *fields)
{
    const char *name;
    json_t *value;
    json_object_foreach(line->object, name, value)
    {
        const char *const *known = fields;
        while (*known && strcmp(*known, name) != 0) { known++; }
        if (!*known) { return arena_copy(line->arena, slice_of(name, strlen(name) + 1)).data; }
    }
    return NULL;
}

int catalogue_line_item(struct slice text, struct arena *arena, struct item *ret_item,
                        const char **ret_unknown, struct reason *reason)
{
    static const char *const fields[] = {"item_id",    "title", "tags",  "text",  "vector",
                                         "available",  "created_ms",     "price", "stock",
                                         "brand",      "category",       "group_id", "kind",
                                         "available_from_ms",  "available_until_ms", "image",
                                         "vectors",    NULL};
    struct catalogue_line line = {.arena = arena, .reason = reason};
    int rc = parse(&line, text, fields[0]);
    if (!rc) {
        *ret_item = (struct item){
            .item_id = read_text(&line, "item_id"),
            .title = read_text(&line, "title"),
            .tags = read_texts(&line, "tags"),
            .text = read_text(&line, "text"),
            .vector = read_floats(&line, "vector"),
            .available = read_flag(&line, "available", true),
            .created_ms = read_whole(&line, "created_ms", INT64_MAX, 0),
            .price = read_price(&line),
            .stock = read_whole(&line, "stock", INT64_MAX, ITEM_NOT_KNOWN),
            .brand = read_text(&line, "brand"),
            .category = read_texts(&line, "category"),
            .group_id = read_text(&line, "group_id"),
            .kind = read_text(&line, "kind"),
            .available_from_ms = read_whole(&line, "available_from_ms", INT64_MAX, 0),
            .available_until_ms = read_whole(&line, "available_until_ms", INT64_MAX, 0),
            .image = read_text(&line, "image"),
        };
        read_vectors(&line, ret_item);
        *ret_unknown = find_unknown(&line, fields);
    }
    json_decref(line.object);
    return rc || line.failed ? -1 : 0;
}

int catalogue_line_profile(struct slice text, struct arena *arena, struct user_profile *ret_profile,
                           const char **ret_unknown, struct reason *reason)
{
    static const char *const fields[] = {"user_id", "tags", "birth_year", "country", NULL};
    struct catalogue_line line = {.arena = arena, .reason = reason};
    int rc = parse(&line, text, fields[0]);
    if (!rc) {
        *ret_profile = (struct user_profile){
            .user_id = read_text(&line, "user_id"),
            .tags = read_texts(&line, "tags"),
            .birth_year = (int32_t)read_whole(&line, "birth_year", INT32_MAX, 0),
            .country = read_text(&line, "country"),
        };
        *ret_unknown = find_unknown(&line, fields);
    }
    json_decref(line.object);
    return rc || line.failed ? -1 : 0;
}

int catalogue_line_vector(struct slice text, struct arena *arena, struct given_vector *ret_vector,
                          const char **ret_unknown, struct reason *reason)
{
    static const char *const fields[] = {"item_id", "name", "vector", NULL};
    struct catalogue_line line = {.arena = arena, .reason = reason};
    int rc = parse(&line, text, fields[0]);
    if (!rc) {
        *ret_vector = (struct given_vector){
            .item_id = read_text(&line, "item_id"),
            .name = read_text(&line, "name"),
            .vector = read_floats(&line, "vector"),
        };
        *ret_unknown = find_unknown(&line, fields);
    }
    json_decref(line.object);
    if (rc || line.failed) { return -1; }
    if (!item_vector_may_be_named(ret_vector->name)) {
        return reason_give(reason, "name: wanted small letters, digits, _ or -, at most %d, and "
                           "not text or given", ITEM_VECTOR_NAME_BYTES_MAX);
    }
    return 0;
}
