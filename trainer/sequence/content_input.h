/* Content input: how content vectors enter a model: made shorter, by fixed numbers.
 *
 * A content vector of some hundred numbers becomes `rank` principal components
 * (model/principal_components.h), found once for each new model over the items that it knows. The
 * model learns a projection of these (model/transformer/transformer.h); what serves gets the
 * product of both, which takes a content vector as it is. One thread.
 */
#ifndef FRESHET_TRAINER_SEQUENCE_CONTENT_INPUT_H
#define FRESHET_TRAINER_SEQUENCE_CONTENT_INPUT_H

#include "base/buf.h"
#include "model/transformer/transformer.h"
#include "trainer/sequence/content_table.h"
#include "trainer/sequence/vocabulary.h"

struct content_input {
    struct content_space space; /* id 0: the model takes no content */
    size_t rank;
    float *matrix; /* width x rank */
};

/* Says which space a new model would take: the one that most items are in, if those are at least
 * half of the items that have a number; else none. */
struct content_space content_input_wanted(struct content_table *table,
                                          const struct vocabulary *vocabulary);
/* Prepares the input of a new model. */
void content_input_find(struct content_input *input, struct content_table *table,
                        const struct vocabulary *vocabulary, size_t rank);
/* Frees the memory; the model takes no content then. */
void content_input_release(struct content_input *input);
/* Sets the content of a model's items, all of the vocabulary; those without a vector have zeros.
 * Returns how many have one. */
int64_t content_input_apply(const struct content_input *input, struct content_table *table,
                            const struct vocabulary *vocabulary, struct transformer *model);
/* Makes `count` content vectors shorter (count x width to count x rank). */
void content_input_shorten(const struct content_input *input, const float *vectors, size_t count,
                           float *ret_content);
/* Multiplies the matrix by a model's projection (rank x d); the caller frees (width x d). */
float *content_input_projection(const struct content_input *input, const float *projection,
                                size_t d);

/* Appends the input as bytes. */
void content_input_save(const struct content_input *input, struct buf *buf);
/* Fills an input from what content_input_save() wrote at *at, and moves *at behind it; false: the
 * bytes are not valid. */
bool content_input_load(struct content_input *input, const char **at, const char *end);

#endif
