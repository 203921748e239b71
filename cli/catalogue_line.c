#include "base/base.h"
#include "cli/catalogue_line.h"

#include <jansson.h>

static void release_json(json_t **json)
{
    json_decref(*json);
}

static struct slice copy_text(const json_t *object, const char *name, struct arena *arena)
{
    const json_t *text = json_object_get(object, name);
    if (!json_is_string(text)) { return slice_of("", 0); }
    return arena_copy(arena, slice_of(json_string_value(text), json_string_length(text)));
}

static struct slices copy_texts(const json_t *object, const char *name, struct arena *arena)
{
    const json_t *texts = json_object_get(object, name);
    size_t count = json_array_size(texts);
    struct slices copies = {.at = arena_alloc_array(arena, count, sizeof(struct slice))};
    for (size_t i = 0; i < count; i++) {
        const json_t *text = json_array_get(texts, i);
        if (!json_is_string(text)) { continue; }
        copies.at[copies.count++] = arena_copy(
            arena, slice_of(json_string_value(text), json_string_length(text)));
    }
    return copies;
}

static struct floats copy_floats(const json_t *object, const char *name, struct arena *arena)
{
    const json_t *numbers = json_object_get(object, name);
    size_t count = json_array_size(numbers);
    struct floats copies = {.at = arena_alloc_array(arena, count, sizeof(float)), .count = count};
    for (size_t i = 0; i < count; i++) {
        copies.at[i] = (float)json_number_value(json_array_get(numbers, i));
    }
    return copies;
}

static json_t *parse(struct slice line, const char *id, const char **ret_why)
{
    json_error_t error;
    json_t *object = json_loadb(line.data, line.size, JSON_REJECT_DUPLICATES, &error);
    *ret_why = "not a JSON object with an id of type string";
    if (json_is_string(json_object_get(object, id))) { return object; }
    json_decref(object);
    return NULL;
}

int catalogue_line_item(struct slice line, struct arena *arena, struct item *ret_item,
                        const char **ret_why)
{
    _cleanup_(release_json) json_t *object = parse(line, "item_id", ret_why);
    if (!object) { return -EINVAL; }
    *ret_item = (struct item){
        .item_id = copy_text(object, "item_id", arena),
        .title = copy_text(object, "title", arena),
        .tags = copy_texts(object, "tags", arena),
        .text = copy_text(object, "text", arena),
        .vector = copy_floats(object, "vector", arena),
        .available = !json_is_false(json_object_get(object, "available")),
        .created_ms = json_integer_value(json_object_get(object, "created_ms")),
    };
    return 0;
}

int catalogue_line_profile(struct slice line, struct arena *arena, struct user_profile *ret_profile,
                           const char **ret_why)
{
    _cleanup_(release_json) json_t *object = parse(line, "user_id", ret_why);
    if (!object) { return -EINVAL; }
    *ret_profile = (struct user_profile){
        .user_id = copy_text(object, "user_id", arena),
        .tags = copy_texts(object, "tags", arena),
        .birth_year = (int32_t)json_integer_value(json_object_get(object, "birth_year")),
        .country = copy_text(object, "country", arena),
    };
    return 0;
}
