/* An item's vectors: topic `content-vectors`, keyed by item id. See content_vectors.avsc. */
#ifndef FRESHET_SCHEMAS_CONTENT_VECTORS_H
#define FRESHET_SCHEMAS_CONTENT_VECTORS_H

#include "schemas/item.h"

enum {
    CONTENT_VECTORS_MAX = 8,
    CONTENT_NAME_BYTES_MAX = 64,
    CONTENT_DIGEST_BYTES_MAX = 64,
    CONTENT_BYTES_MAX = CONTENT_VECTORS_MAX * ITEM_VECTOR_MAX,
};

/* The names that freshet-embed gives. */
#define CONTENT_VECTOR_TEXT "text"
#define CONTENT_VECTOR_GIVEN "given"

struct content_vectors {
    struct slice item_id;
    struct slice model;
    struct slice content;
    struct slices names;
    struct ints widths;
    struct floats scales;
    struct slice bytes;
    int32_t joined; /* the last ones, which came by `given-vectors` */
};

extern const struct contract content_vectors_contract;

/* A vector of a row. */
struct content_vector {
    struct slice name;
    float scale;
    const int8_t *numbers; /* borrowed from the row */
    size_t width;
};

/* Says whether the columns of a row agree. */
bool content_vectors_agree(const struct content_vectors *row);
/* Goes to the next vector of a row whose columns agree: `place`, 0 at first, is behind it then, and
 * `vector` is the one before. False: there is none. */
bool content_vectors_next(const struct content_vectors *row, size_t *place,
                          struct content_vector *vector);
/* Finds a vector by its name in a row whose columns agree; false: there is none. */
bool content_vectors_find(const struct content_vectors *row, struct slice name,
                          struct content_vector *ret_vector);

#endif
