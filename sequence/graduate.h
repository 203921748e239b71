/* Graduate: a copy of a model as it is published: item vectors as bytes, dense weights, a name.
 *
 * Plain data. The name is the steps behind the model and a fingerprint of its numbers, so that the
 * same model has the same name whoever made it and whenever.
 */
#ifndef FRESHET_SEQUENCE_GRADUATE_H
#define FRESHET_SEQUENCE_GRADUATE_H

#include "model/transformer.h"
#include "sequence/roll.h"

enum { GRADUATE_NAME_BYTES = 48 };

struct graduate {
    char name[GRADUATE_NAME_BYTES];
    struct weights_shape shape;
    uint64_t steps;
    double hr10, ndcg10;
    float *dense; /* foresight_dense_count() of the shape */
    size_t dense_count;
    size_t rows;
    int32_t *items; /* a row's item, the pool's number */
    float *scales;
    int8_t *bytes; /* rows x d: number i of a vector is about scale * byte i */
    struct roll_names traits; /* attributes that the model knows, and their vectors */
    float *trait_vectors;     /* count x d */
};

/* Copies a model with so many steps behind it; NULL when none of the pool's items is in it. Rows
 * stand in the order of the model's numbers. Free with graduate_free(). */
struct graduate *graduate_new(const struct transformer *model, const struct roll *roll,
                              uint64_t steps);
/* Turns a vector of d numbers into bytes: scale = max|x| / 127; no number is off by more than half
 * a scale. */
void graduate_quantise(const float *vector, size_t d, int8_t *ret_bytes, float *ret_scale);
/* Tells an attribute's place among the vectors; ROLL_NONE when the model does not know it. */
int32_t graduate_trait(const struct graduate *graduate, uint64_t hash);
/* Frees it; takes NULL; returns NULL. */
struct graduate *graduate_free(struct graduate *graduate);

#endif
