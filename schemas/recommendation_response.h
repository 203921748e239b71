/* The answer of freshet-serve to a request: topic `responses`. See recommendation_response.avsc. */
#ifndef FRESHET_SCHEMAS_RECOMMENDATION_RESPONSE_H
#define FRESHET_SCHEMAS_RECOMMENDATION_RESPONSE_H

#include "schemas/recommendation_list.h"
#include "schemas/recommendation_request.h"

enum { RESPONSE_TEXT_BYTES_MAX = 512 };

struct recommendation_response {
    struct slice request_id;
    int32_t status;
    struct slice error;
    struct slice message;
    struct slice user_id;
    struct slices items;
    struct floats scores;
    struct ints reasons; /* enum reason */
    struct slices because;
    struct floats shares;
    struct floats evidence;
    int32_t total;
    struct slice cause;
    struct slice model;
    struct slice made_by;
    struct slice vectors;
    struct slice generation;
    int64_t actions;
    int64_t event_time_ms;
    int64_t as_of_ms;
    int64_t data_age_ms;
    struct slice list_id;
    struct slice placement;
    int64_t rules_offset; /* -1: there are no rules */
    struct ints ranks;    /* none where no rules made the list */
    struct slices rules;
    struct slices removal_items;
    struct ints removal_ranks;
    struct slices removal_rules;
    struct slices users;
    struct longs last_ms;
    struct floats probabilities; /* none where no place was drawn */
    struct slice found_by;       /* empty: there was no query */
};

extern const struct contract recommendation_response_contract;

#endif
