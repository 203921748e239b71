#include "base/base.h"
#include "schemas/user_event.h"

static const char schema[] =
#include "user_event.avsc.inc"
    ;

static const char *const older[] = {
#include "versions/user_event.1.avsc.inc"
    ,
#include "versions/user_event.2.avsc.inc"
    ,
#include "versions/user_event.3.avsc.inc"
    ,
#include "versions/user_event.4.avsc.inc"
    ,
    NULL,
};

static const struct contract_field fields[] = {
    CONTRACT_FIELD(user_event, FIELD_STRING, event_id, ID_BYTES_MAX),
    CONTRACT_FIELD(user_event, FIELD_STRING, user_id, ID_BYTES_MAX),
    CONTRACT_FIELD(user_event, FIELD_STRING, item_id, ID_BYTES_MAX),
    CONTRACT_FIELD(user_event, FIELD_ENUM, action, 0),
    CONTRACT_FIELD(user_event, FIELD_DOUBLE, weight, 0),
    CONTRACT_FIELD(user_event, FIELD_LONG, event_time_ms, 0),
    CONTRACT_FIELD(user_event, FIELD_LONG, sequence, 0),
    CONTRACT_FIELD(user_event, FIELD_LONG, received_ms, 0),
    CONTRACT_FIELD(user_event, FIELD_STRING, list_id, LIST_ID_BYTES_MAX),
    CONTRACT_FIELD(user_event, FIELD_INT, place, 0),
    CONTRACT_FIELD(user_event, FIELD_STRING, rule, EVENT_RULE_BYTES_MAX),
    CONTRACT_FIELD(user_event, FIELD_DOUBLE, value, 0),
    CONTRACT_FIELD(user_event, FIELD_STRINGS, items, EXPOSURE_ITEMS_MAX),
    CONTRACT_FIELD(user_event, FIELD_INTS, places, EXPOSURE_ITEMS_MAX),
    CONTRACT_FIELD(user_event, FIELD_BOOL, takes_back, 0),
    CONTRACT_FIELD(user_event, FIELD_STRING, taken_back_id, ID_BYTES_MAX),
    CONTRACT_FIELD(user_event, FIELD_STRING, known_id, ID_BYTES_MAX),
    CONTRACT_FIELD(user_event, FIELD_BOOL, receipt, 0),
    CONTRACT_FIELD(user_event, FIELD_STRING, query, QUERY_BYTES_MAX),
    CONTRACT_FIELD(user_event, FIELD_STRING, device, CONTEXT_WORD_BYTES_MAX),
    CONTRACT_FIELD(user_event, FIELD_STRING, channel, CONTEXT_WORD_BYTES_MAX),
    CONTRACT_FIELD(user_event, FIELD_STRING, country, CONTEXT_WORD_BYTES_MAX),
    CONTRACT_FIELD(user_event, FIELD_STRING, region, CONTEXT_WORD_BYTES_MAX),
    CONTRACT_FIELD(user_event, FIELD_STRING, geohash, CONTEXT_WORD_BYTES_MAX),
    CONTRACT_FIELD(user_event, FIELD_INT, hour, 0),
    CONTRACT_FIELD(user_event, FIELD_INT, weekday, 0),
};

const struct contract user_event_contract = {
    .name = "freshet.UserEvent",
    .schema = schema,
    .older = older,
    .fields = fields,
    .fields_count = ARRAY_COUNT(fields),
    .size = sizeof(struct user_event),
};
