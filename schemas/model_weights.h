/* One part of the dense weights of a model version: topic `models`. See model_weights.avsc. */
#ifndef FRESHET_SCHEMAS_MODEL_WEIGHTS_H
#define FRESHET_SCHEMAS_MODEL_WEIGHTS_H

#include "schemas/item_vector.h"
#include "schemas/recommendation_list.h"

enum {
    MODEL_PART_NUMBERS_MAX = 1 << 16, /* a quarter of a megabyte */
    MODEL_PARTS_MAX = 1 << 12,
    MODEL_PROJECTION_NUMBERS_MAX = 1 << 17, /* beside a part, below a megabyte */
    MODEL_KEY_BYTES_MAX = 64,
    MODEL_CONTENT_BYTES_MAX = 64,
};

struct model_weights {
    struct slice model;
    struct slice generation; /* name of the model version */
    int32_t slot;
    int32_t part;
    int32_t parts;
    int32_t items;
    int32_t d;
    int32_t hidden;
    int32_t blocks;
    int32_t heads;
    int32_t length;
    bool masked;
    int64_t steps;
    double hr10;
    double ndcg10;
    struct floats weights;
    struct slice content_model;
    int32_t content;
    struct floats projection; /* content x d, in part 0 */
};

extern const struct contract model_weights_contract;

/* Names of the topic's models. */
#define MODEL_SEQUENCE "sequence"
#define MODEL_BLEND "blend"

#endif
