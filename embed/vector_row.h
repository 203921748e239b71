/* A row of `content-vectors` in the making: vectors by name, each as bytes
 * (base/byte_vector.h). Memory is reused from row to row. One thread.
 */
#ifndef FRESHET_EMBED_VECTOR_ROW_H
#define FRESHET_EMBED_VECTOR_ROW_H

#include "base/base.h"
#include "base/digest.h"
#include "schemas/content_vectors.h"

enum { CONTENT_DIGEST_BYTES = 33 };

struct vector_row {
    size_t count;
    struct slice names[CONTENT_VECTORS_MAX]; /* in `texts` */
    char texts[CONTENT_VECTORS_MAX][CONTENT_NAME_BYTES_MAX];
    int32_t widths[CONTENT_VECTORS_MAX];
    float scales[CONTENT_VECTORS_MAX];
    size_t bytes_count;
    int8_t bytes[CONTENT_BYTES_MAX];
};

/* Begins a row without vectors. */
void vector_row_clear(struct vector_row *row);
/* Begins a row with the first vectors of a message whose columns agree. */
void vector_row_begin(struct vector_row *row, const struct content_vectors *message, size_t count);
/* Adds a vector; `name` is copied. False: it is empty, too long, all 0 or not finite, or there
 * are too many. */
bool vector_row_add(struct vector_row *row, struct slice name, const float *numbers, size_t width);
/* Adds a vector that is in bytes already. False: there are too many. */
bool vector_row_add_bytes(struct vector_row *row, struct slice name, float scale,
                          const int8_t *bytes, size_t width);
/* Says whether it has a vector of a name. */
bool vector_row_has(const struct vector_row *row, struct slice name);
/* Says whether a message has the same vectors. */
bool vector_row_equals(const struct vector_row *row, const struct content_vectors *message);
/* Fills in the columns of a message, which borrow from the row. */
void vector_row_fill(struct vector_row *row, struct content_vectors *ret_message);
/* Writes the digest of what an item's vectors are made of. */
void vector_row_content(struct digest *digest, const struct item *item,
                        char ret_text[CONTENT_DIGEST_BYTES]);

#endif
