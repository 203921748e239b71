/* What a scorer needs of one row of the item-item table: topic `serving-rows`, keyed by item id.
 * See serving_row.avsc. */
#ifndef FRESHET_SCHEMAS_SERVING_ROW_H
#define FRESHET_SCHEMAS_SERVING_ROW_H

#include "schemas/item_neighbours.h"

struct serving_row {
    struct slice item_id;
    int64_t version;
    int64_t epoch;
    int64_t trend_epoch;
    double mass;
    double actions;
    double trend;
    int64_t first_users;
    int64_t event_time_ms;
    struct slices items;
    struct floats co_ratings;
    struct floats forwards;
    struct floats backwards;
};

extern const struct contract serving_row_contract;

#endif
