#include "base/base.h"
#include "schemas/user_event.h"

static const char schema[] =
#include "user_event.avsc.inc"
    ;

static const struct contract_field fields[] = {
    CONTRACT_FIELD(user_event, FIELD_STRING, event_id, ID_BYTES_MAX),
    CONTRACT_FIELD(user_event, FIELD_STRING, user_id, ID_BYTES_MAX),
    CONTRACT_FIELD(user_event, FIELD_STRING, item_id, ID_BYTES_MAX),
    CONTRACT_FIELD(user_event, FIELD_ENUM, action, 0),
    CONTRACT_FIELD(user_event, FIELD_DOUBLE, weight, 0),
    CONTRACT_FIELD(user_event, FIELD_LONG, event_time_ms, 0),
    CONTRACT_FIELD(user_event, FIELD_LONG, sequence, 0),
    CONTRACT_FIELD(user_event, FIELD_LONG, received_ms, 0),
};

const struct contract user_event_contract = {
    .name = "freshet.UserEvent",
    .schema = schema,
    .fields = fields,
    .fields_count = ARRAY_COUNT(fields),
    .size = sizeof(struct user_event),
};
