/* The arrays that spread a record: one event (item, profile) of each of their elements.
 *
 * Every `[*]` of a path is an array; arrays that several paths share are one, and an array within
 * the elements of another one has that as its parent. A record is spread by the first array that it
 * has, in the order of the paths of the *main* field (an event's and an item's item, a profile's
 * user), and so are its elements in turn. Arrays beside it that the main field does not name are
 * parallel: `ids[*]` and `prices[*]` go together by index.
 *
 * Where others send an array, one object is one element. An object whose members are all objects
 * ({"17": {...}, "18": {...}}) is an array of these, unless a path finds its value in the object
 * itself.
 */
#ifndef FRESHET_INGEST_MAPPING_SPREAD_H
#define FRESHET_INGEST_MAPPING_SPREAD_H

#include "ingest/mapping/field_path.h"

enum { SPREAD_ARRAYS_MAX = 16, SPREAD_PATHS_MAX = 128 };

struct spread_array {
    int parent; /* number of the array around it, or PATH_NO_ARRAY */
    const struct field_path *path;
    size_t star;  /* which of its [*] */
    bool of_main; /* the main field leads through it */
};

struct spread {
    struct spread_array arrays[SPREAD_ARRAYS_MAX];
    size_t arrays_count;
    const struct field_path *paths[SPREAD_PATHS_MAX]; /* borrowed */
    size_t paths_count;
};

/* Adds the arrays of a path and sets its number; the main field's paths come first. The path must
 * outlive the spread. 0, or -EINVAL with ret_why. */
int spread_add(struct spread *spread, struct field_path *path, bool of_main, const char **ret_why);
/* Sets a path's number to the innermost of its arrays that is known, or to PATH_NO_ARRAY. */
void spread_recognise(const struct spread *spread, struct field_path *path);
/* Returns the elements of what was found in an array's place, as an array to be freed with
 * json_decref(); NULL when there are none. */
json_t *spread_elements(const struct spread *spread, size_t array, json_t *found);

#endif
