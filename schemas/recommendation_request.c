#include "base/base.h"
#include "schemas/recommendation_request.h"

static const char schema[] =
#include "recommendation_request.avsc.inc"
    ;

static const char *const older[] = {
#include "versions/recommendation_request.1.avsc.inc"
    ,
#include "versions/recommendation_request.2.avsc.inc"
    ,
#include "versions/recommendation_request.3.avsc.inc"
    ,
#include "versions/recommendation_request.4.avsc.inc"
    ,
#include "versions/recommendation_request.5.avsc.inc"
    ,
    NULL,
};

static const struct contract_field fields[] = {
    CONTRACT_FIELD(recommendation_request, FIELD_STRING, request_id, LIST_REQUEST_ID_BYTES_MAX),
    CONTRACT_FIELD(recommendation_request, FIELD_ENUM, kind, 0),
    CONTRACT_FIELD(recommendation_request, FIELD_STRING, user_id, ID_BYTES_MAX),
    CONTRACT_FIELD(recommendation_request, FIELD_STRING, item_id, ID_BYTES_MAX),
    CONTRACT_FIELD(recommendation_request, FIELD_STRING, tag, ID_BYTES_MAX),
    CONTRACT_FIELD(recommendation_request, FIELD_STRINGS, action_items, REQUEST_ACTIONS_MAX),
    CONTRACT_FIELD(recommendation_request, FIELD_ENUMS, actions, REQUEST_ACTIONS_MAX),
    CONTRACT_FIELD(recommendation_request, FIELD_FLOATS, weights, REQUEST_ACTIONS_MAX),
    CONTRACT_FIELD(recommendation_request, FIELD_LONGS, event_times_ms, REQUEST_ACTIONS_MAX),
    CONTRACT_FIELD(recommendation_request, FIELD_STRINGS, candidates, REQUEST_CANDIDATES_MAX),
    CONTRACT_FIELD(recommendation_request, FIELD_STRINGS, exclude, REQUEST_EXCLUDED_MAX),
    CONTRACT_FIELD(recommendation_request, FIELD_INT, offset, 0),
    CONTRACT_FIELD(recommendation_request, FIELD_INT, limit, 0),
    CONTRACT_FIELD(recommendation_request, FIELD_STRING, placement, PLACEMENT_NAME_BYTES_MAX),
    CONTRACT_FIELD(recommendation_request, FIELD_STRING, device, CONTEXT_WORD_BYTES_MAX),
    CONTRACT_FIELD(recommendation_request, FIELD_STRING, channel, CONTEXT_WORD_BYTES_MAX),
    CONTRACT_FIELD(recommendation_request, FIELD_STRING, country, CONTEXT_WORD_BYTES_MAX),
    CONTRACT_FIELD(recommendation_request, FIELD_INT, hour, 0),
    CONTRACT_FIELD(recommendation_request, FIELD_STRINGS, profile_tags, PROFILE_TAGS_MAX),
    CONTRACT_FIELD(recommendation_request, FIELD_STRING, profile_country, ID_BYTES_MAX),
    CONTRACT_FIELD(recommendation_request, FIELD_INT, profile_birth_year, 0),
    CONTRACT_FIELD(recommendation_request, FIELD_STRING, query, QUERY_BYTES_MAX),
    CONTRACT_FIELD(recommendation_request, FIELD_STRING, region, CONTEXT_WORD_BYTES_MAX),
    CONTRACT_FIELD(recommendation_request, FIELD_STRING, geohash, CONTEXT_WORD_BYTES_MAX),
    CONTRACT_FIELD(recommendation_request, FIELD_INT, weekday, 0),
    CONTRACT_FIELD(recommendation_request, FIELD_STRING, time_zone, TIME_ZONE_BYTES_MAX),
};

const struct contract recommendation_request_contract = {
    .name = "freshet.RecommendationRequest",
    .schema = schema,
    .older = older,
    .fields = fields,
    .fields_count = ARRAY_COUNT(fields),
    .size = sizeof(struct recommendation_request),
};
