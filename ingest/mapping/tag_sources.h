/* The paths to the tags of an item or a user: `category,brand=make.name,genres[*].label`.
 *
 * Each source is a choice of paths (field_choice.h), with NAME= before it for tags that read
 * NAME=VALUE. A list gives one tag per element. So does a path with `[*]` and, when a separator is
 * set, a text that contains it. Numbers and booleans are written as in JSON; objects give no tag.
 */
#ifndef FRESHET_INGEST_MAPPING_TAG_SOURCES_H
#define FRESHET_INGEST_MAPPING_TAG_SOURCES_H

#include "base/arena.h"
#include "ingest/mapping/field_choice.h"

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
/* Returns the source at an index; NULL past the last. */
struct field_choice *tag_sources_at(const struct tag_sources *sources, size_t index);

/* The record whose tags are collected. */
struct tagged {
    json_t *document;
    json_t **elements; /* the current one of each array that spreads the record (spread.h) */
    /* Returns the number of [*] that lead to an array. */
    size_t (*level)(void *arg, int array);
    /* Finds the value of a path that does not lead into the document, borrowed; or NULL. */
    json_t *(*beside)(void *arg, const struct field_path *path);
    void *arg;
};

/* Collects the tags of a record, in order, at most max + 1 of them. They live in the arena. */
struct slices tag_sources_collect(const struct tag_sources *sources, const struct tagged *tagged,
                                  size_t max, struct arena *arena);

#endif
