/* A user's newest actions, oldest first: topic `histories`, keyed by user id.
 * See user_history.avsc. */
#ifndef FRESHET_SCHEMAS_USER_HISTORY_H
#define FRESHET_SCHEMAS_USER_HISTORY_H

#include "schemas/prefix_set.h"
#include "schemas/user_event.h"

enum {
    HISTORY_ACTIONS_MAX = 1000, /* newest actions in one message */
    HISTORY_SEEN_MAX = 4000,    /* further seen items */
    HISTORY_SHOWN_MAX = 2000,   /* items that were shown, each time counted */
    HISTORY_SEARCHES_MAX = 50,  /* texts */
    HISTORY_SEEN_BYTES = 8,     /* bytes of one fingerprint in `seen` */
};

#define HISTORY_WEIGHT_MAX 1e6F /* as that of an event; at least 0 */

struct user_history {
    struct slice user_id;
    struct slices items;
    struct ints actions; /* enum action_kind */
    struct floats weights;
    struct longs event_times_ms;
    struct longs offsets;
    struct slice seen; /* of older writers */
    struct slice had_prefixes; /* schemas/prefix_set.h */
    int64_t events_total;
    int32_t input_partition;
    int64_t input_offset;
    int64_t event_time_ms;
    int64_t received_ms;
    struct slices shown_items;
    struct longs shown_times_ms;
    struct ints shown_places;
    struct slices search_texts;
    struct longs search_times_ms;
};

extern const struct contract user_history_contract;

/* Checks a history's columns and weights: NULL, or a reason word for dead letters. */
const char *history_fault(const struct user_history *history);
/* Returns what the k-th action counts among a user's actions: its weight, but that of a rating is
 * an opinion and counts as 1. Weight 0 (a dislike) stays 0. */
float history_strength(const struct user_history *history, size_t k);
/* The same of all actions; returns how many there are. */
size_t history_strengths(const struct user_history *history,
                         float ret_strengths[static HISTORY_ACTIONS_MAX]);

#endif
