/* Graduate: a copy of a model as it is published: item vectors as bytes, dense weights, a name.
 *
 * Plain data. The name is the steps behind the model and a fingerprint of its numbers, so that the
 * same model has the same name whoever made it and whenever.
 */
#ifndef FRESHET_TRAINER_SEQUENCE_MODEL_SNAPSHOT_H
#define FRESHET_TRAINER_SEQUENCE_MODEL_SNAPSHOT_H

#include "model/transformer/transformer.h"
#include "trainer/sequence/vocabulary.h"

enum { MODEL_SNAPSHOT_NAME_BYTES = 48 };

struct model_snapshot {
    char name[MODEL_SNAPSHOT_NAME_BYTES];
    struct weights_shape shape;
    uint64_t steps;
    double hr10, ndcg10;
    float *dense; /* transformer_inference_dense_count() of the shape */
    size_t dense_count;
    size_t rows;
    int32_t *items; /* a row's item, the training_set's number */
    float *scales;
    int8_t *bytes;                      /* rows x d: number i of a vector is about scale * byte i */
    struct vocabulary_names attributes; /* attributes that the model knows, and their vectors */
    float *attribute_vectors;           /* count x d */
};

/* Copies a model with so many steps behind it; NULL when none of the training_set's items is in it.
 * Rows stand in the order of the model's numbers. Free with model_snapshot_free(). */
struct model_snapshot *model_snapshot_new(const struct transformer *model,
                                          const struct vocabulary *vocabulary, uint64_t steps);
/* Turns a vector of d numbers into bytes: scale = max|x| / 127; no number is off by more than half
 * a scale. */
void model_snapshot_quantise(const float *vector, size_t d, int8_t *ret_bytes, float *ret_scale);
/* Tells an attribute's place among the vectors; VOCABULARY_NONE when the model does not know it. */
int32_t model_snapshot_attribute(const struct model_snapshot *snapshot, uint64_t hash);
/* Frees it; takes NULL; returns NULL. */
struct model_snapshot *model_snapshot_free(struct model_snapshot *snapshot);

#endif
