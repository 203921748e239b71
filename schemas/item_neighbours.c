#include "base/base.h"
#include "schemas/item_neighbours.h"

static const char schema[] =
#include "item_neighbours.avsc.inc"
    ;

static const char *const older[] = {
#include "versions/item_neighbours.1.avsc.inc"
    ,
    NULL,
};

static const struct contract_field fields[] = {
    CONTRACT_FIELD(item_neighbours, FIELD_STRING, item_id, ID_BYTES_MAX),
    CONTRACT_FIELD(item_neighbours, FIELD_LONG, epoch, 0),
    CONTRACT_FIELD(item_neighbours, FIELD_LONG, trend_epoch, 0),
    CONTRACT_FIELD(item_neighbours, FIELD_DOUBLE, mass, 0),
    CONTRACT_FIELD(item_neighbours, FIELD_DOUBLE, actions, 0),
    CONTRACT_FIELD(item_neighbours, FIELD_DOUBLE, trend, 0),
    CONTRACT_FIELD(item_neighbours, FIELD_LONG, users_in_partition, 0),
    CONTRACT_FIELD(item_neighbours, FIELD_LONG, first_users, 0),
    CONTRACT_FIELD(item_neighbours, FIELD_LONG, event_time_ms, 0),
    CONTRACT_FIELD(item_neighbours, FIELD_LONG, pruned, 0),
    CONTRACT_FIELD(item_neighbours, FIELD_STRINGS, items, NEIGHBOURS_MAX),
    CONTRACT_FIELD(item_neighbours, FIELD_DOUBLES, co_ratings, NEIGHBOURS_MAX),
    CONTRACT_FIELD(item_neighbours, FIELD_DOUBLES, forwards, NEIGHBOURS_MAX),
    CONTRACT_FIELD(item_neighbours, FIELD_DOUBLES, backwards, NEIGHBOURS_MAX),
};

const struct contract item_neighbours_contract = {
    .name = "freshet.ItemNeighbours",
    .schema = schema,
    .older = older,
    .fields = fields,
    .fields_count = ARRAY_COUNT(fields),
    .size = sizeof(struct item_neighbours),
};
