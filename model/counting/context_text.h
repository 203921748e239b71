/* Context: the circumstances of an action, as indicators, each with one value in its dimension:
 *
 *     device    mobile, desktop ...       as it was sent, in small letters (ASCII)
 *     channel   app, web, mail ...        as device
 *     country   de                        as device
 *     region    de-by                     as device; the country's word before it
 *     geohash   u281                      its first 4 characters: a field of 39 km by 20
 *     day       night, morning, afternoon, evening: from 0, 6, 12 and 18 o'clock
 *     week      weekday, weekend
 *
 * An indicator is written as an id that no item of a platform has: CONTEXT_MARK, a letter for the
 * dimension, and the value. The text of a context is its indicators, one behind the other, in the
 * order of the dimensions. So counts of indicators travel as those of items do (cross_rules.h):
 *
 *     MARK d mobile      an indicator              MARK d      all indicators of the dimension
 *     MARK i ITEM        an item as what was acted on in contexts
 *
 * Part of day and week are counted by groups of days, because what happens in one hour of one day
 * (a message to many, news, events that are loaded at once) says nothing of other days:
 *
 *     MARK t evening/2   in the evening of a day of group 2
 *
 * The groups take turns from day to day by the user's own calendar. The text of an action has its
 * group, so an action is subtracted from what it was added to, whoever subtracts it. Group 0: the
 * text has none, as that of somebody who asks, and those of actions that a build without groups
 * has counted.
 *
 * An action of a positive weight on item i adds, for each of its indicators c of dimension D,
 *
 *     n(c, i) += 1, n(c) += 1, n(D) += 1     unless one of the user's `pairs_window` actions before
 *                                            it is on i, with c (of any group)
 *
 * so that a user counts once for an item in a context, within the window: the observations of an
 * item are of different users, which a test of them assumes (context_table.h). This is a function
 * of the action and its predecessors only, like all that a timeline adds (timeline.h). n(c, i)
 * travels as the transition from c to i.
 *
 * A value that is unknown, has a control character, or more than CONTEXT_VALUE_BYTES_MAX bytes is
 * left out. Pure functions.
 */
#ifndef FRESHET_MODEL_COUNTING_CONTEXT_TEXT_H
#define FRESHET_MODEL_COUNTING_CONTEXT_TEXT_H

#include "base/slice.h"

enum context_dimension {
    CONTEXT_DEVICE,
    CONTEXT_CHANNEL,
    CONTEXT_COUNTRY,
    CONTEXT_REGION,
    CONTEXT_GEOHASH,
    CONTEXT_DAY,
    CONTEXT_WEEK,
    CONTEXT_DIMENSIONS,
};

enum {
    CONTEXT_MARK = 0x1f, /* CROSS_MARK: `features` refuses items with such ids */
    CONTEXT_VALUE_BYTES_MAX = 64,
    CONTEXT_ID_BYTES_MAX = 2 + CONTEXT_VALUE_BYTES_MAX, /* of an indicator */
    CONTEXT_GROUPS = 4, /* of days: 0 for those that are not told, and three that take turns */
    CONTEXT_DAY_PARTS = 4,
    CONTEXT_PARTS = CONTEXT_DAY_PARTS + 2, /* of day and week */
    CONTEXT_TEXT_BYTES_MAX = CONTEXT_DIMENSIONS * CONTEXT_ID_BYTES_MAX,
    CONTEXT_ITEM_BYTES_MAX = 256, /* of an item's id with its mark; longer ones are not counted */
};

/* What is known of an action, or of somebody who asks for a list. */
struct circumstances {
    struct slice device, channel, country, region, geohash; /* empty: not known */
    int32_t hour;                                           /* 0 to 23; below 0: not known */
    int32_t weekday;                                        /* 1 (Monday) to 7; 0: not known */
    int32_t group;                                          /* of days; 0: not told */
};

/* What an id names: an indicator. */
struct context_id {
    enum context_dimension dimension;
    struct slice value; /* empty: all of the dimension */
    int32_t group;      /* of days; 0: none is told */
};

/* Returns the group of the user's own day: the one of this weekday that is nearest to the time. */
int32_t context_group(int64_t time_ms, int32_t weekday);
/* Says whether a dimension is counted by groups of days: those from CONTEXT_DAY on are. */
bool context_is_grouped(enum context_dimension dimension);
/* Numbers the part of day or week that an id names: those of the day are the first. Below 0: it
 * names none. */
int32_t context_part(const struct context_id *id);
/* The other way: returns what names a part, on the days of a group. */
struct context_id context_of_part(int32_t part, int32_t group);

/* Writes the text of a context; an empty slice: nothing is known. */
struct slice context_text_write(const struct circumstances *from,
                                char into[static CONTEXT_TEXT_BYTES_MAX]);
/* Takes the next indicator off a text; false: there is none, or it is no text of a context. */
bool context_text_next(struct slice *text, struct slice *ret_indicator);
/* Says whether a text, which may be anybody's, is one of a context that is not empty. */
bool context_text_valid(struct slice text);

/* Reads an id, from which the value is borrowed; false: it is none of an indicator. */
bool context_id_read(struct slice id, struct context_id *ret_id);
/* Writes an id. */
struct slice context_id_write(const struct context_id *id,
                              char into[static CONTEXT_ID_BYTES_MAX]);
/* Writes an item as what was acted on in contexts; an empty slice: its id is too long. */
struct slice context_item_write(struct slice item, char into[static CONTEXT_ITEM_BYTES_MAX]);
/* Reads such an id; false: it is none. The item's id is borrowed from it. */
bool context_item_read(struct slice id, struct slice *ret_item);

/* The name of a dimension: device, channel, country, region, geohash, day, week. */
const char *context_dimension_name(enum context_dimension dimension);

#endif
