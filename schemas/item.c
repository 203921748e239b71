#include "base/base.h"
#include "schemas/item.h"

static const char schema[] =
#include "item.avsc.inc"
    ;

static const struct contract_field fields[] = {
    CONTRACT_FIELD(item, FIELD_STRING, item_id, ID_BYTES_MAX),
    CONTRACT_FIELD(item, FIELD_STRING, title, ITEM_TITLE_BYTES_MAX),
    CONTRACT_FIELD(item, FIELD_STRINGS, tags, ITEM_TAGS_MAX),
    CONTRACT_FIELD(item, FIELD_STRING, text, ITEM_TEXT_BYTES_MAX),
    CONTRACT_FIELD(item, FIELD_FLOATS, vector, ITEM_VECTOR_MAX),
    CONTRACT_FIELD(item, FIELD_BOOL, available, 0),
    CONTRACT_FIELD(item, FIELD_LONG, created_ms, 0),
};

const struct contract item_contract = {
    .name = "freshet.Item",
    .schema = schema,
    .fields = fields,
    .fields_count = ARRAY_COUNT(fields),
    .size = sizeof(struct item),
};
