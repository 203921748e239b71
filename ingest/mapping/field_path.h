/* A path to a value in a JSON document: `user.id`, `items[2].sku`, `["a.b"].c`; or a constant.
 * `params[key=page].value` leads into the first element of an array whose `key` is "page" (or, with
 * `[id=7]`, the number 7); `[key="a]b"]` where the text has a bracket, a bar or a comma.
 *
 * A text that begins with `=` is a constant instead: `=VIEW`, `=1.5`, `="007"` (JSON where it reads
 * as JSON, a plain string otherwise). A path never fails at run time: a missing step, an index past
 * the end, a step into a scalar and a JSON null all mean "absent". A text that is itself JSON is
 * entered: `after.id` finds 7 in {"after":"{\"id\":7}"}. A flaw (json_text.h) is found like a
 * value, also by a path that leads into it.
 *
 * A path may have up to four `[*]`, each of which means every element of an array
 * (`orders[*].lines[*].sku`). It is walked array by array, and then from an element to the value.
 *
 * Paths and texts in quotes may be joined by `+`: `shop+"/"+sku`. What follows a colon at the end
 * is how the value is to be read (path_format.h): `ts_ms:ms`, `day:%d.%m.%Y`.
 *
 * Some paths do not lead into the document: `$key` is the record's key as text, `$key.id` a field
 * of a key that is JSON, `$timestamp` the record's Kafka timestamp in ms, `$header.NAME`
 * (`$header["a.b"]`) a header as text, `$schema` the full name of an Avro message's record. A field
 * whose name is `$key` is written `["$key"]`.
 */
#ifndef FRESHET_INGEST_MAPPING_FIELD_PATH_H
#define FRESHET_INGEST_MAPPING_FIELD_PATH_H

#include "ingest/mapping/path_format.h"

#include <jansson.h>

enum {
    PATH_STEPS_MAX = 16,
    PATH_BYTES_MAX = 512,
    PATH_INDEX_MAX = 9999,
    PATH_STARS_MAX = 4,
    PATH_PARTS_MAX = 8,
    PATH_NO_ARRAY = -1,
};

enum path_root {
    PATH_DOCUMENT,
    PATH_CONSTANT,
    PATH_KEY_TEXT, /* `$key` alone */
    PATH_KEY,      /* into a key that is JSON */
    PATH_TIMESTAMP,
    PATH_HEADER,
    PATH_JOINED, /* `shop+"/"+sku`: its parts lead to values */
    PATH_SCHEMA, /* the name of the writer's record */
};

struct field_path;

/* Parses a path; free with field_path_free(). 0, or -EINVAL with ret_why saying what is wrong with
 * the text (a constant string). */
int field_path_new(struct slice text, struct field_path **ret_path, const char **ret_why);
/* Frees the path; takes NULL; returns NULL. */
struct field_path *field_path_free(struct field_path *path);
/* Returns the text from which the path was made; borrowed from the path. */
const char *field_path_text(const struct field_path *path);
/* Returns what the path leads into. */
enum path_root field_path_root(const struct field_path *path);
/* Says whether the path leads to the key, the timestamp or a header. */
bool field_path_beside(const struct field_path *path);
/* Returns the name of the path's header, borrowed from the path; data NULL when the path does not
 * lead to a header. */
struct slice field_path_header(const struct field_path *path);
/* Returns the number of paths that are joined, and one of them: 1, and the path itself, where none
 * are. All that follows is for these. */
size_t field_path_parts(const struct field_path *path);
struct field_path *field_path_part(struct field_path *path, size_t index);
/* Returns how its value is to be read; NULL: as the options say. */
const struct path_format *field_path_format(const struct field_path *path);
/* Returns the number of its `[*]`. */
size_t field_path_stars(const struct field_path *path);
/* Says whether the first so many `[*]` of two paths stand for the same arrays. */
bool field_path_same_arrays(const struct field_path *path, const struct field_path *other,
                            size_t stars);
/* Returns the number that field_path_set_array() has kept for the path's owner: the array in which
 * its value is (spread.h), or PATH_NO_ARRAY. */
int field_path_in_array(const struct field_path *path);
void field_path_set_array(struct field_path *path, int array);
/* Says whether the path leads into a document that is itself an array: `[*].id`, `[0].id`. */
bool field_path_enters_array(const struct field_path *path);
/* Returns the constant, borrowed from the path; NULL when the path is not a constant. */
json_t *field_path_constant(const struct field_path *path);
/* Finds the value, or with a `[*]` the first array, borrowed from the document (a constant: from
 * the path); NULL when absent. */
json_t *field_path_find(const struct field_path *path, json_t *document);
/* Finds the array of one of its `[*]`: in the document for the first one, else in an element of the
 * array before it. NULL when absent. */
json_t *field_path_array(const struct field_path *path, size_t star, json_t *around);
/* Finds the value behind the last `[*]` in one element of the array; NULL when absent. */
json_t *field_path_in_element(const struct field_path *path, json_t *element);
/* Says whether the value is the element itself: `ids[*]`. */
bool field_path_ends_in_element(const struct field_path *path);
/* Says whether the value behind the last `[*]` (without one: in the document) is a JSON null, which
 * is not the same as not there. */
bool field_path_finds_null(const struct field_path *path, json_t *around);

#endif
