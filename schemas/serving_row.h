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

/* The key of the message, one for each partition, that says that all of the partition's rows have
 * been sent; its item_id is empty. No item id begins like this: it is no UTF-8. */
#define SERVING_ROWS_COMPLETE_KEY "\xff" "complete"

extern const struct contract serving_row_contract;

#endif
