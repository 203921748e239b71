#include "base/base.h"
#include "schemas/user_move.h"

static const char schema[] =
#include "user_move.avsc.inc"
    ;

static const char *const older[] = {
#include "versions/user_move.1.avsc.inc"
    ,
#include "versions/user_move.2.avsc.inc"
    ,
    NULL,
};

static const struct contract_field fields[] = {
    CONTRACT_FIELD(user_move, FIELD_STRING, user_id, ID_BYTES_MAX),
    CONTRACT_FIELD(user_move, FIELD_STRINGS, path, MOVE_PATH_MAX),
    CONTRACT_FIELD(user_move, FIELD_LONG, merged_ms, 0),
    CONTRACT_FIELD(user_move, FIELD_STRING, request_id, ID_BYTES_MAX),
    CONTRACT_FIELD(user_move, FIELD_INT, part, 0),
    CONTRACT_FIELD(user_move, FIELD_INT, parts, 0),
    CONTRACT_FIELD(user_move, FIELD_LONG, contributions, 0),
    CONTRACT_FIELD(user_move, FIELD_STRINGS, items, MOVE_ENTRIES_MAX),
    CONTRACT_FIELD(user_move, FIELD_INTS, actions, MOVE_ENTRIES_MAX),
    CONTRACT_FIELD(user_move, FIELD_DOUBLES, weights, MOVE_ENTRIES_MAX),
    CONTRACT_FIELD(user_move, FIELD_LONGS, event_times_ms, MOVE_ENTRIES_MAX),
    CONTRACT_FIELD(user_move, FIELD_LONGS, sequences, MOVE_ENTRIES_MAX),
    CONTRACT_FIELD(user_move, FIELD_LONGS, event_ids, MOVE_ENTRIES_MAX),
    CONTRACT_FIELD(user_move, FIELD_STRINGS, shown_items, MOVE_ENTRIES_MAX),
    CONTRACT_FIELD(user_move, FIELD_LONGS, shown_times_ms, MOVE_ENTRIES_MAX),
    CONTRACT_FIELD(user_move, FIELD_LONGS, shown_event_ids, MOVE_ENTRIES_MAX),
    CONTRACT_FIELD(user_move, FIELD_INTS, shown_places, MOVE_ENTRIES_MAX),
    CONTRACT_FIELD(user_move, FIELD_LONGS, back_hashes, MOVE_ENTRIES_MAX),
    CONTRACT_FIELD(user_move, FIELD_LONGS, back_times_ms, MOVE_ENTRIES_MAX),
    CONTRACT_FIELD(user_move, FIELD_STRINGS, search_texts, HISTORY_SEARCHES_MAX),
    CONTRACT_FIELD(user_move, FIELD_LONGS, search_times_ms, HISTORY_SEARCHES_MAX),
    CONTRACT_FIELD(user_move, FIELD_LONGS, search_event_ids, HISTORY_SEARCHES_MAX),
    CONTRACT_FIELD(user_move, FIELD_STRINGS, contexts, MOVE_ENTRIES_MAX),
    CONTRACT_FIELD(user_move, FIELD_INTS, context_numbers, MOVE_ENTRIES_MAX),
};

const struct contract user_move_contract = {
    .name = "freshet.UserMove",
    .schema = schema,
    .older = older,
    .fields = fields,
    .fields_count = ARRAY_COUNT(fields),
    .size = sizeof(struct user_move),
};
