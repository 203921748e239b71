#include "base/base.h"
#include "syntax/json_text.h"
#include "ingest/mapping/spread.h"
#include "ingest/mapping/wrapped_value.h"

static int find(const struct spread *spread, int parent, const struct field_path *path, size_t star)
{
    for (size_t i = 0; i < spread->arrays_count; i++) {
        const struct spread_array *array = &spread->arrays[i];
        if (array->parent == parent && array->star == star &&
            field_path_same_arrays(array->path, path, star + 1)) {
            return (int)i;
        }
    }
    return PATH_NO_ARRAY;
}

int spread_add(struct spread *spread, struct field_path *path, bool of_main, const char **ret_why)
{
    int parent = PATH_NO_ARRAY;
    for (size_t star = 0; star < field_path_stars(path); star++) {
        int number = find(spread, parent, path, star);
        if (number == PATH_NO_ARRAY) {
            if (spread->arrays_count == SPREAD_ARRAYS_MAX) {
                *ret_why = "the paths of a source lead through at most 16 arrays";
                return -EINVAL;
            }
            number = (int)spread->arrays_count++;
            spread->arrays[number] = (struct spread_array){
                .parent = parent, .path = path, .star = star, .of_main = of_main};
        }
        parent = number;
    }
    if (parent != PATH_NO_ARRAY) {
        if (spread->paths_count == SPREAD_PATHS_MAX) {
            *ret_why = "a source has at most 128 paths with [*]";
            return -EINVAL;
        }
        spread->paths[spread->paths_count++] = path;
    }
    field_path_set_array(path, parent);
    return 0;
}

void spread_recognise(const struct spread *spread, struct field_path *path)
{
    int known = PATH_NO_ARRAY;
    for (size_t star = 0; star < field_path_stars(path); star++) {
        int number = find(spread, known, path, star);
        if (number == PATH_NO_ARRAY) { break; }
        known = number;
    }
    field_path_set_array(path, known);
}

/* Says whether a path finds its value, or an inner array, in the object itself. */
static bool is_element(const struct spread *spread, size_t array, json_t *object)
{
    for (size_t i = 0; i < spread->paths_count; i++) {
        const struct field_path *path = spread->paths[i];
        if (field_path_in_array(path) == (int)array && field_path_in_element(path, object)) {
            return true;
        }
    }
    for (size_t i = 0; i < spread->arrays_count; i++) {
        const struct spread_array *inner = &spread->arrays[i];
        if (inner->parent == (int)array && field_path_array(inner->path, inner->star, object)) {
            return true;
        }
    }
    return false;
}

static bool holds_objects(json_t *object)
{
    const char *key;
    json_t *member;
    size_t objects = 0;
    json_object_foreach(object, key, member) {
        if (!json_is_object(member) && !json_is_null(member)) { return false; }
        objects += json_is_object(member);
    }
    return objects > 0;
}

static bool takes_elements(const struct spread *spread, size_t array)
{
    for (size_t i = 0; i < spread->paths_count; i++) {
        const struct field_path *path = spread->paths[i];
        if (field_path_in_array(path) == (int)array && field_path_ends_in_element(path)) {
            return true;
        }
    }
    return false;
}

json_t *spread_elements(const struct spread *spread, size_t array, json_t *found)
{
    if (json_is_array(found)) { return json_array_size(found) ? json_incref(found) : NULL; }
    if (!found || (!json_is_object(found) && !json_flaw_of(found) &&
                   !takes_elements(spread, array))) {
        return NULL;
    }
    if (json_is_object(found) && (!json_object_size(found) || wrapped_null(found))) { return NULL; }
    json_t *list = json_array();
    if (json_is_object(found) && holds_objects(found) && !is_element(spread, array, found)) {
        const char *key;
        json_t *member;
        json_object_foreach(found, key, member) { (void)json_array_append(list, member); }
    } else {
        (void)json_array_append(list, found);
    }
    return list;
}
