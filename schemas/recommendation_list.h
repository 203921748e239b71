/* The newest list for one user: topic `recommendations`. See recommendation_list.avsc. */
#ifndef FRESHET_SCHEMAS_RECOMMENDATION_LIST_H
#define FRESHET_SCHEMAS_RECOMMENDATION_LIST_H

#include "schemas/user_event.h"

/* Symbols of the enum `Reason`, in schema order; the numbers never change. */
enum reason {
    REASON_OTHER,
    REASON_BECAUSE,
    REASON_POPULAR,
    REASON_TRENDING,
    REASON_NEW,
};

enum {
    LIST_ITEMS_MAX = 1000,
    MODEL_NAME_BYTES_MAX = 128,
};

struct recommendation_list {
    struct slice user_id;
    struct slices items;
    struct floats scores;
    struct ints reasons; /* enum reason */
    struct slices because;
    struct floats evidence;
    struct slice model;
    struct slice made_by;
    struct slice vectors;
    int64_t actions;
    struct slice generation;
    int64_t event_time_ms;
    int32_t input_partition;
    int64_t input_offset;
    int64_t received_ms;
};

extern const struct contract recommendation_list_contract;

#endif
