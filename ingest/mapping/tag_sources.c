#include "base/base.h"
#include "base/xalloc.h"
#include "ingest/mapping/tag_sources.h"
#include "ingest/mapping/wrapped_value.h"

#include <ctype.h>

struct tag_source {
    struct slice name; /* with its equals sign; empty: plain tags */
    struct field_choice *choice;
};

struct tag_sources {
    char *text;
    struct slice separator;
    struct tag_source at[TAG_SOURCES_MAX];
    size_t count;
};

/* ---- Configuration ---- */

/* Returns where the source at the start of a text ends: at a comma outside of ["..."]. */
static size_t source_size(struct slice text)
{
    bool quoted = false;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == ',' && !quoted) { return i; }
        if (text.data[i] == '"') { quoted = !quoted; }
    }
    return text.size;
}

static struct slice trimmed(struct slice text)
{
    while (text.size && text.data[0] == ' ') { text = slice_of(text.data + 1, text.size - 1); }
    while (text.size && text.data[text.size - 1] == ' ') { text.size--; }
    return text;
}

/* NAME= is letters, digits and a few signs: else an equals sign belongs to a path or constant. */
static size_t name_size(struct slice text)
{
    size_t size = 0;
    while (size < text.size && (isalnum((unsigned char)text.data[size]) ||
                                strchr("_-:", text.data[size]))) {
        size++;
    }
    return size > 0 && size < text.size && text.data[size] == '=' ? size + 1 : 0;
}

static int parse(struct tag_sources *sources, const char **ret_why)
{
    struct slice left = slice_str(sources->text);
    while (left.size) {
        size_t size = source_size(left);
        struct slice text = trimmed(slice_of(left.data, size));
        size += size < left.size;
        left = slice_of(left.data + size, left.size - size);
        if (sources->count == TAG_SOURCES_MAX) {
            *ret_why = "at most 16 sources of tags, with commas between them";
            return -EINVAL;
        }
        struct tag_source *source = &sources->at[sources->count];
        size_t name = name_size(text);
        source->name = slice_of(text.data, name);
        int rc = field_choice_new(slice_of(text.data + name, text.size - name), &source->choice,
                                  ret_why);
        if (rc) { return rc; }
        sources->count++;
    }
    return 0;
}

int tag_sources_new(const char *text, const char *separator, struct tag_sources **ret_sources,
                    const char **ret_why)
{
    struct tag_sources *sources = xcalloc(1, sizeof(*sources));
    sources->text = xstrdup(text);
    sources->separator = slice_str(separator);
    int rc = parse(sources, ret_why);
    if (rc) {
        tag_sources_free(sources);
        return rc;
    }
    *ret_sources = sources;
    return 0;
}

struct tag_sources *tag_sources_free(struct tag_sources *sources)
{
    if (!sources) { return NULL; }
    for (size_t i = 0; i < sources->count; i++) { field_choice_free(sources->at[i].choice); }
    free(sources->text);
    free(sources);
    return NULL;
}

struct field_choice *tag_sources_at(const struct tag_sources *sources, size_t index)
{
    return index < sources->count ? sources->at[index].choice : NULL;
}

/* ---- One record ---- */

struct collecting {
    const struct tag_sources *sources;
    const struct tagged *tagged;
    struct arena *arena;
    struct slices tags;
    size_t room;
};

static void add(struct collecting *collecting, struct slice name, struct slice text)
{
    if (collecting->tags.count == collecting->room || text.size == 0) { return; }
    if (!collecting->tags.at) {
        collecting->tags.at =
            arena_alloc_array(collecting->arena, collecting->room, sizeof(struct slice));
    }
    char *tag = arena_alloc(collecting->arena, name.size + text.size);
    if (name.size) { memcpy(tag, name.data, name.size); }
    memcpy(tag + name.size, text.data, text.size);
    collecting->tags.at[collecting->tags.count++] = slice_of(tag, name.size + text.size);
}

static void add_parts(struct collecting *collecting, struct slice name, struct slice text)
{
    struct slice separator = collecting->sources->separator;
    while (separator.size) {
        const char *cut = memmem(text.data, text.size, separator.data, separator.size);
        if (!cut) { break; }
        size_t size = (size_t)(cut - text.data);
        add(collecting, name, trimmed(slice_of(text.data, size)));
        size += separator.size;
        text = slice_of(text.data + size, text.size - size);
    }
    add(collecting, name, separator.size ? trimmed(text) : text);
}

static void add_value(struct collecting *collecting, struct slice name, json_t *value)
{
    char number[64], inside[DECIMAL_TEXT_MAX], uuid[WRAPPED_TEXT_MAX];
    int size = 0;
    struct slice text;
    if (json_is_object(value)) {
        bool known = wrapped_text(value, uuid, &text) || wrapped_number(value, inside, &text);
        if (known) { add_parts(collecting, name, text); }
    } else if (json_is_string(value)) {
        add_parts(collecting, name,
                  slice_of(json_string_value(value), json_string_length(value)));
    } else if (json_is_integer(value)) {
        size = snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
                        json_integer_value(value));
    } else if (json_is_real(value)) {
        size = snprintf(number, sizeof(number), "%.15g", json_real_value(value));
    } else if (json_is_boolean(value)) {
        size = snprintf(number, sizeof(number), "%s", json_is_true(value) ? "true" : "false");
    }
    if (size > 0) { add(collecting, name, slice_of(number, (size_t)size)); }
}

static void add_values(struct collecting *collecting, struct slice name, json_t *value)
{
    value = wrapped_within(value);
    if (!json_is_array(value)) {
        add_value(collecting, name, value);
        return;
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        add_value(collecting, name, json_array_get(value, i));
    }
}

/* Collects what is in an element (or the document) behind the arrays of a path from `star` on. One
 * value where others send an array is its only element. */
static void collect_within(struct collecting *collecting, struct slice name,
                           const struct field_path *path, size_t star, json_t *around)
{
    if (star == field_path_stars(path)) {
        add_values(collecting, name, field_path_in_element(path, around));
        return;
    }
    json_t *found = json_incref(field_path_array(path, star, around));
    if (found && !json_is_array(found)) {
        collect_within(collecting, name, path, star + 1, found);
    }
    for (size_t i = 0; i < json_array_size(found); i++) {
        collect_within(collecting, name, path, star + 1, json_array_get(found, i));
    }
    json_decref(found);
}

/* Of an array that spreads the record, only the current element counts. */
static void follow(struct collecting *collecting, const struct tag_source *source, size_t index)
{
    const struct tagged *tagged = collecting->tagged;
    struct field_path *path = source->choice->paths[index];
    int array = field_path_in_array(path);
    if (field_path_beside(path)) {
        add_values(collecting, source->name, tagged->beside(tagged->arg, path));
    } else if (!field_path_stars(path)) {
        add_values(collecting, source->name, field_path_find(path, tagged->document));
    } else if (array != PATH_NO_ARRAY && tagged->elements[array]) {
        size_t level = tagged->level(tagged->arg, array);
        collect_within(collecting, source->name, path, level, tagged->elements[array]);
    } else {
        collect_within(collecting, source->name, path, 0, tagged->document);
    }
}

struct slices tag_sources_collect(const struct tag_sources *sources, const struct tagged *tagged,
                                  size_t max, struct arena *arena)
{
    struct collecting collecting = {
        .sources = sources, .tagged = tagged, .arena = arena, .room = max + 1};
    for (size_t i = 0; i < sources->count; i++) {
        size_t before = collecting.tags.count;
        const struct tag_source *source = &sources->at[i];
        for (size_t k = 0; k < source->choice->count && collecting.tags.count == before; k++) {
            follow(&collecting, source, k);
        }
    }
    return collecting.tags;
}
