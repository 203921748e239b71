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
 * A path may have one `[*]`, which means every element of an array (`order.lines[*].sku`). Such a
 * path has two halves: the path to the array, and the path from an element to the value.
 *
 * Some paths do not lead into the document: `$key` is the record's key as text, `$key.id` a field
 * of a key that is JSON, `$timestamp` the record's Kafka timestamp in ms, `$header.NAME`
 * (`$header["a.b"]`) a header as text, `$schema` the full name of an Avro message's record. A field
 * whose name is `$key` is written `["$key"]`.
 */
#ifndef FRESHET_INGEST_MAPPING_FIELD_PATH_H
#define FRESHET_INGEST_MAPPING_FIELD_PATH_H

#include "base/slice.h"

#include <jansson.h>

enum {
    PATH_STEPS_MAX = 16,
    PATH_BYTES_MAX = 512,
    PATH_INDEX_MAX = 9999,
};

enum path_root {
    PATH_DOCUMENT,
    PATH_CONSTANT,
    PATH_KEY_TEXT, /* `$key` alone */
    PATH_KEY,      /* into a key that is JSON */
    PATH_TIMESTAMP,
    PATH_HEADER,
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
/* Says whether the path has a `[*]`. */
bool field_path_spreads(const struct field_path *path);
/* Says whether two paths with a `[*]` lead to the same array. */
bool field_path_same_array(const struct field_path *path, const struct field_path *other);
/* Says whether the path leads into a document that is itself an array: `[*].id`, `[0].id`. */
bool field_path_enters_array(const struct field_path *path);
/* Returns the constant, borrowed from the path; NULL when the path is not a constant. */
json_t *field_path_constant(const struct field_path *path);
/* Finds the value, or with a `[*]` the array before it, borrowed from the document (a constant:
 * from the path); NULL when absent. */
json_t *field_path_find(const struct field_path *path, json_t *document);
/* Finds the value behind the `[*]` in one element of the array; NULL when absent. */
json_t *field_path_in_element(const struct field_path *path, json_t *element);

#endif
