#include "base/base.h"
#include "schemas/pair_deltas.h"

static const char schema[] =
#include "pair_deltas.avsc.inc"
    ;

static const char *const older[] = {
#include "versions/pair_deltas.1.avsc.inc"
    ,
    NULL,
};

static const struct contract_field fields[] = {
    CONTRACT_FIELD(pair_deltas, FIELD_INT, input_partition, 0),
    CONTRACT_FIELD(pair_deltas, FIELD_LONG, input_offset, 0),
    CONTRACT_FIELD(pair_deltas, FIELD_LONG, event_time_ms, 0),
    CONTRACT_FIELD(pair_deltas, FIELD_LONG, epoch, 0),
    CONTRACT_FIELD(pair_deltas, FIELD_LONG, trend_epoch, 0),
    CONTRACT_FIELD(pair_deltas, FIELD_STRINGS, items, PAIR_DELTAS_ITEMS_MAX),
    CONTRACT_FIELD(pair_deltas, FIELD_DOUBLES, masses, PAIR_DELTAS_ITEMS_MAX),
    CONTRACT_FIELD(pair_deltas, FIELD_DOUBLES, action_counts, PAIR_DELTAS_ITEMS_MAX),
    CONTRACT_FIELD(pair_deltas, FIELD_DOUBLES, trends, PAIR_DELTAS_ITEMS_MAX),
    CONTRACT_FIELD(pair_deltas, FIELD_INTS, new_users, PAIR_DELTAS_ITEMS_MAX),
    CONTRACT_FIELD(pair_deltas, FIELD_INTS, rows, PAIR_DELTAS_ITEMS_MAX),
    CONTRACT_FIELD(pair_deltas, FIELD_INTS, row_pairs, PAIR_DELTAS_ITEMS_MAX),
    CONTRACT_FIELD(pair_deltas, FIELD_INTS, columns, PAIR_DELTAS_PAIRS_MAX),
    CONTRACT_FIELD(pair_deltas, FIELD_DOUBLES, co_ratings, PAIR_DELTAS_PAIRS_MAX),
    CONTRACT_FIELD(pair_deltas, FIELD_DOUBLES, forwards, PAIR_DELTAS_PAIRS_MAX),
    CONTRACT_FIELD(pair_deltas, FIELD_DOUBLES, backwards, PAIR_DELTAS_PAIRS_MAX),
    CONTRACT_FIELD(pair_deltas, FIELD_INT, forgotten, 0),
};

const struct contract pair_deltas_contract = {
    .name = "freshet.PairDeltas",
    .schema = schema,
    .older = older,
    .fields = fields,
    .fields_count = ARRAY_COUNT(fields),
    .size = sizeof(struct pair_deltas),
};
