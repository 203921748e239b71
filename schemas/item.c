#include "base/base.h"
#include "schemas/item.h"

static const char schema[] =
#include "item.avsc.inc"
    ;

static const char *const older[] = {
#include "versions/item.1.avsc.inc"
    ,
#include "versions/item.2.avsc.inc"
    ,
#include "versions/item.3.avsc.inc"
    ,
    NULL,
};

static const struct contract_field fields[] = {
    CONTRACT_FIELD(item, FIELD_STRING, item_id, ID_BYTES_MAX),
    CONTRACT_FIELD(item, FIELD_STRING, title, ITEM_TITLE_BYTES_MAX),
    CONTRACT_FIELD(item, FIELD_STRINGS, tags, ITEM_TAGS_MAX),
    CONTRACT_FIELD(item, FIELD_STRING, text, ITEM_TEXT_BYTES_MAX),
    CONTRACT_FIELD(item, FIELD_FLOATS, vector, ITEM_VECTOR_MAX),
    CONTRACT_FIELD(item, FIELD_BOOL, available, 0),
    CONTRACT_FIELD(item, FIELD_LONG, created_ms, 0),
    CONTRACT_FIELD(item, FIELD_DOUBLE, price, 0),
    CONTRACT_FIELD(item, FIELD_LONG, stock, 0),
    CONTRACT_FIELD(item, FIELD_STRING, brand, ITEM_WORD_BYTES_MAX),
    CONTRACT_FIELD(item, FIELD_STRINGS, category, ITEM_CATEGORY_MAX),
    CONTRACT_FIELD(item, FIELD_STRING, group_id, ITEM_WORD_BYTES_MAX),
    CONTRACT_FIELD(item, FIELD_STRING, kind, ITEM_WORD_BYTES_MAX),
    CONTRACT_FIELD(item, FIELD_LONG, available_from_ms, 0),
    CONTRACT_FIELD(item, FIELD_LONG, available_until_ms, 0),
    CONTRACT_FIELD(item, FIELD_STRING, image, ITEM_IMAGE_BYTES_MAX),
};

const struct contract item_contract = {
    .name = "freshet.Item",
    .schema = schema,
    .older = older,
    .fields = fields,
    .fields_count = ARRAY_COUNT(fields),
    .size = sizeof(struct item),
};
