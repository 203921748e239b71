/* One row of the item-item table: topic `neighbours`, keyed by item id. See
 * item_neighbours.avsc. */
#ifndef FRESHET_SCHEMAS_ITEM_NEIGHBOURS_H
#define FRESHET_SCHEMAS_ITEM_NEIGHBOURS_H

#include "schemas/user_event.h"

enum { NEIGHBOURS_MAX = 65536 };

struct item_neighbours {
    struct slice item_id;
    int64_t epoch;
    int64_t trend_epoch;
    double mass;
    double actions;
    double trend;
    int64_t users_in_partition; /* always 0 */
    int64_t first_users;
    int64_t event_time_ms;
    int64_t pruned;
    struct slices items;
    struct doubles co_ratings;
    struct doubles forwards;
    struct doubles backwards;
};

extern const struct contract item_neighbours_contract;

#endif
