/* What a batch of events adds to the item-item counts: topic `pair-deltas`. See
 * pair_deltas.avsc. */
#ifndef FRESHET_SCHEMAS_PAIR_DELTAS_H
#define FRESHET_SCHEMAS_PAIR_DELTAS_H

#include "schemas/user_event.h"

enum {
    PAIR_DELTAS_ITEMS_MAX = 65536,
    PAIR_DELTAS_PAIRS_MAX = 65536,
};

struct pair_deltas {
    int32_t input_partition;
    int64_t input_offset;
    int64_t event_time_ms;
    int64_t epoch;
    int64_t trend_epoch;
    struct slices items;
    struct doubles masses;
    struct doubles action_counts;
    struct doubles trends;
    struct ints new_users;
    struct ints rows;
    struct ints row_pairs;
    struct ints columns;
    struct doubles co_ratings;
    struct doubles forwards;
    struct doubles backwards;
    int32_t forgotten;
};

extern const struct contract pair_deltas_contract;

#endif
