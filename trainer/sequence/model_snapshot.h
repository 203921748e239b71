/* Model snapshot: a copy of a model for publishing: item vectors as bytes, dense weights, a name.
 *
 * Plain data. The name consists of the number of training steps and a fingerprint of the weights:
 * the same model gets the same name in any process, at any time.
 */
#ifndef FRESHET_TRAINER_SEQUENCE_MODEL_SNAPSHOT_H
#define FRESHET_TRAINER_SEQUENCE_MODEL_SNAPSHOT_H

#include "model/transformer/transformer.h"
#include "trainer/sequence/content_input.h"

enum { MODEL_SNAPSHOT_NAME_BYTES = 48 };

struct model_snapshot {
    char name[MODEL_SNAPSHOT_NAME_BYTES];
    struct weights_shape shape;
    uint64_t steps;
    double hr10, ndcg10;
    float *dense; /* transformer_inference_dense_count() of the shape */
    size_t dense_count;
    size_t rows;
    int32_t *items; /* of each row, as numbered by the training set */
    float *scales;
    int8_t *bytes;                      /* rows x d: number i of a vector is about scale * byte i */
    struct vocabulary_names attributes; /* that the model knows */
    float *attribute_vectors;           /* attributes x d */
    struct content_space content;       /* id 0: the model takes no content vectors */
    float *projection;                  /* content.width x d */
};

/* Copies a model that has had `steps` training steps; NULL when it has none of the training set's
 * items. Rows are in the order of the model's item numbers. Free with model_snapshot_free(). */
struct model_snapshot *model_snapshot_new(const struct transformer *model,
                                          const struct vocabulary *vocabulary,
                                          const struct content_input *content, uint64_t steps);
/* Quantises a vector of d numbers to bytes: scale = max|x| / 127; no number is off by more than
 * half a scale. */
void model_snapshot_quantise(const float *vector, size_t d, int8_t *ret_bytes, float *ret_scale);
/* Finds the index of an attribute's vector; VOCABULARY_NONE when the model does not know it. */
int32_t model_snapshot_attribute(const struct model_snapshot *snapshot, uint64_t hash);
/* Frees it; takes NULL; returns NULL. */
struct model_snapshot *model_snapshot_free(struct model_snapshot *snapshot);

#endif
