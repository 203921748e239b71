/* All that `features` keeps of one user: topic `features-changelog`. See user_state.avsc. */
#ifndef FRESHET_SCHEMAS_USER_STATE_H
#define FRESHET_SCHEMAS_USER_STATE_H

#include "schemas/user_history.h"

enum {
    STATE_ACTIONS_MAX = 10000,
    STATE_BACK_MAX = 10000, /* what was taken back */
    STATE_LISTED_MAX = 10000, /* actions that name a list */
    STATE_MERGED_INTO_MAX = 16,
    STATE_MERGED_FROM_MAX = 100,
    STATE_LEFT_MAX = STATE_ACTIONS_MAX, /* all may leave at once, when the timeline is shortened */
};

#define FORGOTTEN_NEVER INT64_MIN
#define MERGED_NEVER INT64_MIN

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
    struct slice first_item;
    struct slices left_items;
    struct doubles left_weights;
    struct longs left_times_ms;
    int32_t segments;
    int64_t archived;
    int64_t forgotten_ms; /* FORGOTTEN_NEVER */
    struct ints left_actions;
    struct longs left_sequences;
    struct longs left_event_ids;
    struct longs left_offsets;
    struct slices shown_items;
    struct longs shown_times_ms;
    struct longs shown_event_ids;
    struct ints shown_places;
    int64_t shown_total;
    int64_t first_offset;
    struct longs back_hashes;
    struct longs back_times_ms;
    struct longs listed_event_ids;
    struct longs listed_times_ms;
    struct slices listed_sources;
    struct longs listed_micros;
    struct slices merged_into;
    int64_t merged_ms; /* MERGED_NEVER */
    struct slices merged_from;
    struct slices search_texts;
    struct longs search_times_ms;
    struct longs search_event_ids;
    struct slices contexts;
    struct ints context_numbers;
    struct slices left_contexts;
    struct ints left_context_numbers;
};

extern const struct contract user_state_contract;

#endif
