#include "base/base.h"
#include "schemas/redrive_mark.h"

static const char schema[] =
#include "redrive_mark.avsc.inc"
    ;

static const char *const older[] = {
#include "versions/redrive_mark.1.avsc.inc"
    ,
    NULL,
};

static const struct contract_field fields[] = {
    CONTRACT_FIELD(redrive_mark, FIELD_INT, partition, 0),
    CONTRACT_FIELD(redrive_mark, FIELD_LONGS, offsets, REDRIVE_OFFSETS_MAX),
    CONTRACT_FIELD(redrive_mark, FIELD_BYTES, digests, REDRIVE_OFFSETS_MAX * REDRIVE_DIGEST_BYTES),
};

const struct contract redrive_mark_contract = {
    .name = "freshet.RedriveMark",
    .schema = schema,
    .older = older,
    .fields = fields,
    .fields_count = ARRAY_COUNT(fields),
    .size = sizeof(struct redrive_mark),
};
