#include "base/base.h"
#include "schemas/recommendation_response.h"

static const char schema[] =
#include "recommendation_response.avsc.inc"
    ;

static const char *const older[] = {
#include "versions/recommendation_response.1.avsc.inc"
    ,
#include "versions/recommendation_response.2.avsc.inc"
    ,
#include "versions/recommendation_response.3.avsc.inc"
    ,
#include "versions/recommendation_response.4.avsc.inc"
    ,
#include "versions/recommendation_response.5.avsc.inc"
    ,
#include "versions/recommendation_response.6.avsc.inc"
    ,
#include "versions/recommendation_response.7.avsc.inc"
    ,
#include "versions/recommendation_response.8.avsc.inc"
    ,
#include "versions/recommendation_response.9.avsc.inc"
    ,
#include "versions/recommendation_response.10.avsc.inc"
    ,
#include "versions/recommendation_response.11.avsc.inc"
    ,
    NULL,
};

static const struct contract_field fields[] = {
    CONTRACT_FIELD(recommendation_response, FIELD_STRING, request_id, LIST_REQUEST_ID_BYTES_MAX),
    CONTRACT_FIELD(recommendation_response, FIELD_INT, status, 0),
    CONTRACT_FIELD(recommendation_response, FIELD_STRING, error, RESPONSE_TEXT_BYTES_MAX),
    CONTRACT_FIELD(recommendation_response, FIELD_STRING, message, RESPONSE_TEXT_BYTES_MAX),
    CONTRACT_FIELD(recommendation_response, FIELD_STRING, user_id, ID_BYTES_MAX),
    CONTRACT_FIELD(recommendation_response, FIELD_STRINGS, items, LIST_ITEMS_MAX),
    CONTRACT_FIELD(recommendation_response, FIELD_FLOATS, scores, LIST_ITEMS_MAX),
    CONTRACT_FIELD(recommendation_response, FIELD_ENUMS, reasons, LIST_ITEMS_MAX),
    CONTRACT_FIELD(recommendation_response, FIELD_STRINGS, because, LIST_ITEMS_MAX),
    CONTRACT_FIELD(recommendation_response, FIELD_FLOATS, shares, LIST_ITEMS_MAX),
    CONTRACT_FIELD(recommendation_response, FIELD_FLOATS, evidence, LIST_ITEMS_MAX),
    CONTRACT_FIELD(recommendation_response, FIELD_INT, total, 0),
    CONTRACT_FIELD(recommendation_response, FIELD_STRING, cause, RESPONSE_TEXT_BYTES_MAX),
    CONTRACT_FIELD(recommendation_response, FIELD_STRING, model, MODEL_NAME_BYTES_MAX),
    CONTRACT_FIELD(recommendation_response, FIELD_STRING, made_by, MODEL_NAME_BYTES_MAX),
    CONTRACT_FIELD(recommendation_response, FIELD_STRING, vectors, MODEL_NAME_BYTES_MAX),
    CONTRACT_FIELD(recommendation_response, FIELD_STRING, generation, MODEL_NAME_BYTES_MAX),
    CONTRACT_FIELD(recommendation_response, FIELD_LONG, actions, 0),
    CONTRACT_FIELD(recommendation_response, FIELD_LONG, event_time_ms, 0),
    CONTRACT_FIELD(recommendation_response, FIELD_LONG, as_of_ms, 0),
    CONTRACT_FIELD(recommendation_response, FIELD_LONG, data_age_ms, 0),
    CONTRACT_FIELD(recommendation_response, FIELD_STRING, list_id, LIST_ID_BYTES_MAX),
    CONTRACT_FIELD(recommendation_response, FIELD_STRING, placement, PLACEMENT_NAME_BYTES_MAX),
    CONTRACT_FIELD(recommendation_response, FIELD_LONG, rules_offset, 0),
    CONTRACT_FIELD(recommendation_response, FIELD_INTS, ranks, LIST_ITEMS_MAX),
    CONTRACT_FIELD(recommendation_response, FIELD_STRINGS, rules, LIST_ITEMS_MAX),
    CONTRACT_FIELD(recommendation_response, FIELD_STRINGS, removal_items, LIST_PLACES_MAX),
    CONTRACT_FIELD(recommendation_response, FIELD_INTS, removal_ranks, LIST_PLACES_MAX),
    CONTRACT_FIELD(recommendation_response, FIELD_STRINGS, removal_rules, LIST_PLACES_MAX),
    CONTRACT_FIELD(recommendation_response, FIELD_STRINGS, users, LIST_ITEMS_MAX),
    CONTRACT_FIELD(recommendation_response, FIELD_LONGS, last_ms, LIST_ITEMS_MAX),
    CONTRACT_FIELD(recommendation_response, FIELD_FLOATS, probabilities, LIST_ITEMS_MAX),
    CONTRACT_FIELD(recommendation_response, FIELD_STRING, found_by, MODEL_NAME_BYTES_MAX),
};

const struct contract recommendation_response_contract = {
    .name = "freshet.RecommendationResponse",
    .schema = schema,
    .older = older,
    .fields = fields,
    .fields_count = ARRAY_COUNT(fields),
    .size = sizeof(struct recommendation_response),
};
