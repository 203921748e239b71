/* All that `features` keeps of one user: topic `features-changelog`. See user_state.avsc. */
#ifndef FRESHET_SCHEMAS_USER_STATE_H
#define FRESHET_SCHEMAS_USER_STATE_H

#include "schemas/user_history.h"

enum { STATE_ACTIONS_MAX = 10000 };

struct user_state {
    struct slices items;
    struct ints actions;
    struct doubles weights;
    struct longs event_times_ms;
    struct longs sequences;
    struct longs event_ids;
    struct longs offsets;
    struct slice seen;
    int64_t events_total;
    int64_t input_offset;
    int64_t received_ms;
};

extern const struct contract user_state_contract;

#endif
