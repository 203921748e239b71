#include "base/base.h"
#include "schemas/user_state.h"

static const char schema[] =
#include "user_state.avsc.inc"
    ;

static const char *const older[] = {
#include "versions/user_state.1.avsc.inc"
    ,
#include "versions/user_state.2.avsc.inc"
    ,
#include "versions/user_state.3.avsc.inc"
    ,
#include "versions/user_state.4.avsc.inc"
    ,
#include "versions/user_state.5.avsc.inc"
    ,
#include "versions/user_state.6.avsc.inc"
    ,
    NULL,
};

static const struct contract_field fields[] = {
    CONTRACT_FIELD(user_state, FIELD_STRINGS, items, STATE_ACTIONS_MAX),
    CONTRACT_FIELD(user_state, FIELD_ENUMS, actions, STATE_ACTIONS_MAX),
    CONTRACT_FIELD(user_state, FIELD_DOUBLES, weights, STATE_ACTIONS_MAX),
    CONTRACT_FIELD(user_state, FIELD_LONGS, event_times_ms, STATE_ACTIONS_MAX),
    CONTRACT_FIELD(user_state, FIELD_LONGS, sequences, STATE_ACTIONS_MAX),
    CONTRACT_FIELD(user_state, FIELD_LONGS, event_ids, STATE_ACTIONS_MAX),
    CONTRACT_FIELD(user_state, FIELD_LONGS, offsets, STATE_ACTIONS_MAX),
    CONTRACT_FIELD(user_state, FIELD_BYTES, seen, HISTORY_SEEN_MAX * HISTORY_SEEN_BYTES),
    CONTRACT_FIELD(user_state, FIELD_LONG, events_total, 0),
    CONTRACT_FIELD(user_state, FIELD_LONG, input_offset, 0),
    CONTRACT_FIELD(user_state, FIELD_LONG, received_ms, 0),
    CONTRACT_FIELD(user_state, FIELD_STRING, first_item, ID_BYTES_MAX),
    CONTRACT_FIELD(user_state, FIELD_STRINGS, left_items, STATE_LEFT_MAX),
    CONTRACT_FIELD(user_state, FIELD_DOUBLES, left_weights, STATE_LEFT_MAX),
    CONTRACT_FIELD(user_state, FIELD_LONGS, left_times_ms, STATE_LEFT_MAX),
    CONTRACT_FIELD(user_state, FIELD_INT, segments, 0),
    CONTRACT_FIELD(user_state, FIELD_LONG, archived, 0),
    CONTRACT_FIELD(user_state, FIELD_LONG, forgotten_ms, 0),
    CONTRACT_FIELD(user_state, FIELD_INTS, left_actions, STATE_LEFT_MAX),
    CONTRACT_FIELD(user_state, FIELD_LONGS, left_sequences, STATE_LEFT_MAX),
    CONTRACT_FIELD(user_state, FIELD_LONGS, left_event_ids, STATE_LEFT_MAX),
    CONTRACT_FIELD(user_state, FIELD_LONGS, left_offsets, STATE_LEFT_MAX),
    CONTRACT_FIELD(user_state, FIELD_STRINGS, shown_items, HISTORY_SHOWN_MAX),
    CONTRACT_FIELD(user_state, FIELD_LONGS, shown_times_ms, HISTORY_SHOWN_MAX),
    CONTRACT_FIELD(user_state, FIELD_LONGS, shown_event_ids, HISTORY_SHOWN_MAX),
    CONTRACT_FIELD(user_state, FIELD_INTS, shown_places, HISTORY_SHOWN_MAX),
    CONTRACT_FIELD(user_state, FIELD_LONG, shown_total, 0),
    CONTRACT_FIELD(user_state, FIELD_LONG, first_offset, 0),
    CONTRACT_FIELD(user_state, FIELD_LONGS, back_hashes, STATE_BACK_MAX),
    CONTRACT_FIELD(user_state, FIELD_LONGS, back_times_ms, STATE_BACK_MAX),
    CONTRACT_FIELD(user_state, FIELD_LONGS, listed_event_ids, STATE_LISTED_MAX),
    CONTRACT_FIELD(user_state, FIELD_LONGS, listed_times_ms, STATE_LISTED_MAX),
    CONTRACT_FIELD(user_state, FIELD_STRINGS, listed_sources, STATE_LISTED_MAX),
    CONTRACT_FIELD(user_state, FIELD_LONGS, listed_micros, STATE_LISTED_MAX),
    CONTRACT_FIELD(user_state, FIELD_STRINGS, merged_into, STATE_MERGED_INTO_MAX),
    CONTRACT_FIELD(user_state, FIELD_LONG, merged_ms, 0),
    CONTRACT_FIELD(user_state, FIELD_STRINGS, merged_from, STATE_MERGED_FROM_MAX),
    CONTRACT_FIELD(user_state, FIELD_STRINGS, search_texts, HISTORY_SEARCHES_MAX),
    CONTRACT_FIELD(user_state, FIELD_LONGS, search_times_ms, HISTORY_SEARCHES_MAX),
    CONTRACT_FIELD(user_state, FIELD_LONGS, search_event_ids, HISTORY_SEARCHES_MAX),
    CONTRACT_FIELD(user_state, FIELD_STRINGS, contexts, STATE_ACTIONS_MAX),
    CONTRACT_FIELD(user_state, FIELD_INTS, context_numbers, STATE_ACTIONS_MAX),
    CONTRACT_FIELD(user_state, FIELD_STRINGS, left_contexts, STATE_LEFT_MAX),
    CONTRACT_FIELD(user_state, FIELD_INTS, left_context_numbers, STATE_LEFT_MAX),
};

const struct contract user_state_contract = {
    .name = "freshet.UserState",
    .schema = schema,
    .older = older,
    .fields = fields,
    .fields_count = ARRAY_COUNT(fields),
    .size = sizeof(struct user_state),
};
