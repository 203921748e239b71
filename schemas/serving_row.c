#include "base/base.h"
#include "schemas/serving_row.h"

static const char schema[] =
#include "serving_row.avsc.inc"
    ;

static const struct contract_field fields[] = {
    CONTRACT_FIELD(serving_row, FIELD_STRING, item_id, ID_BYTES_MAX),
    CONTRACT_FIELD(serving_row, FIELD_LONG, version, 0),
    CONTRACT_FIELD(serving_row, FIELD_LONG, epoch, 0),
    CONTRACT_FIELD(serving_row, FIELD_LONG, trend_epoch, 0),
    CONTRACT_FIELD(serving_row, FIELD_DOUBLE, mass, 0),
    CONTRACT_FIELD(serving_row, FIELD_DOUBLE, actions, 0),
    CONTRACT_FIELD(serving_row, FIELD_DOUBLE, trend, 0),
    CONTRACT_FIELD(serving_row, FIELD_LONG, first_users, 0),
    CONTRACT_FIELD(serving_row, FIELD_LONG, event_time_ms, 0),
    CONTRACT_FIELD(serving_row, FIELD_STRINGS, items, NEIGHBOURS_MAX),
    CONTRACT_FIELD(serving_row, FIELD_FLOATS, co_ratings, NEIGHBOURS_MAX),
    CONTRACT_FIELD(serving_row, FIELD_FLOATS, forwards, NEIGHBOURS_MAX),
    CONTRACT_FIELD(serving_row, FIELD_FLOATS, backwards, NEIGHBOURS_MAX),
};

const struct contract serving_row_contract = {
    .name = "freshet.ServingRow",
    .schema = schema,
    .fields = fields,
    .fields_count = ARRAY_COUNT(fields),
    .size = sizeof(struct serving_row),
};
