#include "base/base.h"
#include "schemas/forget_receipt.h"

static const char schema[] =
#include "forget_receipt.avsc.inc"
    ;

static const char *const older[] = {
#include "versions/forget_receipt.1.avsc.inc"
    ,
    NULL,
};

static const struct contract_field fields[] = {
    CONTRACT_FIELD(forget_receipt, FIELD_STRING, request_id, REQUEST_ID_BYTES_MAX),
    CONTRACT_FIELD(forget_receipt, FIELD_STRING, user_hash, 16),
    CONTRACT_FIELD(forget_receipt, FIELD_INT, input_partition, 0),
    CONTRACT_FIELD(forget_receipt, FIELD_LONG, input_offset, 0),
    CONTRACT_FIELD(forget_receipt, FIELD_LONG, requested_ms, 0),
    CONTRACT_FIELD(forget_receipt, FIELD_LONG, until_ms, 0),
    CONTRACT_FIELD(forget_receipt, FIELD_LONG, actions, 0),
    CONTRACT_FIELD(forget_receipt, FIELD_LONG, archived, 0),
    CONTRACT_FIELD(forget_receipt, FIELD_LONG, contributions, 0),
    CONTRACT_FIELD(forget_receipt, FIELD_LONG, left_in, 0),
    CONTRACT_FIELD(forget_receipt, FIELD_INT, follows, 0),
    CONTRACT_FIELD(forget_receipt, FIELD_BOOL, linked, 0),
};

const struct contract forget_receipt_contract = {
    .name = "freshet.ForgetReceipt",
    .schema = schema,
    .older = older,
    .fields = fields,
    .fields_count = ARRAY_COUNT(fields),
    .size = sizeof(struct forget_receipt),
};
