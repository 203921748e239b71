#include "base/base.h"
#include "schemas/merge_receipt.h"

static const char schema[] =
#include "merge_receipt.avsc.inc"
    ;

static const struct contract_field fields[] = {
    CONTRACT_FIELD(merge_receipt, FIELD_STRING, request_id, ID_BYTES_MAX),
    CONTRACT_FIELD(merge_receipt, FIELD_INT, part, 0),
    CONTRACT_FIELD(merge_receipt, FIELD_INT, parts, 0),
    CONTRACT_FIELD(merge_receipt, FIELD_INT, input_partition, 0),
    CONTRACT_FIELD(merge_receipt, FIELD_LONG, input_offset, 0),
    CONTRACT_FIELD(merge_receipt, FIELD_LONG, contributions, 0),
    CONTRACT_FIELD(merge_receipt, FIELD_LONG, actions, 0),
    CONTRACT_FIELD(merge_receipt, FIELD_LONG, added, 0),
    CONTRACT_FIELD(merge_receipt, FIELD_LONG, repeated, 0),
    CONTRACT_FIELD(merge_receipt, FIELD_LONG, too_late, 0),
    CONTRACT_FIELD(merge_receipt, FIELD_LONG, dropped, 0),
    CONTRACT_FIELD(merge_receipt, FIELD_STRING, refused, MERGE_REFUSED_BYTES_MAX),
};

const struct contract merge_receipt_contract = {
    .name = "freshet.MergeReceipt",
    .schema = schema,
    .fields = fields,
    .fields_count = ARRAY_COUNT(fields),
    .size = sizeof(struct merge_receipt),
};
