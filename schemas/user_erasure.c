#include "base/base.h"
#include "schemas/user_erasure.h"

static const char schema[] =
#include "user_erasure.avsc.inc"
    ;

static const char *const older[] = {
#include "versions/user_erasure.1.avsc.inc"
    ,
    NULL,
};

static const struct contract_field fields[] = {
    CONTRACT_FIELD(user_erasure, FIELD_STRING, user_id, ID_BYTES_MAX),
    CONTRACT_FIELD(user_erasure, FIELD_STRING, request_id, REQUEST_ID_BYTES_MAX),
    CONTRACT_FIELD(user_erasure, FIELD_STRING, user_hash, USER_HASH_BYTES_MAX),
    CONTRACT_FIELD(user_erasure, FIELD_INT, input_partition, 0),
    CONTRACT_FIELD(user_erasure, FIELD_LONG, input_offset, 0),
    CONTRACT_FIELD(user_erasure, FIELD_LONG, requested_ms, 0),
    CONTRACT_FIELD(user_erasure, FIELD_LONG, until_ms, 0),
    CONTRACT_FIELD(user_erasure, FIELD_LONG, actions, 0),
    CONTRACT_FIELD(user_erasure, FIELD_LONG, archived, 0),
    CONTRACT_FIELD(user_erasure, FIELD_LONG, contributions, 0),
    CONTRACT_FIELD(user_erasure, FIELD_LONG, left_in, 0),
    CONTRACT_FIELD(user_erasure, FIELD_INT, first_segment, 0),
    CONTRACT_FIELD(user_erasure, FIELD_INT, next_segment, 0),
    CONTRACT_FIELD(user_erasure, FIELD_LONG, skipped, 0),
    CONTRACT_FIELD(user_erasure, FIELD_INT, follows, 0),
    CONTRACT_FIELD(user_erasure, FIELD_BOOL, linked, 0),
};

const struct contract user_erasure_contract = {
    .name = "freshet.UserErasure",
    .schema = schema,
    .older = older,
    .fields = fields,
    .fields_count = ARRAY_COUNT(fields),
    .size = sizeof(struct user_erasure),
};
