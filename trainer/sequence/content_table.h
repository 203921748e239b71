/* Content table: a content vector of each item, as `content-vectors` has it, for training.
 *
 * Vectors that may be compared are of one space: of one model and width. While a catalogue is
 * encoded anew there are two. Items are numbered as in training_set.h. The worker's thread writes,
 * the training thread reads; each function holds the table's own lock. Memory: a byte a number.
 */
#ifndef FRESHET_TRAINER_SEQUENCE_CONTENT_TABLE_H
#define FRESHET_TRAINER_SEQUENCE_CONTENT_TABLE_H

#include "base/base.h"
#include "schemas/content_vectors.h"

enum { CONTENT_SPACES_MAX = 64 };

struct content_table;

/* A space; `id` is 0 when there is none. */
struct content_space {
    uint64_t id;
    size_t width;
    size_t items; /* that have a vector in it now */
    char model[CONTENT_NAME_BYTES_MAX + 1];
};

/* Makes an empty table; free with content_table_free(). */
struct content_table *content_table_new(void);
/* Frees it; takes NULL; returns NULL. */
struct content_table *content_table_free(struct content_table *table);
/* Sets or replaces an item's vector, which `model` made; false: there are too many spaces, and the
 * item has none. */
bool content_table_put(struct content_table *table, int32_t item, struct slice model,
                       const struct content_vector *vector);
/* Removes an item's vector, if it has one. */
void content_table_remove(struct content_table *table, int32_t item);
/* Counts the changes. */
uint64_t content_table_version(struct content_table *table);
/* Finds the space that most items have a vector in. */
struct content_space content_table_space(struct content_table *table);
/* Reads an item's vector (its space's width) if it has one in this space. */
bool content_table_read(struct content_table *table, int32_t item, uint64_t space,
                        float *ret_vector);

#endif
