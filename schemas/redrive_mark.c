#include "base/base.h"
#include "schemas/redrive_mark.h"

static const char schema[] =
#include "redrive_mark.avsc.inc"
    ;

static const struct contract_field fields[] = {
    CONTRACT_FIELD(redrive_mark, FIELD_INT, partition, 0),
    CONTRACT_FIELD(redrive_mark, FIELD_LONGS, offsets, REDRIVE_OFFSETS_MAX),
};

const struct contract redrive_mark_contract = {
    .name = "freshet.RedriveMark",
    .schema = schema,
    .fields = fields,
    .fields_count = ARRAY_COUNT(fields),
    .size = sizeof(struct redrive_mark),
};
