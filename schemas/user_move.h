/* What a user did goes to another user: topic `moves`. See user_move.avsc. */
#ifndef FRESHET_SCHEMAS_USER_MOVE_H
#define FRESHET_SCHEMAS_USER_MOVE_H

#include "schemas/forget_request.h"
#include "schemas/user_history.h"

enum {
    MOVE_ENTRIES_MAX = 500, /* actions of a part, and what was shown and taken back */
    MOVE_PATH_MAX = 16,
    MOVE_PARTS_MAX = 1000,
};

struct user_move {
    struct slice user_id;
    struct slices path;
    int64_t merged_ms;
    struct slice request_id;
    int32_t part;
    int32_t parts;
    int64_t contributions;
    struct slices items;
    struct ints actions;
    struct doubles weights;
    struct longs event_times_ms;
    struct longs sequences;
    struct longs event_ids;
    struct slices shown_items;
    struct longs shown_times_ms;
    struct longs shown_event_ids;
    struct ints shown_places;
    struct longs back_hashes;
    struct longs back_times_ms;
    struct slices search_texts;
    struct longs search_times_ms;
    struct longs search_event_ids;
    struct slices contexts;
    struct ints context_numbers;
};

extern const struct contract user_move_contract;

#endif
