/* Asks freshet-serve for a list: topic `requests`. See recommendation_request.avsc. */
#ifndef FRESHET_SCHEMAS_RECOMMENDATION_REQUEST_H
#define FRESHET_SCHEMAS_RECOMMENDATION_REQUEST_H

#include "schemas/user_profile.h"

/* Symbols of the enum `RequestKind`, in schema order; the numbers never change. */
enum request_kind {
    REQUEST_LIST,
    REQUEST_SIMILAR,
    REQUEST_TOGETHER,
    REQUEST_POPULAR,
    REQUEST_TRENDING,
    REQUEST_NEW,
    REQUEST_USERS,
    REQUEST_KINDS,
};

enum {
    LIST_REQUEST_ID_BYTES_MAX = 256,
    REQUEST_ACTIONS_MAX = 200,
    REQUEST_CANDIDATES_MAX = 500,
    REQUEST_EXCLUDED_MAX = 1000,
    PLACEMENT_NAME_BYTES_MAX = 64,
    TIME_ZONE_BYTES_MAX = 64,
};

struct recommendation_request {
    struct slice request_id;
    int32_t kind; /* enum request_kind */
    struct slice user_id;
    struct slice item_id;
    struct slice tag;
    struct slices action_items;
    struct ints actions; /* enum action_kind */
    struct floats weights;
    struct longs event_times_ms;
    struct slices candidates;
    struct slices exclude;
    int32_t offset;
    int32_t limit;
    struct slice placement;
    struct slice device;
    struct slice channel;
    struct slice country;
    int32_t hour; /* -1: not known */
    struct slices profile_tags; /* these three: of somebody who has no profile */
    struct slice profile_country;
    int32_t profile_birth_year;
    struct slice query; /* empty: none */
    struct slice region;
    struct slice geohash;
    int32_t weekday; /* 1 (Monday) to 7; 0: not known */
    struct slice time_zone;
};

extern const struct contract recommendation_request_contract;

#endif
