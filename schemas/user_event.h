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
    ACTIONS_COUNT,                  /* kinds of actions, which histories hold */
    ACTION_EXPOSURE = ACTIONS_COUNT, /* of events alone: what the user was shown */
    ACTION_IDENTIFY, /* the same: who the user is; it is no action on an item */
    ACTION_SEARCH,   /* as well: what the user searched for */
    EVENT_KINDS_COUNT,
};

/* Most bytes of any id, on every topic. */
enum { ID_BYTES_MAX = 256, LIST_ID_BYTES_MAX = 256 };

/* Most bytes of what somebody searches for. */
enum { QUERY_BYTES_MAX = 512 };

/* Most items of one exposure, and most bytes of a rule's name. */
enum { EXPOSURE_ITEMS_MAX = 1000, EVENT_RULE_BYTES_MAX = 128 };

/* Most bytes of a word of a context: device, channel, country, region, geohash. */
enum { CONTEXT_WORD_BYTES_MAX = 64 };

struct user_event {
    struct slice event_id;
    struct slice user_id;
    struct slice item_id;
    int32_t action; /* enum action_kind */
    double weight;
    int64_t event_time_ms;
    int64_t sequence;
    int64_t received_ms;
    struct slice list_id;
    int32_t place;
    struct slice rule;
    double value;
    struct slices items; /* of an exposure */
    struct ints places;
    bool takes_back;
    struct slice taken_back_id;
    struct slice known_id;
    bool receipt;
    struct slice query; /* of a search */
    struct slice device; /* these: the context of the action; empty: not known */
    struct slice channel;
    struct slice country;
    struct slice region;
    struct slice geohash;
    int32_t hour;    /* -1: not known */
    int32_t weekday; /* 1 (Monday) to 7; 0: not known */
};

extern const struct contract user_event_contract;

#endif
