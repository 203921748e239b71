/* The source of one field: paths in order of preference, `a.b|c|=x`.
 *
 * The first path that finds a value wins. A constant always has a value, so it must come last. A
 * bar inside ["..."] or [key="..."], or in a constant does not separate paths.
 */
#ifndef FRESHET_INGEST_MAPPING_FIELD_CHOICE_H
#define FRESHET_INGEST_MAPPING_FIELD_CHOICE_H

#include "ingest/mapping/field_path.h"

enum { CHOICE_PATHS_MAX = 8 };

struct field_choice {
    char *text;
    struct field_path *paths[CHOICE_PATHS_MAX];
    size_t count;
};

/* Parses a choice; free with field_choice_free(). 0, or -EINVAL with ret_why. */
int field_choice_new(struct slice text, struct field_choice **ret_choice, const char **ret_why);
/* Frees the choice; takes NULL; returns NULL. */
struct field_choice *field_choice_free(struct field_choice *choice);
/* Returns the constant at its end; NULL when there is none. */
json_t *field_choice_constant(const struct field_choice *choice);

#endif
