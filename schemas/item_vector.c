#include "base/base.h"
#include "schemas/item_vector.h"

static const char schema[] =
#include "item_vector.avsc.inc"
    ;

static const struct contract_field fields[] = {
    CONTRACT_FIELD(item_vector, FIELD_STRING, item_id, ID_BYTES_MAX),
    CONTRACT_FIELD(item_vector, FIELD_STRING, generation, MODEL_VERSION_NAME_BYTES_MAX),
    CONTRACT_FIELD(item_vector, FIELD_INT, slot, 0),
    CONTRACT_FIELD(item_vector, FIELD_INT, row, 0),
    CONTRACT_FIELD(item_vector, FIELD_FLOAT, scale, 0),
    CONTRACT_FIELD(item_vector, FIELD_BYTES, bytes, VECTOR_NUMBERS_MAX),
};

const struct contract item_vector_contract = {
    .name = "freshet.ItemVector",
    .schema = schema,
    .fields = fields,
    .fields_count = ARRAY_COUNT(fields),
    .size = sizeof(struct item_vector),
};
