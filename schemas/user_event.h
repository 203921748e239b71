/* One action of one user on one item: topic `events`, keyed by user id. See user_event.avsc. */
#ifndef FRESHET_SCHEMAS_USER_EVENT_H
#define FRESHET_SCHEMAS_USER_EVENT_H

#include "stream/avro/codec.h"

/* Symbols of the enum `Action`, in schema order; the numbers never change. */
enum action_kind {
    ACTION_OTHER,
    ACTION_VIEW,
    ACTION_CLICK,
    ACTION_LIKE,
    ACTION_CART,
    ACTION_PURCHASE,
    ACTION_RATING,
    ACTION_DISLIKE,
    ACTIONS_COUNT,
};

/* Most bytes of any id, on every topic. */
enum { ID_BYTES_MAX = 256, LIST_ID_BYTES_MAX = 256 };

struct user_event {
    struct slice event_id;
    struct slice user_id;
    struct slice item_id;
    int32_t action; /* enum action_kind */
    double weight;
    int64_t event_time_ms;
    int64_t sequence;
    int64_t received_ms;
};

extern const struct contract user_event_contract;

#endif
