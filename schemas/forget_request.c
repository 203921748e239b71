#include "base/base.h"
#include "schemas/forget_request.h"

static const char schema[] =
#include "forget_request.avsc.inc"
    ;

static const char *const older[] = {
#include "versions/forget_request.1.avsc.inc"
    ,
#include "versions/forget_request.2.avsc.inc"
    ,
    NULL,
};

static const struct contract_field fields[] = {
    CONTRACT_FIELD(forget_request, FIELD_STRING, request_id, REQUEST_ID_BYTES_MAX),
    CONTRACT_FIELD(forget_request, FIELD_STRING, user_id, ID_BYTES_MAX),
    CONTRACT_FIELD(forget_request, FIELD_LONG, until_ms, 0),
    CONTRACT_FIELD(forget_request, FIELD_LONG, requested_ms, 0),
    CONTRACT_FIELD(forget_request, FIELD_BYTES, salt, REQUEST_SALT_BYTES_MAX),
    CONTRACT_FIELD(forget_request, FIELD_STRING, unlinks, ID_BYTES_MAX),
};

const struct contract forget_request_contract = {
    .name = "freshet.ForgetRequest",
    .schema = schema,
    .older = older,
    .fields = fields,
    .fields_count = ARRAY_COUNT(fields),
    .size = sizeof(struct forget_request),
};
