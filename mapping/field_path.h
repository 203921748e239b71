/* Where in a JSON document a value stands: `user.id`, `items[2].sku`, `["a.b"].c`; or a constant.
 *
 * A text that begins with `=` is a constant instead: `=VIEW`, `=1.5`, `="007"` (JSON where it reads
 * as JSON, a plain string otherwise). A path never fails at run time: a missing step, an index past
 * the end, a step into a scalar and a JSON null all mean "absent".
 */
#ifndef FRESHET_MAPPING_FIELD_PATH_H
#define FRESHET_MAPPING_FIELD_PATH_H

#include "base/slice.h"

#include <jansson.h>

enum {
    PATH_STEPS_MAX = 16,
    PATH_BYTES_MAX = 512,
    PATH_INDEX_MAX = 9999,
};

struct field_path;

/* Parses a path; free with field_path_free(). 0, or -EINVAL with ret_why saying what is wrong with
 * the text (a constant string). */
int field_path_new(const char *text, struct field_path **ret_path, const char **ret_why);
/* Frees the path; takes NULL; returns NULL. */
struct field_path *field_path_free(struct field_path *path);
/* Tells the text that the path was made from; borrowed from the path. */
const char *field_path_text(const struct field_path *path);
/* Tells the constant, borrowed from the path; NULL when the path is none. */
json_t *field_path_constant(const struct field_path *path);
/* Finds the value, borrowed from the document (a constant: from the path); NULL when absent. */
json_t *field_path_find(const struct field_path *path, json_t *document);

#endif
