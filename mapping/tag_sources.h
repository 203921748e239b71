/* Where the tags of an item or a user come from: `category,brand=make.name,genres[*].label`.
 *
 * Each source is a choice of paths (field_choice.h), with NAME= before it for tags that read
 * NAME=VALUE. A list gives a tag for each of its elements, so do a path with `[*]` and, when a
 * separator is set, a text that holds it. Numbers and booleans are written as JSON writes them;
 * objects give none.
 */
#ifndef FRESHET_MAPPING_TAG_SOURCES_H
#define FRESHET_MAPPING_TAG_SOURCES_H

#include "base/arena.h"
#include "mapping/field_choice.h"

enum {
    TAG_SOURCES_MAX = 16,
    TAG_BYTES_MAX = 1024, /* of one tag, its name included; a longer one is refused by a rule */
};

struct tag_sources;

/* Parses the sources; free with tag_sources_free(). separator: empty for none; borrowed. 0, or
 * -EINVAL with ret_why. */
int tag_sources_new(const char *text, const char *separator, struct tag_sources **ret_sources,
                    const char **ret_why);
/* Frees the sources; takes NULL; returns NULL. */
struct tag_sources *tag_sources_free(struct tag_sources *sources);
/* Collects the tags of a document, or where a record is spread (array, element) of one element of
 * it, in order, at most max + 1 of them. They live in the arena. */
struct slices tag_sources_collect(const struct tag_sources *sources, json_t *document,
                                  const struct field_path *array, json_t *element, size_t max,
                                  struct arena *arena);

#endif
