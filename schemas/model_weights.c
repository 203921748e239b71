#include "base/base.h"
#include "schemas/model_weights.h"

static const char schema[] =
#include "model_weights.avsc.inc"
    ;

static const char *const older[] = {
#include "versions/model_weights.1.avsc.inc"
    ,
#include "versions/model_weights.2.avsc.inc"
    ,
    NULL,
};

static const struct contract_field fields[] = {
    CONTRACT_FIELD(model_weights, FIELD_STRING, model, MODEL_NAME_BYTES_MAX),
    CONTRACT_FIELD(model_weights, FIELD_STRING, generation, MODEL_VERSION_NAME_BYTES_MAX),
    CONTRACT_FIELD(model_weights, FIELD_INT, slot, 0),
    CONTRACT_FIELD(model_weights, FIELD_INT, part, 0),
    CONTRACT_FIELD(model_weights, FIELD_INT, parts, 0),
    CONTRACT_FIELD(model_weights, FIELD_INT, items, 0),
    CONTRACT_FIELD(model_weights, FIELD_INT, d, 0),
    CONTRACT_FIELD(model_weights, FIELD_INT, hidden, 0),
    CONTRACT_FIELD(model_weights, FIELD_INT, blocks, 0),
    CONTRACT_FIELD(model_weights, FIELD_INT, heads, 0),
    CONTRACT_FIELD(model_weights, FIELD_INT, length, 0),
    CONTRACT_FIELD(model_weights, FIELD_BOOL, masked, 0),
    CONTRACT_FIELD(model_weights, FIELD_LONG, steps, 0),
    CONTRACT_FIELD(model_weights, FIELD_DOUBLE, hr10, 0),
    CONTRACT_FIELD(model_weights, FIELD_DOUBLE, ndcg10, 0),
    CONTRACT_FIELD(model_weights, FIELD_FLOATS, weights, MODEL_PART_NUMBERS_MAX),
    CONTRACT_FIELD(model_weights, FIELD_STRING, content_model, MODEL_CONTENT_BYTES_MAX),
    CONTRACT_FIELD(model_weights, FIELD_INT, content, 0),
    CONTRACT_FIELD(model_weights, FIELD_FLOATS, projection, MODEL_PROJECTION_NUMBERS_MAX),
};

const struct contract model_weights_contract = {
    .name = "freshet.ModelWeights",
    .schema = schema,
    .older = older,
    .fields = fields,
    .fields_count = ARRAY_COUNT(fields),
    .size = sizeof(struct model_weights),
};
