/* Vector kinds: the vectors of items by name (`text`, `given`, `image` ...), each compared with
 * those of its own name.
 *
 * CONTENT_NAMES_MAX names are held at a time. Next to `text` and `given` the six are used that most
 * items have, by powers of two, equal ones by name; in this order each takes a place among the
 * aspects of named vectors (content_aspects.h). One thread.
 */
#ifndef FRESHET_MODEL_VECTOR_KINDS_H
#define FRESHET_MODEL_VECTOR_KINDS_H

#include "base/base.h"
#include "base/slice.h"
#include "model/ids.h"
#include "model/vector_neighbours.h"

enum content_vector_kind {
    CONTENT_TEXT,
    CONTENT_GIVEN,
    CONTENT_VECTOR_KINDS = 8, /* that are used */
    CONTENT_NAMES_MAX = 64,   /* that are held */
};

enum { KIND_NAME_BYTES = 65 };

/* Vectors of a name. */
struct vector_kind {
    struct vector_neighbours *vectors; /* NULL: there is no such kind */
    char name[KIND_NAME_BYTES];
    int level;  /* the power of two up to which items have them, from 1; 0: none has */
    int aspect; /* where it is used */
};

struct vector_kinds {
    struct vector_kind at[CONTENT_NAMES_MAX];
    int end; /* behind the last one */
    int used[CONTENT_VECTOR_KINDS]; /* the ones that are used, by name behind the first two */
    int used_count;
    const char *directory; /* of mapped files; NULL: in memory */
    const struct ids *ids;
    int32_t items_max;
};

/* Prepares the kinds `text` and `given`, for item numbers below items_max, whose ids order equal
 * items (NULL: their numbers do) and are borrowed. Free the memory with vector_kinds_release(). */
void vector_kinds_init(struct vector_kinds *kinds, int32_t items_max, const struct ids *ids);
void vector_kinds_release(struct vector_kinds *kinds);
/* Keeps vectors, of which there are none yet, in mapped files below a directory, which is
 * borrowed. */
void vector_kinds_map(struct vector_kinds *kinds, const char *directory);
/* Finds the kind of a name, or gives it a number; below 0: there are as many as may be. Borrows
 * nothing. */
int vector_kinds_find(struct vector_kinds *kinds, struct slice name);
/* Notes that an item's vector of a kind came or went. A kind that no item has any more is gone, but
 * for the first two. */
void vector_kinds_note(struct vector_kinds *kinds, int number);
/* Returns the kind that is used at a place of `used`. */
static inline const struct vector_kind *vector_kinds_used(const struct vector_kinds *kinds,
                                                          int place)
{
    return &kinds->at[kinds->used[place]];
}

#endif
