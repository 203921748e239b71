#include "base/base.h"
#include "schemas/user_history.h"

static const char schema[] =
#include "user_history.avsc.inc"
    ;

static const char *const older[] = {
#include "versions/user_history.1.avsc.inc"
    ,
#include "versions/user_history.2.avsc.inc"
    ,
    NULL,
};

static const struct contract_field fields[] = {
    CONTRACT_FIELD(user_history, FIELD_STRING, user_id, ID_BYTES_MAX),
    CONTRACT_FIELD(user_history, FIELD_STRINGS, items, HISTORY_ACTIONS_MAX),
    CONTRACT_FIELD(user_history, FIELD_ENUMS, actions, HISTORY_ACTIONS_MAX),
    CONTRACT_FIELD(user_history, FIELD_FLOATS, weights, HISTORY_ACTIONS_MAX),
    CONTRACT_FIELD(user_history, FIELD_LONGS, event_times_ms, HISTORY_ACTIONS_MAX),
    CONTRACT_FIELD(user_history, FIELD_LONGS, offsets, HISTORY_ACTIONS_MAX),
    CONTRACT_FIELD(user_history, FIELD_BYTES, seen, HISTORY_SEEN_MAX * HISTORY_SEEN_BYTES),
    CONTRACT_FIELD(user_history, FIELD_BYTES, had_prefixes, PREFIX_SET_BYTES(HISTORY_SEEN_MAX)),
    CONTRACT_FIELD(user_history, FIELD_LONG, events_total, 0),
    CONTRACT_FIELD(user_history, FIELD_INT, input_partition, 0),
    CONTRACT_FIELD(user_history, FIELD_LONG, input_offset, 0),
    CONTRACT_FIELD(user_history, FIELD_LONG, event_time_ms, 0),
    CONTRACT_FIELD(user_history, FIELD_LONG, received_ms, 0),
    CONTRACT_FIELD(user_history, FIELD_STRINGS, shown_items, HISTORY_SHOWN_MAX),
    CONTRACT_FIELD(user_history, FIELD_LONGS, shown_times_ms, HISTORY_SHOWN_MAX),
    CONTRACT_FIELD(user_history, FIELD_INTS, shown_places, HISTORY_SHOWN_MAX),
    CONTRACT_FIELD(user_history, FIELD_STRINGS, search_texts, HISTORY_SEARCHES_MAX),
    CONTRACT_FIELD(user_history, FIELD_LONGS, search_times_ms, HISTORY_SEARCHES_MAX),
};

const struct contract user_history_contract = {
    .name = "freshet.UserHistory",
    .schema = schema,
    .older = older,
    .fields = fields,
    .fields_count = ARRAY_COUNT(fields),
    .size = sizeof(struct user_history),
};

float history_strength(const struct user_history *history, size_t k)
{
    bool rated = history->actions.count > k && history->actions.at[k] == ACTION_RATING;
    float weight = history->weights.at[k];
    return rated && weight > 0.0F ? 1.0F : weight;
}

size_t history_strengths(const struct user_history *history,
                         float ret_strengths[static HISTORY_ACTIONS_MAX])
{
    size_t count = MIN_OF(history->items.count, (size_t)HISTORY_ACTIONS_MAX);
    for (size_t k = 0; k < count; k++) { ret_strengths[k] = history_strength(history, k); }
    return count;
}

/* The sums of greater ones could be without end. */
static bool weights_are_right(const struct floats *weights)
{
    bool right = true;
    for (size_t k = 0; k < weights->count; k++) {
        right &= weights->at[k] >= 0.0F && weights->at[k] <= HISTORY_WEIGHT_MAX;
    }
    return right;
}

const char *history_fault(const struct user_history *history)
{
    size_t count = history->items.count;
    size_t shown = history->shown_items.count;
    if (history->weights.count != count || history->offsets.count != count ||
        history->shown_times_ms.count != shown || history->shown_places.count != shown ||
        history->search_times_ms.count != history->search_texts.count) {
        return "columns_differ";
    }
    if (history->seen.size % HISTORY_SEEN_BYTES || !prefix_set_valid(history->had_prefixes)) {
        return "bad_seen";
    }
    return weights_are_right(&history->weights) ? NULL : "bad_weight";
}
