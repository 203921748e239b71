#include "base/base.h"
#include "schemas/recommendation_list.h"

static const char schema[] =
#include "recommendation_list.avsc.inc"
    ;

static const char *const older[] = {
#include "versions/recommendation_list.1.avsc.inc"
    ,
#include "versions/recommendation_list.2.avsc.inc"
    ,
#include "versions/recommendation_list.3.avsc.inc"
    ,
#include "versions/recommendation_list.4.avsc.inc"
    ,
#include "versions/recommendation_list.5.avsc.inc"
    ,
#include "versions/recommendation_list.6.avsc.inc"
    ,
#include "versions/recommendation_list.7.avsc.inc"
    ,
#include "versions/recommendation_list.8.avsc.inc"
    ,
#include "versions/recommendation_list.9.avsc.inc"
    ,
#include "versions/recommendation_list.10.avsc.inc"
    ,
#include "versions/recommendation_list.11.avsc.inc"
    ,
#include "versions/recommendation_list.12.avsc.inc"
    ,
#include "versions/recommendation_list.13.avsc.inc"
    ,
#include "versions/recommendation_list.14.avsc.inc"
    ,
#include "versions/recommendation_list.15.avsc.inc"
    ,
#include "versions/recommendation_list.16.avsc.inc"
    ,
#include "versions/recommendation_list.17.avsc.inc"
    ,
    NULL,
};

static const struct contract_field fields[] = {
    CONTRACT_FIELD(recommendation_list, FIELD_STRING, user_id, ID_BYTES_MAX),
    CONTRACT_FIELD(recommendation_list, FIELD_STRINGS, items, LIST_ITEMS_MAX),
    CONTRACT_FIELD(recommendation_list, FIELD_FLOATS, scores, LIST_ITEMS_MAX),
    CONTRACT_FIELD(recommendation_list, FIELD_ENUMS, reasons, LIST_ITEMS_MAX),
    CONTRACT_FIELD(recommendation_list, FIELD_STRINGS, because, LIST_ITEMS_MAX),
    CONTRACT_FIELD(recommendation_list, FIELD_FLOATS, evidence, LIST_ITEMS_MAX),
    CONTRACT_FIELD(recommendation_list, FIELD_STRING, model, MODEL_NAME_BYTES_MAX),
    CONTRACT_FIELD(recommendation_list, FIELD_STRING, made_by, MODEL_NAME_BYTES_MAX),
    CONTRACT_FIELD(recommendation_list, FIELD_STRING, vectors, MODEL_NAME_BYTES_MAX),
    CONTRACT_FIELD(recommendation_list, FIELD_LONG, actions, 0),
    CONTRACT_FIELD(recommendation_list, FIELD_STRING, generation, MODEL_NAME_BYTES_MAX),
    CONTRACT_FIELD(recommendation_list, FIELD_LONG, event_time_ms, 0),
    CONTRACT_FIELD(recommendation_list, FIELD_INT, input_partition, 0),
    CONTRACT_FIELD(recommendation_list, FIELD_LONG, input_offset, 0),
    CONTRACT_FIELD(recommendation_list, FIELD_LONG, received_ms, 0),
    CONTRACT_FIELD(recommendation_list, FIELD_LONG, as_of_ms, 0),
    CONTRACT_FIELD(recommendation_list, FIELD_ENUM, cause, 0),
    CONTRACT_FIELD(recommendation_list, FIELD_LONGS, row_offsets, LIST_OFFSETS_MAX),
    CONTRACT_FIELD(recommendation_list, FIELD_LONGS, item_offsets, LIST_OFFSETS_MAX),
    CONTRACT_FIELD(recommendation_list, FIELD_FLOATS, shares, LIST_ITEMS_MAX),
    CONTRACT_FIELD(recommendation_list, FIELD_LONG, rules_offset, 0),
    CONTRACT_FIELD(recommendation_list, FIELD_STRINGS, placements, LIST_PLACEMENTS_MAX),
    CONTRACT_FIELD(recommendation_list, FIELD_INTS, placement_counts, LIST_PLACEMENTS_MAX),
    CONTRACT_FIELD(recommendation_list, FIELD_INTS, removal_counts, LIST_PLACEMENTS_MAX),
    CONTRACT_FIELD(recommendation_list, FIELD_STRINGS, placement_items, LIST_PLACES_MAX),
    CONTRACT_FIELD(recommendation_list, FIELD_FLOATS, placement_scores, LIST_PLACES_MAX),
    CONTRACT_FIELD(recommendation_list, FIELD_INTS, placement_ranks, LIST_PLACES_MAX),
    CONTRACT_FIELD(recommendation_list, FIELD_STRINGS, placement_rules, LIST_PLACES_MAX),
    CONTRACT_FIELD(recommendation_list, FIELD_STRINGS, removal_items, LIST_PLACES_MAX),
    CONTRACT_FIELD(recommendation_list, FIELD_INTS, removal_ranks, LIST_PLACES_MAX),
    CONTRACT_FIELD(recommendation_list, FIELD_STRINGS, removal_rules, LIST_PLACES_MAX),
    CONTRACT_FIELD(recommendation_list, FIELD_STRING, list_id, LIST_ID_BYTES_MAX),
    CONTRACT_FIELD(recommendation_list, FIELD_STRINGS, placement_list_ids, LIST_PLACEMENTS_MAX),
    CONTRACT_FIELD(recommendation_list, FIELD_STRING, blend, MODEL_NAME_BYTES_MAX),
    CONTRACT_FIELD(recommendation_list, FIELD_ENUMS, placement_reasons, LIST_PLACES_MAX),
    CONTRACT_FIELD(recommendation_list, FIELD_STRINGS, placement_because, LIST_PLACES_MAX),
    CONTRACT_FIELD(recommendation_list, FIELD_FLOATS, placement_evidence, LIST_PLACES_MAX),
    CONTRACT_FIELD(recommendation_list, FIELD_FLOATS, placement_shares, LIST_PLACES_MAX),
    CONTRACT_FIELD(recommendation_list, FIELD_LONGS, vector_offsets, LIST_OFFSETS_MAX),
    CONTRACT_FIELD(recommendation_list, FIELD_LONGS, model_offsets, LIST_OFFSETS_MAX),
    CONTRACT_FIELD(recommendation_list, FIELD_LONGS, content_offsets, LIST_OFFSETS_MAX),
    CONTRACT_FIELD(recommendation_list, FIELD_BOOL, provisional, 0),
    CONTRACT_FIELD(recommendation_list, FIELD_LONGS, last_ms, LIST_ITEMS_MAX),
    CONTRACT_FIELD(recommendation_list, FIELD_LONGS, placement_last_ms, LIST_PLACES_MAX),
    CONTRACT_FIELD(recommendation_list, FIELD_FLOATS, placement_probabilities, LIST_PLACES_MAX),
    CONTRACT_FIELD(recommendation_list, FIELD_LONGS, candidate_offsets, LIST_OFFSETS_MAX),
    CONTRACT_FIELD(recommendation_list, FIELD_LONGS, profile_offsets, LIST_OFFSETS_MAX),
    CONTRACT_FIELD(recommendation_list, FIELD_LONGS, segment_offsets, LIST_OFFSETS_MAX),
};

const struct contract recommendation_list_contract = {
    .name = "freshet.RecommendationList",
    .schema = schema,
    .older = older,
    .fields = fields,
    .fields_count = ARRAY_COUNT(fields),
    .size = sizeof(struct recommendation_list),
};

bool list_columns_agree(const struct recommendation_list *list)
{
    size_t count = list->items.count;
    return list->scores.count == count && list->reasons.count == count &&
           list->because.count == count && list->evidence.count == count &&
           (list->shares.count == count || list->shares.count == 0) &&
           (list->last_ms.count == count || list->last_ms.count == 0);
}

bool list_placements_reasoned(const struct recommendation_list *list)
{
    size_t count = list->placement_items.count;
    return list->placement_reasons.count == count && list->placement_because.count == count &&
           list->placement_evidence.count == count && list->placement_shares.count == count &&
           (list->placement_last_ms.count == count || list->placement_last_ms.count == 0);
}

bool list_placements_drawn(const struct recommendation_list *list)
{
    return list->placement_items.count > 0 &&
           list->placement_probabilities.count == list->placement_items.count;
}

const char *list_reason_name(int32_t reason)
{
    static const char *const names[LIST_REASONS] = {
        [REASON_OTHER] = "other",       [REASON_BECAUSE] = "because", [REASON_POPULAR] = "popular",
        [REASON_TRENDING] = "trending", [REASON_NEW] = "new",         [REASON_TAGS] = "tags",
        [REASON_AGAIN] = "again",       [REASON_CROSS] = "cross",
        [REASON_BROUGHT] = "brought",     [REASON_SEGMENT] = "segment",
        [REASON_QUERY] = "query",
        [REASON_CONTEXT] = "context",     [REASON_USERS] = "users",
    };
    return reason >= 0 && reason < LIST_REASONS ? names[reason] : "other";
}

const char *list_cause_name(int32_t cause)
{
    static const char *const names[LIST_CAUSES] = {
        [CAUSE_ACTION] = "action",           [CAUSE_BARRED] = "barred",
        [CAUSE_PROVISIONAL] = "provisional", [CAUSE_ROWS] = "rows",
        [CAUSE_CATALOGUE] = "catalogue",     [CAUSE_MODEL] = "model",
        [CAUSE_AGE] = "age",                 [CAUSE_RULES] = "rules",
    };
    return cause >= 0 && cause < LIST_CAUSES ? names[cause] : "unknown";
}

int64_t list_last_ms(const struct recommendation_list *list, size_t at)
{
    return at < list->last_ms.count ? list->last_ms.at[at] : 0;
}

float list_share(const struct recommendation_list *list, size_t at)
{
    return at < list->shares.count ? list->shares.at[at] : 0.0F;
}
